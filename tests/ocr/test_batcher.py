"""Stories of the batcher: who shares a batch, who is next, and what happens when one fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

import pytest

from worker.ocr.batcher import (
    Answer,
    Batcher,
    BatcherClosed,
    DeviceLost,
    DeviceOutOfMemory,
    Group,
)

PIXELS = 100


class Device:
    """Runs batches when it is let, and remembers them."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.is_free = threading.Event()
        self.is_busy = threading.Event()
        self.fails: Callable[[Sequence[str]], Exception | None] = lambda _: None

    def run(self, key: str, payloads: Sequence[str]) -> list[str]:
        self.is_busy.set()
        assert self.is_free.wait(10)
        self.batches.append((key, list(payloads)))
        if (error := self.fails(payloads)) is not None:
            raise error
        return [payload.upper() for payload in payloads]


def submit(batcher: Batcher, key: str, given: Sequence[str], **named: Any) -> Answer:
    pixels = named.pop("pixels", PIXELS)
    return batcher.submit([Group(key, given, pixels)], **named)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def batcher(device: Device) -> Iterator[Batcher]:
    """A batcher for four items a batch, whose device is busy with one already."""
    batcher = Batcher(device.run, budget=4 * PIXELS)
    submit(batcher, "first", ["-"], job="first")
    assert device.is_busy.wait(10)
    yield batcher
    device.is_free.set()
    batcher.close()


def test_what_waits_of_all_jobs_shares_a_batch(batcher: Batcher, device: Device) -> None:
    ours = submit(batcher, "w320", ["a", "b"], job="ours")
    theirs = submit(batcher, "w320", ["c"], job="theirs")
    device.is_free.set()
    assert ours.result(10) + theirs.result(10) == ["A", "B", "C"]
    assert [sorted(payloads) for _, payloads in device.batches[1:]] == [["a", "b", "c"]]


def test_lines_of_other_widths_go_apart(batcher: Batcher, device: Device) -> None:
    narrow = submit(batcher, "w320", ["a"], job="ours")
    wide = submit(batcher, "w640", ["b"], job="ours")
    device.is_free.set()
    assert narrow.result(10) + wide.result(10) == ["A", "B"]
    assert device.batches[1:] == [("w320", ["a"]), ("w640", ["b"])]


def test_a_batch_holds_what_the_budget_allows(batcher: Batcher, device: Device) -> None:
    answer = submit(batcher, "w320", list("abcdefghi"), job="ours")
    device.is_free.set()
    assert answer.result(10) == list("ABCDEFGHI")
    assert [len(payloads) for _, payloads in device.batches[1:]] == [4, 4, 1]


def test_what_is_larger_than_the_budget_runs_by_itself(batcher: Batcher, device: Device) -> None:
    huge = submit(batcher, "page", ["a", "b"], pixels=9 * PIXELS, job="ours")
    device.is_free.set()
    assert huge.result(10) == ["A", "B"]
    assert [payloads for _, payloads in device.batches[1:]] == [["a"], ["b"]]


def test_a_long_document_does_not_hold_up_a_single_image(batcher: Batcher, device: Device) -> None:
    submit(batcher, "w320", [f"bulk{number}" for number in range(40)], job="bulk")
    submit(batcher, "w640", ["image"], job="image")
    device.is_free.set()
    submit(batcher, "last", ["-"], job="last").result(10)
    assert ("w640", ["image"]) in device.batches[:4]


def test_jobs_with_lines_of_one_width_fill_a_batch_in_turn(
    batcher: Batcher, device: Device
) -> None:
    bulk = submit(batcher, "w320", list("abcdefgh"), job="bulk")
    image = submit(batcher, "w320", ["x", "y"], job="image")
    device.is_free.set()
    assert bulk.result(10) + image.result(10) == list("ABCDEFGHXY")
    assert set(device.batches[1][1]) == {"a", "b", "x", "y"}


def test_one_document_keeps_all_streams_busy() -> None:
    side_by_side = threading.Barrier(2)

    def run(key: str, payloads: Sequence[str]) -> Sequence[str]:
        side_by_side.wait(10)
        return payloads

    batcher = Batcher(run, budget=PIXELS, num_streams=2)
    answer = submit(batcher, "w320", ["a", "b"], job="ours")
    assert answer.result(20) == ["a", "b"]
    batcher.close()


def test_what_is_not_bulk_does_not_wait_for_bulk_to_end(device: Device) -> None:
    batcher = Batcher(device.run, budget=4 * PIXELS, bulk_apart=True)
    bulk = submit(batcher, "page", ["b"], job="archive", is_bulk=True)
    assert device.is_busy.wait(10)
    device.is_busy.clear()
    single = submit(batcher, "page", ["a"], job="picture")
    more = submit(batcher, "page", ["c"], job="other archive", is_bulk=True)
    assert device.is_busy.wait(10)  # with the picture, beside the page of bulk
    device.is_free.set()
    assert [*single.result(10), *bulk.result(10), *more.result(10)] == ["A", "B", "C"]
    assert sorted(device.batches[:2]) == [("page", ["a"]), ("page", ["b"])]
    assert device.batches[2:] == [("page", ["c"])]  # bulk waits for a stream
    batcher.close()


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


def test_a_group_of_nothing_keeps_nobody_waiting(batcher: Batcher, device: Device) -> None:
    answer = batcher.submit([Group("w320", [], PIXELS), Group("w640", ["a"], PIXELS)], job="ours")
    device.is_free.set()
    assert answer.result(10) == ["A"]
    assert submit(batcher, "w320", [], job="ours").result(10) == []


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


def test_what_nobody_waits_for_any_more_is_not_run(batcher: Batcher, device: Device) -> None:
    unwanted, wanted = (submit(batcher, "w320", [line], job="ours") for line in "ab")
    assert unwanted.cancel()
    device.is_free.set()
    assert wanted.result(10) == ["B"]
    with pytest.raises(CancelledError):
        unwanted.result(10)
    assert device.batches[1:] == [("w320", ["b"])]


def test_closing_ends_the_running_batch_and_fails_what_waits(
    batcher: Batcher, device: Device
) -> None:
    waiting = submit(batcher, "w320", ["a"], job="ours")
    closing = threading.Thread(target=batcher.close)
    closing.start()
    with pytest.raises(BatcherClosed):
        waiting.result(10)
    device.is_free.set()
    closing.join(10)
    assert not closing.is_alive()
    with pytest.raises(BatcherClosed):
        submit(batcher, "w320", ["b"], job="ours")


def test_no_thread_of_another_kind_is_woken(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[frozenset[bool]] = []
    ready = Batcher._ready

    def noted(self: Batcher, kind: frozenset[bool]) -> list[Any]:
        looks.append(kind)
        return ready(self, kind)

    batcher = Batcher(device.run, budget=4 * PIXELS, bulk_apart=True)
    device.is_free.set()
    while not all(changed._waiters for changed in batcher._changed.values()):  # type: ignore[attr-defined]
        time.sleep(0.01)
    monkeypatch.setattr(Batcher, "_ready", noted)
    for name in "abc":
        assert submit(batcher, "page", [name], job="ours").result(10) == [name.upper()]
        time.sleep(0.05)  # for whoever was woken
    batcher.close()
    assert looks.count(frozenset({False})) > 6
    assert looks.count(frozenset({True})) <= 1  # at the end: nothing of its kind waited
