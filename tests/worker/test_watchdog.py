"""The watchdog ends a worker that hears nothing, stands still or has grown; and no other."""

from __future__ import annotations

from dataclasses import replace

from worker.watchdog import Health, Thresholds, next_waiting_since, verdict

PATIENCE = Thresholds(deaf_s=60, stall_s=300, max_rss_bytes=1000)
WELL = Health(rang_at=100, num_reading=0, oldest_progress_at=None, num_ready=0, rss_bytes=10)


def test_an_idle_worker_is_well_as_long_as_nothing_waits() -> None:
    assert verdict(WELL, PATIENCE, now=10_000) is None


def test_a_worker_that_hears_nothing_while_work_waits_is_deaf() -> None:
    waiting = replace(WELL, num_ready=1, waiting_since=50)
    assert verdict(waiting, PATIENCE, now=159) is None
    assert verdict(waiting, PATIENCE, now=161) == "deaf"


def test_work_that_has_just_come_finds_a_worker_well_that_had_none_for_long() -> None:
    since = None
    for now, num_ready in ((1000, 0), (1005, 3), (1010, 0), (1015, 1), (1020, 2)):
        since = next_waiting_since(since, num_ready, now)
        assert (
            verdict(replace(WELL, num_ready=num_ready, waiting_since=since), PATIENCE, now) is None
        )
    assert since == 1015
    assert verdict(replace(WELL, num_ready=2, waiting_since=since), PATIENCE, 1076) == "deaf"


def test_a_busy_worker_is_not_deaf() -> None:
    busy = replace(WELL, num_ready=9, waiting_since=101, num_reading=1, oldest_progress_at=150)
    assert verdict(busy, PATIENCE, now=400) is None


def test_a_page_that_takes_for_ever_stalls_its_worker() -> None:
    stalled = replace(WELL, num_reading=1, oldest_progress_at=100)
    assert verdict(stalled, PATIENCE, now=401) == "stalled"


def test_a_worker_that_has_grown_too_large_is_renewed() -> None:
    assert verdict(replace(WELL, rss_bytes=1001), PATIENCE, now=101) == "grown"
