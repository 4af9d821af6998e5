"""Cutting lines out of pages, cutting long lines, and finding the blank between words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.ocr.samples import Picture, picture_of
from worker.ocr.detection.crops import WIDEST, crop, parts_of, rows_of_ink
from worker.ocr.detection.sheet import turned
from worker.ocr.recognition.ctc import Characters, Words
from worker.ocr.recognition.lines import natural_width
from worker.ocr.recognition.spacing import fitted, ink_of


def quad(left: float, top: float, right: float, bottom: float) -> NDArray[np.float32]:
    return np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)


def bars(*spans: tuple[int, int], width: int, height: int = 20) -> Picture:
    """Black strokes, one pixel wide and one apart, in the columns of each span."""
    line = np.full((height, width, 3), 255, np.uint8)
    for start, end in spans:
        line[2:-2, start:end:2] = 0
    return line


def test_a_level_box_is_cut_out_pixel_by_pixel() -> None:
    page = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)
    assert np.array_equal(crop(page, quad(10, 20, 50, 40)), page[20:40, 10:50])


def test_a_box_past_the_edge_is_cut_at_the_edge() -> None:
    page = np.zeros((60, 80, 3), np.uint8)
    assert crop(page, quad(-5, -5, 90, 20)).shape == (20, 80, 3)
    assert crop(page, quad(80, 60, 80, 60)).shape == (1, 1, 3)


def test_a_tilted_box_comes_out_level() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    for x in range(20, 180):
        page[round(60 + 0.25 * (x - 20)), x] = 0
    tilted = np.array(((20, 50), (180, 90), (180, 110), (20, 70)), np.float32)
    level = crop(page, tilted)
    assert level.shape == (20, 165, 3)
    darkest = level[:, 10:-10, 0].argmin(0)
    assert darkest.max() - darkest.min() <= 2


def test_the_corners_decide_which_way_up_a_line_is_cut() -> None:
    page = picture_of("line")
    height, width = page.shape[:2]
    upwards = quad(0, 0, height, width)[[3, 0, 1, 2]]
    cut = crop(turned(page, 270), upwards)
    assert cut.shape == page.shape
    assert np.abs(cut.astype(int) - page).max() <= 1


def test_a_line_of_usual_width_stays_whole() -> None:
    assert parts_of(np.zeros((40, 40 * 30, 3), np.uint8)) == [(0, 1200)]


@pytest.mark.parametrize("num_words", [60, 200])
def test_a_long_line_is_cut_between_words(num_words: int) -> None:
    spans = [(40 * number, 40 * number + 28) for number in range(num_words)]
    line = bars(*spans, width=40 * num_words)
    parts = parts_of(line)
    assert parts[0][0] == 0
    assert parts[-1][1] == line.shape[1]
    assert all(end == start for (_, end), (start, _) in pairwise(parts))
    assert all(cut % 40 >= 28 for _, cut in parts[:-1])
    assert all(natural_width(20, end - start) <= WIDEST for start, end in parts)


def fitted_edges(line: np.ndarray, *supposed: tuple[float, float]) -> list[tuple[float, float]]:
    """The edges of words, in pixels of their line, once they are where its ink ends."""
    places = np.arange(len(supposed))
    starts, ends = np.array(supposed).T / line.shape[1]
    of_line = Characters("a" * len(places), starts, places, places, np.array([0, len(places)]))
    words = Words(np.zeros_like(places), starts, ends, of_line, places, places + 1)
    found = fitted(words, [ink_of(line)])
    edges = np.stack((found.starts, found.ends), axis=1) * line.shape[1]
    return [(start, end) for start, end in edges.tolist()]


def test_words_end_where_their_ink_ends() -> None:
    line = bars((0, 50), (70, 120), width=140)
    first, second = fitted_edges(line, (0, 47), (72, 126))
    assert first == (0, pytest.approx(50, abs=2))
    assert second == (pytest.approx(70, abs=2), pytest.approx(126))


def test_words_without_a_blank_between_them_meet() -> None:
    first, second = fitted_edges(bars((0, 140), width=140), (0, 63), (77, 140))
    assert first[1] == second[0]


def test_blank_rows_round_a_line_are_told_from_those_with_a_lone_mark() -> None:
    line = np.full((60, 300, 3), 240, np.uint8)
    line[20:40, 10:290:2] = 30
    assert rows_of_ink(line) == (18, 42)
    line[46:48, 150:152] = 30  # a dot below
    assert rows_of_ink(line) == (17, 51)


def test_a_line_without_ink_or_full_of_it_keeps_all_its_rows() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 200, 3), np.uint8)
    for line in (np.full((40, 200, 3), 255, np.uint8), noise, noise[:1], noise[:, :1]):
        assert rows_of_ink(line) == (0, len(line))
