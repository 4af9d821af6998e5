"""Stories of the batcher: what happens when a line, the memory or the device fails."""

from __future__ import annotations

import pytest

from tests.ocr.batching import PIXELS, Device, submit
from worker.ocr.batcher import Batcher, DeviceLost, DeviceOutOfMemory


def test_a_bad_line_fails_alone(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: ValueError("bad") if "c" in payloads else None
    answers = [submit(batcher, "w320", [line], job=line) for line in "abcd"]
    device.is_free.set()
    with pytest.raises(ValueError, match="bad"):
        answers[2].result(10)
    assert [answers[index].result(10) for index in (0, 1, 3)] == [["A"], ["B"], ["D"]]


def test_where_one_line_fails_the_others_of_its_call_are_not_run(
    batcher: Batcher, device: Device
) -> None:
    device.fails = lambda payloads: ValueError("bad") if "a" in payloads else None
    answer = submit(batcher, "w320", list("abcdefgh"), job="ours")
    device.is_free.set()
    with pytest.raises(ValueError, match="bad"):
        answer.result(10)
    assert submit(batcher, "w320", ["x"], job="ours").result(10) == ["X"]
    assert [payloads for _, payloads in device.batches[1:]] == [
        ["a", "b", "c", "d"],
        ["a", "b"],
        ["a"],
        ["x"],
    ]


def test_a_network_that_answers_too_little_fails_what_it_was_asked_alone() -> None:
    batcher = Batcher(lambda _, payloads: payloads[1:], budget=4 * PIXELS)
    try:
        for _ in range(2):  # the thread is there for the next one, too
            with pytest.raises(ValueError):
                submit(batcher, "w320", ["a"], job="ours").result(10)
    finally:
        batcher.close()


def test_out_of_memory_halves_the_batch_and_those_to_come(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: DeviceOutOfMemory() if len(payloads) > 2 else None
    answer = submit(batcher, "w320", list("abcdef"), job="ours")
    device.is_free.set()
    assert answer.result(10) == list("ABCDEF")
    assert [len(payloads) for _, payloads in device.batches[1:]] == [4, 2, 2, 2]


def test_once_there_was_room_for_long_larger_batches_are_tried_again(
    batcher: Batcher, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ocr.batcher._CALM", 5)
    device.fails = lambda payloads: DeviceOutOfMemory() if len(payloads) > 2 else None
    device.is_free.set()
    submit(batcher, "w320", list("abcdef"), job="ours").result(10)
    device.fails = lambda _: None
    submit(batcher, "w320", list("ghijklmnopqrst"), job="ours").result(10)
    sizes = [len(payloads) for _, payloads in device.batches[1:]]
    assert sizes == [4, 2, 2, 2, 2, 2, 4, 4, 2]
    assert batcher.budget == 4 * PIXELS


def test_one_line_that_does_not_fit_the_memory_fails(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: DeviceOutOfMemory() if "b" in payloads else None
    fits, does_not = (submit(batcher, "w320", [line], job=line) for line in "ab")
    device.is_free.set()
    assert fits.result(10) == ["A"]
    with pytest.raises(DeviceOutOfMemory):
        does_not.result(10)


def test_a_lost_device_fails_all_that_waits_and_all_that_comes(
    batcher: Batcher, device: Device
) -> None:
    device.fails = lambda _: DeviceLost("gone")
    running = submit(batcher, "w320", ["a"], job="ours")
    waiting = submit(batcher, "w640", ["b"], job="ours")
    device.is_free.set()
    for answer in (running, waiting):
        with pytest.raises(DeviceLost):
            answer.result(10)
    with pytest.raises(DeviceLost):
        submit(batcher, "w320", ["c"], job="ours")
