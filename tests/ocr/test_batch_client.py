"""Stories of a page's way to the device: how it asks, and how it waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from worker.ocr.batcher import Batcher
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.turning import Window
from worker.ocr.networks.inference import Key
from worker.ocr.recognition import batch_client
from worker.ocr.recognition.batch_client import BatchClient, LineSight
from worker.ocr.recognition.lines import Picture

WINDOW = Window(Crop.of(np.zeros((48, 192, 3), np.uint8)))


def test_nobody_waits_for_the_device_once_the_page_is_unwanted() -> None:
    is_free, batches = threading.Event(), []

    def run(key: Key, given: Sequence[Any]) -> list[float]:
        assert is_free.wait(10)
        batches.append(len(given))
        return [0.5] * len(given)

    batcher = Batcher(run, budget=20_000)

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
        client.chances([WINDOW] * 9)
    is_free.set()
    batcher.close()
    assert sum(batches) <= 2  # what had begun; none of the others was run


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
    client = BatchClient(batcher, "job", "abc", watch=watch)
    assert client.chances([WINDOW] * 9) == [0.5] * 9  # of 9,216 pixels each
    assert watch.steps == 1
    batcher.close()


def test_lines_of_all_widths_are_asked_for_at_once() -> None:
    """Threads of the device are woken for each time that something is given to them."""
    batcher = Batcher(lambda _, lines: [line.width for line in lines], budget=100_000)
    submit, asked = batcher.submit, list[list[tuple[int, int]]]()

    def noted(groups: Sequence[Any], **named: Any) -> Any:
        asked.append([(group.key.width, len(group.payloads)) for group in groups])
        return submit(groups, **named)

    batcher.submit = noted  # type: ignore[method-assign]
    widths = (300, 640, 310, 96)
    lines = [LineSight(Crop.of(np.zeros((48, width, 3), np.uint8))) for width in widths]
    answers = BatchClient(batcher, "job", "abc")._run("recognize", lines)
    batcher.close()
    assert answers == list(widths)
    assert asked == [[(320, 2), (640, 1), (96, 1)]]


def test_a_line_is_cut_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ink and its spaces are looked at later, on the same picture."""
    cut, pixels = list[Crop](), Crop.pixels

    def noted(crop: Crop) -> Picture:
        cut.append(crop)
        return pixels(crop)

    monkeypatch.setattr(Crop, "pixels", noted)
    sight = LineSight(Crop.of(np.zeros((48, 192, 3), np.uint8)))
    sight.shown()
    assert sight.pixels.shape == (48, 192, 3)
    assert len(cut) == 1
