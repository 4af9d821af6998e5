"""Stories of the batcher: who shares a batch, and who is next."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any

import pytest

from tests.ocr.batching import PIXELS, Device, submit
from worker.ocr.batcher import Batcher, BatcherClosed, Group


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


def test_a_group_of_nothing_keeps_nobody_waiting(batcher: Batcher, device: Device) -> None:
    answer = batcher.submit([Group("w320", [], PIXELS), Group("w640", ["a"], PIXELS)], job="ours")
    device.is_free.set()
    assert answer.result(10) == ["A"]
    assert submit(batcher, "w320", [], job="ours").result(10) == []


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
