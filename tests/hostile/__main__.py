"""`python -m tests.hostile [--minutes N]`: what an attacked service is like for others."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import Counter

from tests.hostile.attacks import Plan
from tests.hostile.runs import COLUMNS, Report, TookS, run

_PARTS = {
    "calm": 0.1,
    "crowd": 0.15,
    "documents": 0.25,
    "addresses": 0.1,
    "metadata": 0.05,
    "generated": 0.1,
    "all at once": 0.25,
}
_CROWD = {
    "idle": 2000,
    "half_head": 500,
    "stalled_body": 200,
    "deaf_reader": 100,
    "long_poll": 500,
    "event_stream": 200,
}
_HEAVY_PAGES = 200
_LATE = 0.95


def main() -> None:
    """Attack, print the figures, and exit with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of the attacks and the calm")
    minutes = parser.parse_args().minutes
    began, load = time.monotonic(), os.getloadavg()[0]
    seconds = {load: part * 60 * minutes for load, part in _PARTS.items()}
    print("seconds, p50 / p95 of how many\n")
    print(f"| load | {' | '.join(COLUMNS)} |")
    print(f"|---|{'---|' * len(COLUMNS)}", flush=True)
    report = run(Plan(seconds, _CROWD, _HEAVY_PAGES), _show)
    _print(report)
    print(
        f"\n{time.monotonic() - began:.0f} s on {os.cpu_count()} cores, load of the machine "
        f"{load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    sys.exit(1 if report.faults else 0)


def _show(load: str, took_s: TookS) -> None:
    print(f"| {load} | {' | '.join(_figures(took_s, name) for name in COLUMNS)} |", flush=True)


def _print(report: Report) -> None:
    print(f"\naccepted jobs: {report.num_accepted}, all ended unless a fault says so")
    print(f"programs that were started again: {', '.join(report.restarted) or 'none'}")
    print(f"faults: {len(report.faults)}")
    for fault, number in Counter(report.faults).most_common():
        print(f"  {number} x {fault}")


def _figures(took_s: TookS, name: str) -> str:
    found = sorted(took_s.get(name, []))
    if not found:
        return ""
    late = found[min(int(_LATE * len(found)), len(found) - 1)]
    return f"{statistics.median(found):.3f} / {late:.3f} of {len(found)}"


if __name__ == "__main__":
    main()
