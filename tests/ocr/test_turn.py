"""Pages of a process share the host: one is worked on, those that wait for the device are not."""

from __future__ import annotations

import threading

import pytest

from worker.ocr import turn as turns
from worker.ocr.turn import Host


def test_a_page_is_worked_on_while_another_waits_for_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", 60)  # whatever else the machine does
    host, steps = Host(), []
    is_away, is_back = threading.Event(), threading.Event()

    def wait_for_the_device() -> None:
        with host.turn() as turn:
            steps.append("first")
            with turn.away():
                is_away.set()
                assert is_back.wait(20)
            steps.append("first again")

    page = threading.Thread(target=wait_for_the_device)
    page.start()
    assert is_away.wait(20)
    with host.turn():
        steps.append("second")
        is_back.set()
        # Nothing of the first one is done until the second one is.
        page.join(0.05)
        assert steps == ["first", "second"]
    page.join(20)
    assert steps == ["first", "second", "first again"]


def test_a_page_that_takes_long_keeps_no_other_from_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", 0.01)
    host = Host()
    with host.turn():
        others = [threading.Thread(target=lambda: host.turn().__enter__()) for _ in range(3)]
        for other in others:
            other.start()
        for other in others:
            other.join(20)
            assert not other.is_alive()
    with host.turn() as turn:  # which none of them has given back twice
        assert turn._has_it


def test_who_failed_has_given_the_turn_back() -> None:
    host = Host()
    with pytest.raises(KeyError), host.turn() as turn, turn.away():
        raise KeyError
    assert host._free.acquire(blocking=False)
