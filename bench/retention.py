"""How fast jobs are erased that are past their time: `python -m bench.retention [--jobs N]`.

A job goes in three stages: its document, its result, its tombstone. The store is the embedded one
(`appendfsync always`), the files are those of a page.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from keeper.keeper import make_keeper
from keeper.retention import Retention
from shared.blobs import INPUT, open_blobs
from shared.ids import new_id
from shared.jobs import Document
from shared.options import Options
from shared.running.embedded import running
from shared.settings import Settings
from shared.store import keys
from shared.store.batches.upkeep import BatchUpkeep
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.jobs.upkeep import Upkeep
from shared.store.scripts import Client, connect

_TENANT = "acme"
_FILES = {INPUT: 100_000, "page-1.0.1.json": 8_000, "page-1.0.1.jpg": 30_000}
_HOUR_S, _DAY_S = 3600, 24 * 3600
_AT_ONCE = 1000


def main() -> None:
    """Make jobs that have ended, let their time be over, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.retention", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--orphans", type=int, default=0, help="folders of no job, to be swept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        settings = Settings(data_dir=Path(folder) / "data")
        with running(settings, "bench.retention"):
            client = connect(settings.store_url)
            _make(settings, client, arguments.jobs)
            _measure(settings, client, arguments.jobs, arguments.orphans)


def _make(settings: Settings, client: Client, num_jobs: int) -> None:
    jobs = JobStore(client, Limits(1 << 31, 1 << 31))
    blobs = open_blobs(settings)
    blobs.identify("bench")
    made = []
    for _ in range(num_jobs):
        document = Document(name="a.png", media_type="image/png", size=3, sha256="00")
        new = NewJob(
            new_id("job"), _TENANT, document, Options(), _HOUR_S, _DAY_S, 2 * _DAY_S, event_id=None
        )
        made.append(jobs.create(new).id)
        for name, size in _FILES.items():
            blobs.put_passing(_TENANT, new.id, name, bytes(size))
    for start in range(0, num_jobs, _AT_ONCE):
        BatchUpkeep(client).cancel_jobs(made[start : start + _AT_ONCE])


def _measure(settings: Settings, client: Client, num_jobs: int, num_orphans: int) -> None:
    retention = make_keeper(settings).retention
    now, total_s = round(time.time() * 1000), 0.0
    stages: list[tuple[str, int, Callable[[], bool]]] = [
        ("documents", 2 * _HOUR_S, retention.expire),
        ("results", 2 * _DAY_S, retention.expire),
        ("what may be left", 2 * _DAY_S + 120, retention.erase_left),
        ("tombstones", 5 * _DAY_S, retention.expire),
    ]
    print(f"{num_jobs} jobs, {len(_FILES)} files each")
    for name, later_s, step in stages:
        retention.upkeep = Upkeep(client, 3, lambda later=later_s: now + later * 1000)  # type: ignore[misc]
        seconds = _timed(step)
        total_s += seconds
        print(f"{name:18}{num_jobs / seconds:9.0f}/s")
    print(
        f"all of a job      {num_jobs / total_s:9.0f}/s, {86_400 * num_jobs / total_s:,.0f} a day"
    )
    left = client.zcard(keys.RETENTION) + client.zcard(keys.ERASED)
    assert not left and not list((settings.data_dir / "blobs" / "jobs").glob("*/*/*"))
    if num_orphans:
        _sweep(settings, retention, num_orphans)


def _sweep(settings: Settings, retention: Retention, num_orphans: int) -> None:
    folder = settings.data_dir / "blobs" / "jobs" / _TENANT
    for _ in range(num_orphans):
        job_id = new_id("job")
        own = folder / job_id[4:6].lower() / job_id
        own.mkdir(parents=True)
    retention.orphan_age_s = -60
    print(f"{num_orphans} folders swept at {num_orphans / _timed(retention.sweep):.0f}/s")


def _timed(step: Callable[[], bool]) -> float:
    began = time.perf_counter()
    while step():
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
