"""Stories of the batcher: who shares a batch, who is next, and what happens when one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pytest

from worker.ocr.batcher import Batcher, BatcherClosed, DeviceLost, DeviceOutOfMemory
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.turning import Window
from worker.ocr.recognition import batch_client
from worker.ocr.recognition.batch_client import BatchClient

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


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def batcher(device: Device) -> Iterator[Batcher]:
    """A batcher for four items a batch, whose device is busy with one already."""
    batcher = Batcher(device.run, budget=4 * PIXELS)
    batcher.submit("first", ["-"], pixels=PIXELS, job="first")
    assert device.is_busy.wait(10)
    yield batcher
    device.is_free.set()
    batcher.close()


def test_what_waits_of_all_jobs_shares_a_batch(batcher: Batcher, device: Device) -> None:
    ours = batcher.submit("w320", ["a", "b"], pixels=PIXELS, job="ours")
    theirs = batcher.submit("w320", ["c"], pixels=PIXELS, job="theirs")
    device.is_free.set()
    assert [future.result(10) for future in ours + theirs] == ["A", "B", "C"]
    assert [sorted(payloads) for _, payloads in device.batches[1:]] == [["a", "b", "c"]]


def test_lines_of_other_widths_go_apart(batcher: Batcher, device: Device) -> None:
    narrow = batcher.submit("w320", ["a"], pixels=PIXELS, job="ours")
    wide = batcher.submit("w640", ["b"], pixels=PIXELS, job="ours")
    device.is_free.set()
    assert [future.result(10) for future in narrow + wide] == ["A", "B"]
    assert device.batches[1:] == [("w320", ["a"]), ("w640", ["b"])]


def test_a_batch_holds_what_the_budget_allows(batcher: Batcher, device: Device) -> None:
    futures = batcher.submit("w320", list("abcdefghi"), pixels=PIXELS, job="ours")
    device.is_free.set()
    assert "".join(future.result(10) for future in futures) == "ABCDEFGHI"
    assert [len(payloads) for _, payloads in device.batches[1:]] == [4, 4, 1]


def test_what_is_larger_than_the_budget_runs_by_itself(batcher: Batcher, device: Device) -> None:
    huge = batcher.submit("page", ["a", "b"], pixels=9 * PIXELS, job="ours")
    device.is_free.set()
    assert [future.result(10) for future in huge] == ["A", "B"]
    assert [payloads for _, payloads in device.batches[1:]] == [["a"], ["b"]]


def test_a_long_document_does_not_hold_up_a_single_image(batcher: Batcher, device: Device) -> None:
    batcher.submit("w320", [f"bulk{number}" for number in range(40)], pixels=PIXELS, job="bulk")
    batcher.submit("w640", ["image"], pixels=PIXELS, job="image")
    device.is_free.set()
    batcher.submit("last", ["-"], pixels=PIXELS, job="last")[0].result(10)
    assert ("w640", ["image"]) in device.batches[:4]


def test_jobs_with_lines_of_one_width_fill_a_batch_in_turn(
    batcher: Batcher, device: Device
) -> None:
    bulk = batcher.submit("w320", list("abcdefgh"), pixels=PIXELS, job="bulk")
    image = batcher.submit("w320", ["x", "y"], pixels=PIXELS, job="image")
    device.is_free.set()
    assert [future.result(10) for future in bulk + image] == list("ABCDEFGHXY")
    assert set(device.batches[1][1]) == {"a", "b", "x", "y"}


def test_one_document_keeps_all_streams_busy() -> None:
    side_by_side = threading.Barrier(2)

    def run(key: str, payloads: Sequence[str]) -> Sequence[str]:
        side_by_side.wait(10)
        return payloads

    batcher = Batcher(run, budget=PIXELS, num_streams=2)
    futures = batcher.submit("w320", ["a", "b"], pixels=PIXELS, job="ours")
    assert [future.result(20) for future in futures] == ["a", "b"]
    batcher.close()


def test_what_is_not_bulk_does_not_wait_for_bulk_to_end(device: Device) -> None:
    batcher = Batcher(device.run, budget=4 * PIXELS, bulk_apart=True)
    bulk = batcher.submit("page", ["b"], pixels=PIXELS, job="archive", is_bulk=True)
    assert device.is_busy.wait(10)
    device.is_busy.clear()
    single = batcher.submit("page", ["a"], pixels=PIXELS, job="picture")
    more = batcher.submit("page", ["c"], pixels=PIXELS, job="other archive", is_bulk=True)
    assert device.is_busy.wait(10)  # with the picture, beside the page of bulk
    device.is_free.set()
    assert [future.result(10) for future in single + bulk + more] == ["A", "B", "C"]
    assert sorted(device.batches[:2]) == [("page", ["a"]), ("page", ["b"])]
    assert device.batches[2:] == [("page", ["c"])]  # bulk waits for a stream
    batcher.close()


def test_a_bad_line_fails_alone(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: ValueError("bad") if "c" in payloads else None
    futures = batcher.submit("w320", list("abcd"), pixels=PIXELS, job="ours")
    device.is_free.set()
    with pytest.raises(ValueError, match="bad"):
        futures[2].result(10)
    assert [futures[index].result(10) for index in (0, 1, 3)] == ["A", "B", "D"]


def test_out_of_memory_halves_the_batch_and_those_to_come(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: DeviceOutOfMemory() if len(payloads) > 2 else None
    futures = batcher.submit("w320", list("abcdef"), pixels=PIXELS, job="ours")
    device.is_free.set()
    assert "".join(future.result(10) for future in futures) == "ABCDEF"
    assert [len(payloads) for _, payloads in device.batches[1:]] == [4, 2, 2, 2]


def test_one_line_that_does_not_fit_the_memory_fails(batcher: Batcher, device: Device) -> None:
    device.fails = lambda payloads: DeviceOutOfMemory() if "b" in payloads else None
    futures = batcher.submit("w320", ["a", "b"], pixels=PIXELS, job="ours")
    device.is_free.set()
    assert futures[0].result(10) == "A"
    with pytest.raises(DeviceOutOfMemory):
        futures[1].result(10)


def test_a_lost_device_fails_all_that_waits_and_all_that_comes(
    batcher: Batcher, device: Device
) -> None:
    device.fails = lambda _: DeviceLost("gone")
    running = batcher.submit("w320", ["a"], pixels=PIXELS, job="ours")
    waiting = batcher.submit("w640", ["b"], pixels=PIXELS, job="ours")
    device.is_free.set()
    for future in running + waiting:
        with pytest.raises(DeviceLost):
            future.result(10)
    with pytest.raises(DeviceLost):
        batcher.submit("w320", ["c"], pixels=PIXELS, job="ours")


def test_what_nobody_waits_for_any_more_is_not_run(batcher: Batcher, device: Device) -> None:
    unwanted, wanted = batcher.submit("w320", ["a", "b"], pixels=PIXELS, job="ours")
    assert unwanted.cancel()
    device.is_free.set()
    assert wanted.result(10) == "B"
    with pytest.raises(CancelledError):
        unwanted.result(10)
    assert device.batches[1:] == [("w320", ["b"])]


def test_closing_ends_the_running_batch_and_fails_what_waits(
    batcher: Batcher, device: Device
) -> None:
    (waiting,) = batcher.submit("w320", ["a"], pixels=PIXELS, job="ours")
    closing = threading.Thread(target=batcher.close)
    closing.start()
    with pytest.raises(BatcherClosed):
        waiting.result(10)
    device.is_free.set()
    closing.join(10)
    assert not closing.is_alive()
    with pytest.raises(BatcherClosed):
        batcher.submit("w320", ["b"], pixels=PIXELS, job="ours")


def test_nobody_waits_for_the_device_once_the_page_is_unwanted(
    batcher: Batcher, device: Device
) -> None:
    class Unwanted(Exception):
        pass

    class Watcher:
        looks = 0

        is_bulk = False

        def check(self) -> None:
            self.looks += 1
            if self.looks > 2:
                raise Unwanted

        def progress(self) -> None:
            pytest.fail("nothing is done yet")

    client = BatchClient(batcher, "job", "abc", watch=Watcher())
    with pytest.raises(Unwanted):
        client.chances([Window(Crop.of(np.zeros((48, 192, 3), np.uint8)))] * 9)
    device.is_free.set()
    assert batcher.submit("w320", ["a"], pixels=PIXELS, job="ours")[0].result(10) == "A"
    assert len(device.batches) == 2  # none of the nine was run


def test_who_waits_for_many_lines_is_woken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting:
        is_bulk = False
        steps = 0

        def check(self) -> None:
            pass

        def progress(self) -> None:
            self.steps += 1

    monkeypatch.setattr(batch_client, "_LOOK_S", 60)
    batcher, watch = Batcher(lambda _, lines: [0.5] * len(lines), budget=20_000), Counting()
    windows = [Window(Crop.of(np.zeros((48, 192, 3), np.uint8)))] * 9  # of 9,216 pixels each
    assert BatchClient(batcher, "job", "abc", watch=watch).chances(windows) == [0.5] * 9
    assert watch.steps == 1
    batcher.close()


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
    monkeypatch.setattr(Batcher, "_ready", noted)
    assert batcher.submit("page", ["a"], pixels=PIXELS, job="ours")[0].result(10) == "A"
    batcher.close()
    assert looks.count(frozenset({False})) > 2
    assert looks.count(frozenset({True})) <= 2  # once a slot is free, and at the end
