"""Reading real pictures with the real networks."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from shared.result import Line, Page
from tests.ocr.samples import on_canvas, picture_of, reads_as, text_of, text_read, tilted
from training.measuring.scoring import score_pages
from worker.ocr.batcher import BatcherClosed
from worker.ocr.detection.sheet import Rotation, turned
from worker.ocr.reader import Reader


def right_edges(line: Line) -> list[float]:
    return [word.box[1][0] for word in line.words]


def is_inside(inner: Line, page: Page) -> bool:
    return all(-1 <= x <= page.width + 1 and -1 <= y <= page.height + 1 for x, y in inner.box)


def test_the_left_half_of_a_decrees_header_is_read_before_the_right(reader: Reader) -> None:
    page = reader.read(picture_of("decree")).page
    assert reads_as(page, "decree")
    assert [line.text for line in page.lines[2:4]] == text_of("decree").split("\n")[2:4]


def test_a_receipt_is_read_row_by_row_and_a_row_is_one_line(reader: Reader) -> None:
    page = reader.read(picture_of("receipt")).page
    assert reads_as(page, "receipt")
    assert page.lines[-1].text == "Tiền thối lại: 4,000"


def test_a_long_receipt_is_read_as_well_as_a_short_one(reader: Reader) -> None:
    page = reader.read(np.concatenate([picture_of("receipt")] * 10)).page
    wanted = "\n".join([text_of("receipt")] * 10)
    assert score_pages([(wanted, text_read(page))]).word_f1 > 0.98


def test_columns_of_running_text_are_read_one_after_the_other(reader: Reader) -> None:
    assert reads_as(reader.read(picture_of("columns")).page, "columns")


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_page_is_stood_upright(reader: Reader, rotation: Rotation) -> None:
    page = reader.read(turned(picture_of("decree"), rotation)).page
    assert page.rotation == 360 - rotation
    assert (page.width, page.height) == (900, 640)
    assert reads_as(page, "decree")


@pytest.mark.parametrize("degrees", [-15, 6])
def test_a_tilted_page_is_read_in_order(reader: Reader, degrees: float) -> None:
    page = reader.read(tilted(picture_of("decree"), degrees)).page
    assert page.rotation == 0
    assert reads_as(page, "decree")


def test_light_text_on_a_dark_ground_is_read(reader: Reader) -> None:
    assert reads_as(reader.read(255 - picture_of("decree")).page, "decree")


def test_a_line_cut_out_tightly_is_read_whole(reader: Reader) -> None:
    page = reader.read(picture_of("line")).page
    assert text_read(page) == text_of("line")
    assert page.lines[0].confidence > 0.9


def test_a_long_line_that_has_to_be_cut_is_read_whole(reader: Reader) -> None:
    line = picture_of("line")
    gap = np.full((40, 14, 3), 255, np.uint8)
    page = reader.read(np.concatenate([line, gap, line, gap, line, gap, line, gap, line], 1)).page
    assert text_read(page) == " ".join([text_of("line")] * 5)


@pytest.mark.parametrize("name", ["line", "short"])
def test_a_single_upright_line_is_not_turned(reader: Reader, name: str) -> None:
    page = reader.read(picture_of(name)).page
    assert page.rotation == 0
    assert text_read(page) == text_of(name)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_single_turned_line_is_stood_upright(reader: Reader, rotation: Rotation) -> None:
    page = reader.read(turned(picture_of("line"), rotation)).page
    assert text_read(page) == text_of("line")
    assert page.rotation == 360 - rotation


def test_a_note_that_runs_up_the_margin_comes_last(reader: Reader) -> None:
    note = turned(picture_of("line"), 270)
    page = reader.read(
        on_canvas((picture_of("decree"), 80, 0), (note, 20, 60), height=640, width=980)
    )
    assert page.page.rotation == 0
    assert page.page.lines[-1].text == text_of("line")
    assert "\n".join(line.text for line in page.page.lines[:3]).startswith("ỦY BAN NHÂN DÂN")


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 3), (64, 64), (900, 700)])
def test_a_picture_without_text_has_no_lines(reader: Reader, size: tuple[int, int]) -> None:
    page = reader.read(np.full((*size, 3), 255, np.uint8)).page
    assert page.lines == ()
    assert (page.height, page.width) == size


@pytest.mark.parametrize("size", [(2, 300), (300, 2), (5, 5), (600, 40), (20, 3000)])
def test_noise_of_any_shape_is_survived(reader: Reader, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert reader.read(noise).page.page == 1


def test_words_make_up_their_line_and_lie_along_it(reader: Reader) -> None:
    page = reader.read(picture_of("decree"), 7).page
    assert page.page == 7
    for line in page.lines:
        assert line.text == " ".join(word.text for word in line.words)
        assert unicodedata.is_normalized("NFC", line.text)
        assert right_edges(line) == sorted(right_edges(line))
        assert is_inside(line, page)


def test_no_ink_lies_between_the_boxes_of_two_words(reader: Reader) -> None:
    picture = picture_of("decree")
    for line in reader.read(picture).page.lines:
        for word, following in pairwise(line.words):
            middle = round((word.box[1][0] + following.box[0][0]) / 2)
            top, bottom = round(word.box[0][1]), round(word.box[3][1])
            assert picture[top:bottom, middle].min() > 128, f"{word.text} {following.text}"


def test_pages_read_at_once_read_as_they_do_alone(reader: Reader) -> None:
    names = ["decree", "receipt", "columns", "line"] * 3
    alone = {name: reader.read(picture_of(name)).page for name in set(names)}
    with ThreadPoolExecutor(6) as threads:
        together = threads.map(
            lambda job: reader.read(picture_of(job[1]), job=str(job[0])).page, enumerate(names)
        )
        for name, page in zip(names, together, strict=True):
            assert text_read(page) == text_read(alone[name])
            for line, other in zip(page.lines, alone[name].lines, strict=True):
                assert line.confidence == pytest.approx(other.confidence, abs=1e-3)


def test_the_time_of_a_page_is_told(reader: Reader) -> None:
    timings = reader.read(picture_of("receipt")).timings
    assert timings.detect_s > 0
    assert timings.recognize_s > 0


def test_a_closed_reader_takes_no_more_pages() -> None:
    reader = Reader.load(device="cpu")
    reader.close()
    with pytest.raises(BatcherClosed):
        reader.read(picture_of("line"))
