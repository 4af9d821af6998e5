"""How many small jobs a second go through everything but the reader: `python -m bench.jobs`."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
from PIL import Image

from bench.contestants import num_cores
from bench.crew import NULL_WORKER, SILENT_CANARY, running_crew
from keeper.keeper import make_keeper
from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.jobs.upkeep import Upkeep
from shared.store.lists import everything
from shared.store.scripts import connect

_CALLERS = 16
_YEAR_MS = 365 * 24 * 3600 * 1000


def main() -> None:
    """Send the jobs, wait for the last one, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.jobs", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    num_jobs: int = parser.parse_args().jobs
    with (
        tempfile.TemporaryDirectory() as folder,
        running_crew(Path(folder), NULL_WORKER, **SILENT_CANARY) as crew,
    ):
        settings, programs = crew.settings, crew.processes()
        client = connect(settings.store_url)
        empty = _used_bytes(client)
        cpu_before = {name: _cpu_s(process) for name, process in programs.items()}
        began, own_before_s = time.perf_counter(), time.process_time()
        sent_s = _send(settings, num_jobs)
        crew.wait_until(
            lambda: not client.hget(keys.BACKLOG, DEFAULT_TENANT),
            "jobs do not end",
            60 + num_jobs / 5,
        )
        took_s, own_s = time.perf_counter() - began, time.process_time() - own_before_s
        cpu = {name: _cpu_s(process) - cpu_before[name] for name, process in programs.items()}
        ends = _ends(client)
        full = _used_bytes(client)
        expiry_s = _expire(settings, client)
        after = _used_bytes(client)
    print(f"{num_jobs} jobs of one page, {num_cores()} cores, {_CALLERS} callers")
    print(f"sent {num_jobs / sent_s:.0f}/s, sent and done {num_jobs / took_s:.0f}/s; ends: {ends}")
    spent = ", ".join(f"{name} {1000 * s / num_jobs:.2f}" for name, s in cpu.items())
    print(f"ms of processor time a job: {spent}, callers {1000 * own_s / num_jobs:.2f}")
    print(f"store memory a finished job: {(full - empty) / num_jobs:.0f} bytes")
    print(
        f"after retention: {after - empty:+d} bytes in all ({expiry_s:.0f} s for {num_jobs} jobs)"
    )
    if ends != {"succeeded": num_jobs}:
        sys.exit("jobs were lost or failed")


def _send(settings: Settings, num_jobs: int) -> float:
    file = io.BytesIO()
    Image.new("L", (64, 32), 255).save(file, "PNG")
    data = file.getvalue()

    def post(number: int) -> None:
        answer = http.post("/v1/jobs", content=data, headers={"Content-Type": "image/png"})
        if answer.status_code != 202:
            raise RuntimeError(f"{answer.status_code}: {answer.text}")

    began = time.perf_counter()
    limits = httpx.Limits(max_keepalive_connections=_CALLERS)
    url = f"http://{settings.binds[0]}"
    with (
        httpx.Client(base_url=url, limits=limits, timeout=60) as http,
        ThreadPoolExecutor(_CALLERS) as pool,
    ):
        for _ in pool.map(post, range(num_jobs)):
            pass
    return time.perf_counter() - began


def _ends(client: Any) -> dict[str, int]:
    ids = everything(client, keys.parts(f"jobs:{DEFAULT_TENANT}", Status))
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hget(keys.job(job_id), "status")
        return dict(Counter(pipe.execute()))


def _expire(settings: Settings, client: Any) -> float:
    """Let the time of everything be over."""
    began = time.perf_counter()
    retention = make_keeper(settings).retention
    now = round(time.time() * 1000)
    for later in (now + _YEAR_MS, now + 2 * _YEAR_MS):
        retention.upkeep = Upkeep(client, settings.max_crashes, lambda later=later: later)
        while retention.upkeep.due(1):
            retention.expire()
        while retention.upkeep.erased(1):
            retention.erase_left()
    return time.perf_counter() - began


def _used_bytes(client: Any) -> int:
    client.memory_purge()
    return int(client.info("memory")["used_memory_dataset"])


def _cpu_s(process: psutil.Process) -> float:
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(t.user + t.system for t in times)


if __name__ == "__main__":
    main()
