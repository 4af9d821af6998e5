"""Pages of a process share the host: one is worked on, those that wait for the device are not."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import torch

from worker.ocr import turn as turns
from worker.ocr.networks import inference
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.device import pick
from worker.ocr.networks.inference import Key, Networks
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.recognition.lines import Picture
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


class _Window:
    """What the classifier is to see of a line; it tells when it was made."""

    shape = 48, 192

    def __init__(self) -> None:
        self.is_made = threading.Event()

    def shown(self) -> Picture:
        self.is_made.set()
        return np.zeros((*self.shape, 3), np.uint8)

    def recipe(self) -> None:
        return None


def test_what_a_network_sees_is_made_while_no_page_is_at_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference, "DEVICE_PATIENCE_S", 60)
    device = pick("cpu", torch.float32)
    networks = Networks(Detector(), OrientationClassifier(), Recognizer(2), device)
    window = _Window()
    runs = threading.Thread(target=networks.run, args=(Key("classify", *window.shape), [window]))
    with networks.host.turn() as turn:
        runs.start()
        assert not window.is_made.wait(0.1)
        with turn.away():
            assert window.is_made.wait(20)
            runs.join(20)
    assert not runs.is_alive()


@pytest.mark.parametrize(("num_cores", "num_turns"), [(2, 1), (4, 1), (16, 4)])
def test_many_cores_have_more_turns(num_cores: int, num_turns: int) -> None:
    device = replace(pick("cpu", torch.float32), num_streams=num_cores)
    host = Networks(Detector(), OrientationClassifier(), Recognizer(2), device).host
    with ExitStack() as entered:
        turns = [entered.enter_context(host.turn(patience_s=0)) for _ in range(num_turns + 1)]
        assert [turn._has_it for turn in turns] == [True] * num_turns + [False]
