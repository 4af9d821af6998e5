"""What a claim costs the store, with one claimer and with many: `python -m bench.claims`.

`--waiting N` looks at what costs more where N jobs wait: a server of its own is filled with them.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from bench.contestants import num_cores
from shared.ids import new_id
from shared.jobs import Document
from shared.options import Options
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.jobs.slices import Claim, SliceQueue
from shared.store.needs import PLAIN
from shared.store.scripts import connect

_DAY_S = 24 * 3600
_AT_ONCE = 500
_STEPS = 500
_CLAIMS = 5000  # beside jobs that wait
_TRIES = 1.1  # for a claim, at most
_TIMES = 2  # the server time of a claim with one claimer, at most


@dataclass(frozen=True)
class Cost:
    """Of one claim: how often the store was asked, and its own milliseconds."""

    tries: float
    server_ms: float


def main() -> None:
    """Let one claim, then many, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.claims", description=__doc__)
    parser.add_argument("--claimers", type=int, default=400)
    parser.add_argument("--slices", type=int, default=4000)
    parser.add_argument("--waiting", type=int, default=0, help="jobs that wait meanwhile")
    args = parser.parse_args()
    if args.waiting:
        with tempfile.TemporaryDirectory() as folder:
            _beside_many(Settings(data_dir=Path(folder)), args.waiting, args.claimers)
        return
    costs = []
    print(f"{args.slices} slices that wait, {num_cores()} cores")
    for claimers in (1, args.claimers):
        with tempfile.TemporaryDirectory() as folder:
            cost = _measure(Settings(data_dir=Path(folder)), claimers, args.slices)
        costs.append(cost)
        print(f"{claimers} claimers: {cost.tries:.2f} tries, {cost.server_ms:.3f} ms of the server")
    one, many = costs
    if many.tries > _TRIES or many.server_ms > _TIMES * one.server_ms:
        sys.exit("a claim costs more than it may")


@contextmanager
def _served(settings: Settings) -> Iterator[Any]:
    server = subprocess.Popen(server_command(settings))
    try:
        while not is_up(settings):
            time.sleep(0.02)
        yield connect(settings.store_url)
    finally:
        server.terminate()
        server.wait(60)


def _beside_many(settings: Settings, num: int, num_claimers: int) -> None:
    """The same steps with nothing that waits, and with much."""
    with _served(settings) as client:
        client.config_set("appendonly", "no")  # the disk is not what is measured
        print(f"{num_cores()} cores; ms of the server for a step, and until it was answered")
        empty = _steps(client, settings)
        before, began = client.info("memory")["used_memory"], time.perf_counter()
        _fill(client, num)
        size = (client.info("memory")["used_memory"] - before) / num
        took_s = time.perf_counter() - began
        print(f"{num} jobs wait: {size:.0f} bytes each; taken in at {num / took_s:.0f}/s")
        full = _steps(client, settings)
        for name, (server_ms, wall_ms) in full.items():
            was_server, was_wall = empty[name]
            times = server_ms / was_server
            print(
                f"{name}: empty {was_server:.3f} and {was_wall:.2f}, with them "
                f"{server_ms:.3f} and {wall_ms:.2f}: {times:.2f} times the server's"
            )
        client.config_resetstat()
        began = time.perf_counter()
        claimed = _claim_all(settings, num_claimers, _CLAIMS)
        took_s = time.perf_counter() - began
        print(f"{num_claimers} claimers: {claimed / took_s:.0f} claims/s")


def _steps(client: Any, settings: Settings) -> dict[str, tuple[float, float]]:
    """Of each step the server's milliseconds, and those until its answer (p50)."""
    jobs, worker = JobStore(client, Limits(1 << 40, 1 << 40)), SliceQueue(client, "bench", 60)
    ids: list[str] = []

    def submit() -> None:
        ids.append(jobs.add(_new_job(0)))

    def claim() -> None:
        if not isinstance(worker.claim(), Claim):
            raise RuntimeError("nothing waits")

    def listed() -> None:
        jobs.newest("tenant-0", status=None, limit=20, cursor=None)

    steps: dict[str, Callable[[], object]] = {
        "submit": submit,
        "poll": lambda: jobs.get("tenant-0", ids[-1]),
        "list": listed,
        "claim": claim,
    }
    return {name: _timed(client, step) for name, step in steps.items()}


def _timed(client: Any, step: Callable[[], object]) -> tuple[float, float]:
    client.config_resetstat()
    took = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        step()
        took.append(1000 * (time.perf_counter() - began))
    stats = client.info("commandstats")
    # Commands of scripts are counted twice: alone, and in their script.
    kinds = {name: one["usec"] for name, one in stats.items() if "config" not in name}
    usec = kinds.get("cmdstat_evalsha") or sum(kinds.values())
    return usec / 1000 / _STEPS, statistics.median(took)


def _measure(settings: Settings, num_claimers: int, num_slices: int) -> Cost:
    with _served(settings) as client:
        _fill(client, num_slices)
        client.config_resetstat()
        claimed = _claim_all(settings, num_claimers)
        script = client.info("commandstats")["cmdstat_evalsha"]
        if claimed != num_slices:
            raise RuntimeError(f"{claimed} of {num_slices} slices were claimed")
        return Cost(script["calls"] / claimed, script["usec"] / 1000 / claimed)


def _fill(client: Any, num: int) -> None:
    """Take jobs in as the API does, many in one round trip."""
    for start in range(0, num, _AT_ONCE):
        with client.pipeline(transaction=False) as pipe:
            jobs = JobStore(pipe, Limits(1 << 40, 1 << 40))
            for number in range(start, min(start + _AT_ONCE, num)):
                jobs.add(_new_job(number))
            if any(isinstance(answer, str) for answer in pipe.execute()):  # a refusal
                raise RuntimeError("not every job was taken")


def _new_job(number: int) -> NewJob:
    document = Document(media_type="image/png", size=1, sha256="00")
    kept = (_DAY_S, _DAY_S, _DAY_S)
    return NewJob(new_id("job"), f"tenant-{number % 10}", document, Options(), *kept)


def _claim_all(settings: Settings, num_claimers: int, most: int = sys.maxsize) -> int:
    """Claim as workers do, one slice for each message; answer how many there were."""
    claimed = [0] * num_claimers

    def claim(number: int) -> None:
        client: Any = connect(settings.store_url)
        slices = SliceQueue(client, f"claimer-{number}", 60)
        while sum(claimed) < most and client.brpop(keys.wakeups(PLAIN), timeout=1):
            claimed[number] += isinstance(slices.claim(), Claim)
        client.close()

    threads = [Thread(target=claim, args=(number,)) for number in range(num_claimers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(claimed)


if __name__ == "__main__":
    main()
