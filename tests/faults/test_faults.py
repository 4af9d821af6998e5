"""Whatever is killed, stopped, cut or full: every accepted job ends, once, with the right text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.schedule import Report, make_schedule, run_schedule
from tests.faults.world import running_world

# Among these six are a page that kills, one that hangs, and faults of nine kinds.
SEED = int(os.environ.get("DOCCHU_TEST_SEED", "1006"))
NUM_SCHEDULES = int(os.environ.get("DOCCHU_TEST_SCHEDULES", "6"))


@pytest.mark.timeout(600)
def test_no_fault_loses_a_job_or_changes_its_text(tmp_path: Path) -> None:
    report = Report()
    with running_world(tmp_path) as world:
        for seed in range(SEED, SEED + NUM_SCHEDULES):
            run_schedule(world, make_schedule(seed), report)
    assert report.violations == [], f"replay: python -m tests.faults --seed {SEED} --schedules 6"
    assert report.accepted >= 9 * NUM_SCHEDULES
    assert report.faults.total() >= 2 * NUM_SCHEDULES
