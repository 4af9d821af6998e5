"""Rectangular stamps on print: what they cover is read, and what they say is a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Paper, Picture
from tests.ocr.samples import picture_of, text_read
from training.measuring.scoring import distance, normalise
from worker.ocr.detection.sheet import turned
from worker.ocr.detection.stamps import find_stamps, without_stamps
from worker.ocr.reader import Reader

RED, BLUE, VIOLET, GREEN = (215, 40, 50), (40, 60, 200), (90, 50, 190), (20, 140, 60)
BOLD = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", 34)

INVOICE = (
    "Hóa đơn bán hàng số 0004711 ngày 12 tháng 5 năm 2026 tại thành phố Cần Thơ",
    "Khách hàng: Công ty TNHH Ví Dụ, số 15 đường Võ Thị Sáu, quận Bình Thạnh",
    "Số tiền phải trả: 12.500.000 đồng, hạn thanh toán ngày 30 tháng 6 năm 2026",
    "Hình thức thanh toán: chuyển khoản qua ngân hàng trong mười ngày làm việc",
)
ORDER = (
    "We thank you for your order of twelve wooden chairs of the tenth of May",
    "The goods will be delivered to your house in Harbour Road within four weeks",
    "Please pay the sum of 1,250.00 euros to our bank account before that day",
    "Questions are answered by our accounts department from Monday to Friday",
)


def inked(
    words: Sequence[str],
    ink: tuple[int, int, int],
    degrees: float,
    place: tuple[int, int],
    *,
    strokes: Sequence[tuple[int, int]] = ((3, 6),),
    corner: int = 0,
    top: int = 20,
) -> Picture:
    """A stamp on a white page: the strokes of its frame are so far from its edge and so wide."""
    width = round(max(map(BOLD.getlength, words))) + 60
    height = 50 * len(words) + 20 + top
    stamp = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(stamp)
    for edge, wide in strokes:
        outside = edge, edge, width - 1 - edge, height - 1 - edge
        draw.rounded_rectangle(outside, corner, outline=ink, width=wide)
    for number, line in enumerate(words):
        draw.text((30, top + 50 * number), line, ink, BOLD)
    page = Image.new("RGB", (1240, 420), "white")
    leaning = stamp.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    page.paste(leaning, place)
    return np.asarray(page)


def pressed(lines: Sequence[str], stamp: Picture) -> Picture:
    """Print with a stamp on it, scanned: what is black under its ink stays black."""
    print_only = Paper(420).gap(60).text(*lines).picture
    ink = print_only.astype(np.float32) * stamp / 255
    return np.asarray(0.92 * ink + 12, np.uint8)


def laid_on(lines: Sequence[str], stamp: Picture, ink: tuple[int, int, int]) -> Picture:
    """Print with a stamp that a program laid on it: nothing under its ink is left."""
    lowest = min(ink)
    share = np.clip((255.0 - stamp.min(2)) / (255 - lowest), 0, 1)[..., None]
    print_only = Paper(420).gap(60).text(*lines).picture
    return np.asarray(print_only * (1 - share) + share * np.array(ink), np.uint8)


def veiled(
    lines: Sequence[str], stamp: Picture, ink: tuple[int, int, int], share: float
) -> Picture:
    """Print with a half transparent stamp that a program laid on it: print under it is dim."""
    whole = laid_on(lines, stamp, ink).astype(np.float32)
    print_only = Paper(420).gap(60).text(*lines).picture
    return np.asarray(share * whole + (1 - share) * print_only, np.uint8)


def as_jpeg(picture: Picture, quality: int) -> Picture:
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def nearly(read: str, wanted: Sequence[str], errors: float = 0.02) -> bool:
    text = normalise("\n".join(wanted))
    return distance(text, normalise(read)) <= errors * len(text)


@pytest.mark.parametrize(
    ("lines", "words", "ink", "degrees", "place"),
    [
        (INVOICE, ("ĐÃ THANH TOÁN", "12/05/2026"), RED, 0, (560, 130)),
        (INVOICE, ("CÔNG VĂN ĐẾN", "SỐ 4711"), BLUE, 4, (300, 120)),
        (INVOICE, ("ĐÃ KIỂM TRA",), VIOLET, -3, (640, 150)),
        (ORDER, ("PAID IN FULL", "12 MAY 2026"), RED, -5, (400, 110)),
        (ORDER, ("RECEIVED",), BLUE, 0, (700, 140)),
        (ORDER, ("CANCELLED", "BY ORDER"), RED, 3, (120, 130)),
    ],
)
def test_print_and_stamp_are_both_read(
    reader: Reader,
    lines: Sequence[str],
    words: Sequence[str],
    ink: tuple[int, int, int],
    degrees: float,
    place: tuple[int, int],
) -> None:
    page = reader.read(pressed(lines, inked(words, ink, degrees, place))).page
    read = text_read(page).split("\n")
    assert nearly("\n".join(read[: len(lines)]), lines), read
    assert nearly("\n".join(read[len(lines) :]), words), read
    assert page.warnings == ()


@pytest.mark.parametrize(
    ("drawn", "ink"),
    [
        pytest.param({"strokes": ((3, 2), (8, 3))}, RED, id="two frames"),
        pytest.param({"strokes": ((3, 2),)}, RED, id="a thin frame"),
        pytest.param({"corner": 18}, RED, id="round corners"),
        pytest.param({"top": 11}, RED, id="marks close to the frame"),
        pytest.param({}, GREEN, id="green ink"),
    ],
)
def test_frames_of_other_kinds_are_of_stamps_too(
    reader: Reader, drawn: dict[str, Any], ink: tuple[int, int, int]
) -> None:
    """The second line of print lies on the upper side of the frame, the fourth on the lower."""
    words = "ĐÃ XÁC NHẬN", "SỔ SÁCH 4711"
    page = reader.read(pressed(INVOICE, inked(words, ink, 0, (560, 118), **drawn))).page
    read = text_read(page).split("\n")
    assert nearly("\n".join(read[: len(INVOICE)]), INVOICE), read
    assert read[len(INVOICE) :] == list(words)


@pytest.mark.parametrize(
    ("lines", "words", "ink", "degrees", "place"),
    [
        (INVOICE, ("CÔNG VĂN ĐẾN", "SỐ 4711"), BLUE, 4, (300, 120)),
        (INVOICE, ("ĐÃ KIỂM TRA",), VIOLET, -3, (640, 150)),
        (ORDER, ("CANCELLED", "BY ORDER"), RED, 3, (120, 130)),
    ],
)
@pytest.mark.parametrize("quality", [None, pytest.param(60, marks=pytest.mark.acceptance)])
def test_print_round_a_stamp_that_hides_it_is_read_but_for_a_few_letters(
    reader: Reader,
    lines: Sequence[str],
    words: Sequence[str],
    ink: tuple[int, int, int],
    degrees: float,
    place: tuple[int, int],
    quality: int | None,
) -> None:
    """Before, of the last of these one letter in fifteen was wrong."""
    picture = laid_on(lines, inked(words, ink, degrees, place), ink)
    if quality:
        picture = as_jpeg(picture, quality)
    page = reader.read(picture).page
    read = text_read(page).split("\n")
    assert nearly("\n".join(read[: len(lines)]), lines, 0.05 if quality else 0.03), read
    assert nearly("\n".join(read[len(lines) :]), words, 0.1), read
    assert (
        find_stamps(picture)[0].hides,
        find_stamps(pressed(lines, inked(words, ink, degrees, place)))[0].hides,
    ) == (True, False)


@pytest.mark.parametrize(
    ("lines", "words", "ink", "degrees", "place", "share"),
    [
        (INVOICE, ("ĐÃ CHI TIỀN", "12/05/2026"), RED, 4, (300, 120), 0.55),
        (INVOICE, ("ĐÃ KIỂM TRA",), VIOLET, -3, (640, 150), 0.65),
        (ORDER, ("PAID IN FULL", "12 MAY 2026"), RED, -5, (400, 110), 0.6),
        (INVOICE, ("ĐÃ THANH TOÁN", "12/05/2026"), RED, 0, (560, 130), 0.8),
        (ORDER, ("RECEIVED",), BLUE, 0, (700, 140), 0.8),
    ],
)
@pytest.mark.parametrize("quality", [None, 75])
def test_print_under_a_half_transparent_stamp_is_read(
    reader: Reader,
    lines: Sequence[str],
    words: Sequence[str],
    ink: tuple[int, int, int],
    degrees: float,
    place: tuple[int, int],
    share: float,
    quality: int | None,
) -> None:
    picture = veiled(lines, inked(words, ink, degrees, place), ink, share)
    read = text_read(reader.read(as_jpeg(picture, quality) if quality else picture).page)
    of_print, of_stamp = read.split("\n")[: len(lines)], read.split("\n")[len(lines) :]
    assert nearly("\n".join(of_print), lines, 0.01), read
    assert nearly("\n".join(of_stamp), words, 0.2), read


@pytest.mark.parametrize("corner", [0, 12, 24])
def test_nothing_is_left_of_the_corners_of_a_frame(corner: int) -> None:
    """Where they are round they go on within its sides, and were read as a 4."""
    picture = pressed(INVOICE, inked(("ĐÃ XÁC NHẬN",), RED, 0, (560, 130), corner=corner))
    shown, _ = find_stamps(picture)[0].levelled(picture)
    ends = [*range(22), *range(-22, 0)]
    assert (shown[np.ix_(ends, ends)].min(), shown.min() < 128) == (255, True)


@pytest.mark.parametrize("quality", [None, 60])
def test_whether_print_is_hidden_does_not_depend_on_where_it_lies(quality: int | None) -> None:
    """Print may lie on the stamp's words or between them: most of it then is under no ink."""
    for top in range(96, 140, 4):
        stamp = inked(("ĐÃ XÁC NHẬN", "12/05/2026"), RED, 0, (560, top), strokes=((3, 2), (8, 3)))
        pictures = pressed(INVOICE, stamp), laid_on(INVOICE, stamp, RED)
        found = [find_stamps(as_jpeg(one, quality) if quality else one) for one in pictures]
        assert [[(one.hides, one.veils) for one in stamps] for stamps in found] == [
            [(False, False)],
            [(True, False)],
        ], top


def test_the_lines_of_a_stamp_are_where_it_is_on_the_upright_page(reader: Reader) -> None:
    picture = pressed(INVOICE, inked(("ĐÃ THANH TOÁN",), RED, 0, (560, 130)))
    page = reader.read(turned(picture, 180)).page
    assert (page.rotation, page.lines[-1].text) == (180, "ĐÃ THANH TOÁN")
    xs, ys = np.array(page.lines[-1].box).T
    assert 560 < xs.min() < xs.max() < 1000
    assert 130 < ys.min() < ys.max() < 230


def test_a_page_without_a_stamp_is_left_as_it_is() -> None:
    boxed = Paper(420).gap(60).text(*INVOICE).picture.copy()
    cv2.rectangle(boxed, (40, 100), (1200, 320), BLUE, 4)  # a frame round print
    heading = picture_of("decree")
    heading[:200][heading[:200].max(2) < 128] = RED
    ruled = (
        Paper(420).table([["STT", "Tên"], ["1", "An"], ["2", "Bình"]], [100, 300]).picture.copy()
    )
    ruled[ruled.max(2) < 128] = BLUE
    crossed_out = Paper(420).gap(60).text(*ORDER).picture.copy()
    cv2.line(crossed_out, (80, 120), (1100, 320), RED, 5)
    for picture in (boxed, heading, ruled, crossed_out, picture_of("receipt")):
        assert find_stamps(picture) == []
        assert without_stamps(picture, []) is picture


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (5, 5), (40, 40)])
def test_a_picture_of_any_shape_is_survived(size: tuple[int, int]) -> None:
    red = np.full((*size, 3), RED, np.uint8)
    assert find_stamps(red) == []


def test_a_red_stroke_is_no_frame() -> None:
    page = np.full((60, 300, 3), 255, np.uint8)
    cv2.rectangle(page, (100, 25), (124, 31), (200, 20, 20), -1)
    assert find_stamps(page) == []
