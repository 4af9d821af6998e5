"""A short form of `make hostile`: small attacks, of which nobody else loses anything."""

from __future__ import annotations

import pytest

from tests.hostile.attacks import Plan
from tests.hostile.runs import COLUMNS, run

ALL = "all at once"
CROWD = {
    "idle": 100,
    "half_head": 50,
    "stalled_body": 30,
    "keyless_body": 5,
    "deaf_reader": 20,
    "long_poll": 50,
    "event_stream": 20,
}


@pytest.mark.timeout(600)
def test_whatever_is_sent_nothing_accepted_is_lost_and_nobody_goes_without_an_answer() -> None:
    report = run(Plan({ALL: 15}, CROWD, heavy_pages=4, fetch_timeout_s=2))
    assert report.faults == [] and report.restarted == []
    under_all = report.took_s[ALL]
    assert all(under_all[name] for name in COLUMNS)
