"""Whatever is killed, stopped, cut or full: every accepted job ends, once, with the right text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.schedule import Report, make_schedule, run_schedule
from tests.faults.stores import ORDINARY, Footing
from tests.faults.world import running_world

# Among these six are a page that kills, one that hangs, and faults of nine kinds.
SEED = int(os.environ.get("DOCCHU_TEST_SEED", "1006"))
NUM_SCHEDULES = int(os.environ.get("DOCCHU_TEST_SCHEDULES", "6"))


@pytest.mark.timeout(600)
def test_no_fault_loses_a_job_or_changes_its_text(tmp_path: Path) -> None:
    report = happened(tmp_path, NUM_SCHEDULES)
    assert report.violations == [], f"replay: python -m tests.faults --seed {SEED} --schedules 6"


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_nor_does_one_of_an_object_store(tmp_path: Path) -> None:
    report = happened(tmp_path, 2, Footing(objects=True))
    assert report.violations == [], f"replay: python -m tests.faults --objects --seed {SEED}"
    assert any(kind.startswith("objects ") for kind in report.faults)


@pytest.mark.acceptance
@pytest.mark.timeout(900)
def test_nor_does_one_of_a_store_that_sentinel_watches(tmp_path: Path) -> None:
    report = happened(tmp_path, 2, Footing(sentinel=True))
    assert report.violations == [], f"replay: python -m tests.faults --sentinel --seed {SEED}"
    assert any(kind.startswith(("primary ", "replica ")) for kind in report.faults)


def happened(folder: Path, num_schedules: int, footing: Footing = ORDINARY) -> Report:
    """What some schedules came to, in which enough was done."""
    report = Report()
    with running_world(folder, footing) as world:
        for seed in range(SEED, SEED + num_schedules):
            run_schedule(world, make_schedule(seed, footing), report)
    # Of an API that is killed, callers with a key hear for a while that it is at their document.
    assert report.accepted >= 8 * num_schedules
    assert report.faults.total() >= 2 * num_schedules
    return report
