"""`python -m tests.faults [--seed N] [--schedules N]`: the same seed, the same schedules.

On a tenth of the seeds schedules run in an object store, too, and on a store that Sentinel watches;
with --objects or --sentinel all do, and no others.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from pathlib import Path

from tests.faults.schedule import Report, make_schedule, run_schedule
from tests.faults.stores import ORDINARY, Footing
from tests.faults.table import table
from tests.faults.world import World, running_world

_MAX_WORLDS = 10  # a service that does not even start is not tried for ever
_HANG_S = 900  # for one schedule; most take under 20 s


def main() -> None:
    """Run the schedules and say what was done and what is wrong; exit with 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first")
    parser.add_argument("--schedules", type=int, default=210)
    parser.add_argument("--objects", action="store_true", help="blobs in an object store")
    parser.add_argument("--sentinel", action="store_true", help="a store that Sentinel watches")
    arguments = parser.parse_args()
    footing, number = Footing(arguments.objects, arguments.sentinel), arguments.schedules
    numbers = {footing: number}
    if footing == ORDINARY:
        numbers |= {Footing(objects=True): number // 10, Footing(sentinel=True): number // 10}
    report, restarts = Report(), Counter[str]()
    folder = Path(tempfile.mkdtemp(prefix="docchu-faults-"))
    began = time.monotonic()
    all_done = True
    try:
        for footing, number in numbers.items():
            seeds = deque(range(arguments.seed, arguments.seed + number))
            for world in range(_MAX_WORLDS):
                if seeds:
                    _run(seeds, folder / f"{footing.name}-{world}", report, restarts, footing)
            all_done &= not seeds
    finally:  # of a run that was interrupted, too
        print_report(report, arguments.seed, restarts, time.monotonic() - began)
    if report.violations or not all_done:
        print(f"what the processes said: {folder}/*/log")
        sys.exit(1)
    shutil.rmtree(folder)


def _run(
    seeds: deque[int], folder: Path, report: Report, restarts: Counter[str], footing: Footing
) -> None:
    """Run schedules in a world of their own until all are done, or one breaks off."""
    seed = seeds[0]
    try:
        with running_world(folder, footing) as world:
            try:
                while seeds:
                    seed = seeds.popleft()
                    _run_one(world, seed, report, footing)
            finally:
                restarts += world.restarts
    except Exception as error:
        # A boundary: a schedule that the suite itself does not survive is a violation, too, but
        # it must not end a run of hours. The world may be in any state, so the next has its own.
        traceback.print_exc()
        report.violations.append(f"seed {seed}: the suite broke off: {error!r}")
        print(f"  VIOLATION {report.violations[-1]}", flush=True)


def _run_one(world: World, seed: int, report: Report, footing: Footing) -> None:
    before, started = len(report.violations), time.monotonic()
    schedule = make_schedule(seed, footing)
    kinds = ", ".join(fault.kind for fault in schedule.faults)
    print(f"{footing.name}, seed {seed}: {kinds}", flush=True)
    faulthandler.dump_traceback_later(_HANG_S, exit=True)
    run_schedule(world, schedule, report)
    faulthandler.cancel_dump_traceback_later()
    print(f"  {time.monotonic() - started:.1f} s, {report.jobs} jobs so far", flush=True)
    for violation in report.violations[before:]:
        print(f"  VIOLATION {violation}", flush=True)


def print_report(report: Report, seed: int, restarts: dict[str, int], took_s: float) -> None:
    """Write the figures."""
    print(f"\nseed {seed}, {report.schedules} schedules in {took_s:.0f} s")
    print(f"jobs {report.jobs}, of which {report.accepted} got a 202: {dict(report.ends)}")
    print(f"attempts: {dict(report.attempts)}")
    print(f"restarts: {restarts}")
    print(f"faults: {report.faults.total()}")
    for kind, count in sorted(report.faults.items()):
        print(f"  {count:5}  {kind}")
    print(f"violations: {len(report.violations)}\n\n{table(report.faults)}")


if __name__ == "__main__":
    main()
