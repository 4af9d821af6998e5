"""`python -m tests.faults [--seed N] [--schedules N]`: the same seed, the same schedules."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.schedule import Report, make_schedule, run_schedule
from tests.faults.table import table
from tests.faults.world import running_world


def main() -> None:
    """Run the schedules and say what was done and what is wrong; exit with 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first")
    parser.add_argument("--schedules", type=int, default=200)
    arguments = parser.parse_args()
    report = Report()
    folder = Path(tempfile.mkdtemp(prefix="docchu-faults-"))
    began = time.monotonic()
    with running_world(folder) as world:
        for seed in range(arguments.seed, arguments.seed + arguments.schedules):
            before, started = len(report.violations), time.monotonic()
            schedule = make_schedule(seed)
            run_schedule(world, schedule, report)
            kinds = ", ".join(fault.kind for fault in schedule.faults)
            took_s = time.monotonic() - started
            print(f"seed {seed}: {took_s:.1f} s, {report.jobs} jobs so far; {kinds}", flush=True)
            for violation in report.violations[before:]:
                print(f"  VIOLATION {violation}", flush=True)
        restarts = dict(world.restarts)
    print_report(report, arguments.seed, restarts, time.monotonic() - began)
    if report.violations:
        print(f"what the processes said: {world.log}")
        sys.exit(1)
    shutil.rmtree(folder)


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
