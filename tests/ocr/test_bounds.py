"""What one page can ask of the reader is bounded, whatever is drawn on it."""

from __future__ import annotations

import numpy as np
import pytest

from shared.result import Word
from worker.ocr.detection.bounds import LONGEST, MOST, within_bounds
from worker.ocr.detection.boxes import Quads
from worker.ocr.layout import columns
from worker.ocr.layout.layout import lines_in_order
from worker.ocr.layout.pieces import Piece
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import HEIGHT, Picture


def box(left: float, top: float, width: float, height: float) -> list[tuple[float, float]]:
    right, bottom = left + width, top + height
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def quads(*boxes: list[tuple[float, float]]) -> Quads:
    return np.array(boxes, np.float32)


def asked(found: Quads) -> float:
    """The pixels of all lines at the height that the recogniser sees."""
    sides = np.linalg.norm(found - np.roll(found, 1, axis=1), axis=2)
    return float((HEIGHT * sides.max(1) / np.maximum(1, sides.min(1))).sum())


def test_all_lines_of_a_dense_page_are_read() -> None:
    page = quads(*(box(50, 30 * row, 1500, 24) for row in range(150)))
    kept, is_cut = within_bounds(page)
    assert len(kept) == 150
    assert not is_cut


@pytest.mark.parametrize("side", [(1, 40_000), (40_000, 1), (12, 9_000)])
def test_a_rule_is_no_line_of_text(side: tuple[int, int]) -> None:
    found = quads(box(0, 0, *side), box(50, 50, 200, 20))
    kept, is_cut = within_bounds(found)
    assert kept.tolist() == found[1:].tolist()
    assert not is_cut  # nothing that could be read was left out


def test_of_too_much_the_short_lines_are_read_and_the_rest_is_told() -> None:
    long = [box(0, 4 * row, 2000, 5) for row in range(400)]
    short = [box(0, 30 * row, 300, 20) for row in range(400)]
    kept, is_cut = within_bounds(quads(*long, *short))
    assert is_cut
    assert 0.9 * MOST < asked(kept) <= MOST
    assert kept[-400:].tolist() == quads(*short).tolist()  # in the order that they were found in


def test_a_single_line_is_never_longer_than_is_read_of_one() -> None:
    kept, _ = within_bounds(quads(*(box(0, 0, length, 10) for length in range(100, 9000, 50))))
    assert asked(kept[-1:]) <= LONGEST


@pytest.mark.parametrize(
    "shape", [(40_000, 1), (1, 40_000), (40_000, 3), (40_000, 12), (12, 40_000)]
)
def test_a_page_that_is_a_thread_asks_for_next_to_nothing(
    reader: Reader, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels: list[int] = []
    run = reader._batcher._run

    def counted(key, pictures):  # type: ignore[no-untyped-def]
        pixels.append(sum(picture.shape[0] * picture.shape[1] for picture in pictures))
        return run(key, pictures)

    monkeypatch.setattr(reader._batcher, "_run", counted)
    noise: Picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    assert reader.read(noise).page.lines == ()
    assert sum(pixels) < 2_000_000


def test_putting_a_page_in_order_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def piece(left: float, top: float) -> Piece:
        corners = box(left, top, 60, 12)
        word = Word(text="ab", confidence=1, box=tuple(corners))  # type: ignore[arg-type]
        return Piece(np.array(corners, np.float32), (word, word))

    grown: list[object] = []
    monkeypatch.setattr(columns, "extended", lambda rows, seed, _: grown.append(seed) or seed)
    pieces = [piece(100 * column, 20 * row) for row in range(4) for column in range(1000)]
    lines = lines_in_order(pieces)
    assert sum(len(line.words) for line in lines) == 2 * len(pieces)
    assert len(grown) * len(pieces) <= columns._MOST_STEPS
