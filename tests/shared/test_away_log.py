"""That the store is away is told once a minute, whatever comes upon it, and each reason at once."""

from __future__ import annotations

from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.log import AwayLog


def away(why: str) -> Unavailable:
    error = Unavailable()
    error.__cause__ = ConnectionError(why)
    return error


def test_each_reason_is_told_once_a_minute() -> None:
    now = [0.0]
    log = AwayLog(lambda: now[0])
    with capture_logs() as told:
        for tenths in range(1200):
            now[0] = tenths / 10
            log.tell(away("refused" if tenths else "no replica"), step="recover")
    assert [entry["reason"].partition("(")[2] for entry in told] == [
        "no replica)",
        "refused)",
        "refused)",
    ]
    assert {entry["step"] for entry in told} == {"recover"}


def test_reasons_that_are_all_different_fill_no_memory() -> None:
    log = AwayLog(lambda: 0.0)
    with capture_logs() as told:
        for port in range(1000):
            log.tell(away(f"refused at {port}"))
    assert len(told) == 1000 and len(log._told_at) <= 100
