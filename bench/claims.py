"""What a claim costs the store, with one claimer and with many: `python -m bench.claims`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
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
from shared.store.jobs.jobs import JobStore, Limits
from shared.store.jobs.records import NewJob
from shared.store.jobs.slices import Claim, SliceQueue
from shared.store.needs import PLAIN
from shared.store.scripts import connect

_DAY_S = 24 * 3600
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
    args = parser.parse_args()
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


def _measure(settings: Settings, num_claimers: int, num_slices: int) -> Cost:
    server = subprocess.Popen(server_command(settings))
    try:
        while not is_up(settings):
            time.sleep(0.02)
        _fill(JobStore(connect(settings.store_url), Limits(num_slices, num_slices)), num_slices)
        client = connect(settings.store_url)
        client.config_resetstat()
        claimed = _claim_all(settings, num_claimers)
        script = client.info("commandstats")["cmdstat_evalsha"]
        if claimed != num_slices:
            raise RuntimeError(f"{claimed} of {num_slices} slices were claimed")
        return Cost(script["calls"] / claimed, script["usec"] / 1000 / claimed)
    finally:
        server.terminate()
        server.wait(60)


def _fill(jobs: JobStore, num_slices: int) -> None:
    for number in range(num_slices):
        document = Document(media_type="image/png", size=1, sha256="00")
        tenant = f"tenant-{number % 10}"
        jobs.add(NewJob(new_id("job"), tenant, document, Options(), _DAY_S, _DAY_S, _DAY_S))


def _claim_all(settings: Settings, num_claimers: int) -> int:
    """Claim as workers do, one slice for each message; answer how many there were."""
    claimed = [0] * num_claimers

    def claim(number: int) -> None:
        client: Any = connect(settings.store_url)
        slices = SliceQueue(client, f"claimer-{number}", 60)
        while client.brpop(keys.wakeups(PLAIN), timeout=1):
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
