"""Check boxes, ticked and empty: told as such, and not read as letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import picture_of, text_read, tilted
from worker.ocr import frames
from worker.ocr.checkboxes import CheckBox, find_check_boxes
from worker.ocr.detection.boxes import Quads
from worker.ocr.detection.scaling import Small
from worker.ocr.detection.sheet import Sheet
from worker.ocr.outlines import Look
from worker.ocr.reader import Reader

FONT = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 24)
Draw = ImageDraw.ImageDraw
Mark = Callable[[Draw, int, int, int], None]


def cross(draw: Draw, x: int, y: int, side: int) -> None:
    draw.line((x + 4, y + 4, x + side - 4, y + side - 4), "black", 3)
    draw.line((x + 4, y + side - 4, x + side - 4, y + 4), "black", 3)


def tick(draw: Draw, x: int, y: int, side: int) -> None:
    draw.line((x + 4, y + side // 2, x + side // 2, y + side - 5), "black", 3)
    draw.line((x + side // 2, y + side - 5, x + side + 3, y - 4), "black", 3)


def pen(draw: Draw, x: int, y: int, side: int) -> None:
    draw.line((x + 3, y + side // 2, x + side // 3, y + side - 6), (40, 60, 170), 4)
    draw.line((x + side // 3, y + side - 6, x + side - 4, y + 6), (40, 60, 170), 4)


MARKS: dict[str, Mark] = {"cross": cross, "tick": tick, "pen": pen}


def form_with(rows: Sequence[Sequence[tuple[bool | None, str]]], mark: Mark, side: int) -> Picture:
    """Rows of texts, each behind an empty or a ticked box or behind none."""
    image = Image.new("RGB", (1240, 120 + 64 * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        x, y = 80, 60 + 64 * number
        for is_ticked, text in row:
            if is_ticked is not None:
                top = y + 16 - side // 2
                draw.rectangle((x, top, x + side, top + side), outline="black", width=2)
                if is_ticked:
                    mark(draw, x, top, side)
                x += side + 14
            draw.text((x, y), text, "black", FONT)
            x += round(FONT.getlength(text)) + 50
    return np.asarray(image)


FORMS = {
    "Vietnamese": [
        [(None, "Giới tính:"), (True, "Nam"), (False, "Nữ")],
        [(False, "Đã kết hôn"), (True, "Độc thân")],
        [(None, "Đề nghị cấp lại giấy chứng nhận do:")],
        [(True, "Bị mất"), (False, "Bị hỏng"), (False, "Thay đổi thông tin")],
    ],
    "English": [
        [(None, "The rules are known to me"), (True, "Yes"), (False, "No")],
        [(False, "Send the papers by mail")],
        [(True, "Somebody will fetch them")],
        [(None, "Date and signature of the applicant")],
    ],
}


def wanted(form: Sequence[Sequence[tuple[bool | None, str]]]) -> list[str]:
    signs = {None: "", True: "☑ ", False: "☐ "}
    return [" ".join(signs[is_ticked] + text for is_ticked, text in row) for row in form]


def boxes_of(picture: Picture, lines: Quads) -> list[CheckBox]:
    look = Look.of(Sheet(picture, lines))
    assert look
    return find_check_boxes(frames.find_frames(look), look.scale)


@pytest.mark.parametrize("side", [20, 34])
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("form", FORMS)
def test_boxes_are_told_ticked_or_empty(reader: Reader, form: str, mark: str, side: int) -> None:
    page = reader.read(form_with(FORMS[form], MARKS[mark], side)).page
    assert text_read(page).split("\n") == wanted(FORMS[form])
    assert page.warnings == ()


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("form", FORMS)
def test_boxes_within_the_frame_of_a_form_and_its_rows_are_told(
    reader: Reader, form: str, mark: str
) -> None:
    image = Image.fromarray(form_with(FORMS[form], MARKS[mark], 26))
    draw = ImageDraw.Draw(image)
    bottom = 44 + 64 * len(FORMS[form])
    draw.rectangle((40, 44, 1200, bottom), outline="black", width=2)
    for y in range(108, bottom, 64):
        draw.line((40, y, 1200, y), "black", 2)
    assert text_read(reader.read(np.asarray(image)).page).split("\n") == wanted(FORMS[form])


def sign(text: str) -> Mark:
    """A letter or digit in the middle of a box."""

    def draw(picture: Draw, x: int, y: int, side: int) -> None:
        font = FONT.font_variant(size=round(0.8 * side))
        picture.text((x + side / 2, y + side / 2), text, "black", font, anchor="mm")

    return draw


@pytest.mark.parametrize("text", ["2", "7", "1", "B"])
@pytest.mark.parametrize("form", FORMS)
def test_a_letter_or_a_digit_in_a_box_is_what_the_box_says(
    reader: Reader, form: str, text: str
) -> None:
    page = reader.read(form_with(FORMS[form], sign(text), 30)).page
    assert text_read(page).split("\n") == [row.replace("☑", text) for row in wanted(FORMS[form])]


def hatching(draw: Draw, x: int, y: int, side: int) -> None:
    for start in range(-side, side, 8):
        first, last = max(0, -start), min(side, side - start)
        draw.line((x + first, y + side - first - start, x + last, y + side - last - start), 0, 2)


def grille(draw: Draw, x: int, y: int, side: int) -> None:
    for at in range(6, side, 7):
        draw.line((x, y + at, x + at, y), "black", 2)
        draw.line((x + at, y + side, x + side, y + at), "black", 2)


@pytest.mark.parametrize("side", [28, 34, 40])
@pytest.mark.parametrize("drawn", [hatching, grille])
@pytest.mark.parametrize(
    "texts",
    [("Đất ở đô thị", "Tường gạch"), ("Concrete wall", "Sand"), ("Khu vực cấm", "Closed area")],
)
def test_hatched_squares_of_a_legend_are_not_ticked(
    reader: Reader, texts: Sequence[str], drawn: Mark, side: int
) -> None:
    picture = form_with([[(True, text)] for text in texts], drawn, side)
    assert text_read(reader.read(picture).page).split("\n") == list(texts)


def test_boxes_of_a_tilted_page_are_told(reader: Reader) -> None:
    picture = tilted(form_with(FORMS["English"], cross, 26), 1.5)
    assert text_read(reader.read(picture).page).split("\n") == wanted(FORMS["English"])


@pytest.mark.parametrize("name", ["decree", "receipt", "columns"])
def test_letters_are_no_boxes(reader: Reader, name: str) -> None:
    text = text_read(reader.read(picture_of(name)).page)
    assert "☐" not in text
    assert "☑" not in text


@pytest.mark.parametrize("text", ["D O Q 0 B 8 Z", "ĐỒNG DO DÂN BẦU", "ODD 80 BOOKS DOZEN"])
def test_round_letters_in_large_print_are_no_boxes(reader: Reader, text: str) -> None:
    image = Image.new("RGB", (1000, 200), "white")
    font = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", 40)
    ImageDraw.Draw(image).text((60, 70), text, "black", font)
    read = text_read(reader.read(np.asarray(image)).page)
    assert "☐" not in read
    assert "☑" not in read


@pytest.mark.parametrize("size", [14, 17, 20, 28])
@pytest.mark.parametrize("name", ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"])
def test_letters_of_every_size_are_no_boxes(name: str, size: int) -> None:
    image = Image.new("RGB", (900, 260), "white")
    font = ImageFont.truetype(FONTS / f"{name}.ttf", size)
    texts = ("ROBERT DOE OOO DBPQ 0123456789", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA", "Độc lập - Tự do")
    for number, text in enumerate(texts):
        ImageDraw.Draw(image).text((20, 20 + 80 * number), text, "black", font)
    line = np.array([[(0, 0), (300, 0), (300, 1.5 * size), (0, 1.5 * size)]], np.float32)
    assert boxes_of(np.asarray(image), line) == []


@pytest.mark.parametrize("name", ["decree", "receipt", "columns"])
def test_only_what_may_be_a_box_is_looked_at_closely(
    reader: Reader, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []
    closely = frames._frames

    def counting(ink: np.ndarray, place: frames.Area) -> Iterator[frames.Frame]:
        looked_at.append(ink.size)
        return closely(ink, place)

    monkeypatch.setattr(frames, "_frames", counting)
    picture = picture_of(name)
    reader.read(picture)
    assert sum(looked_at) < picture[..., 0].size / 2


@pytest.mark.parametrize("scale", np.linspace(1.17, 1.27, 6))
@pytest.mark.parametrize("side", [20, 22, 28])
@pytest.mark.parametrize("mark", MARKS)
def test_small_boxes_are_found_whatever_the_lines_around_measure(
    mark: str, side: int, scale: float
) -> None:
    picture = form_with(FORMS["English"], MARKS[mark], side)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    assert len(frames.find_frames(Look.at(grey, Small.at(grey, scale / 2)))) == sum(
        row.count("☑") + row.count("☐") for row in wanted(FORMS["English"])
    )


@pytest.mark.parametrize("shade", [255, 128])
def test_a_page_without_any_ink_has_no_boxes(shade: int) -> None:
    line = np.array([[(0, 0), (300, 0), (300, 20), (0, 20)]], np.float32)
    assert boxes_of(np.full((200, 400, 3), shade, np.uint8), line) == []


def test_a_page_full_of_boxes_is_looked_at_once() -> None:
    picture = np.full((1200, 1600, 3), 255, np.uint8)
    for top in range(20, 1160, 60):
        for left in range(20, 1560, 60):
            picture[top : top + 24, left : left + 24] = 0
            picture[top + 2 : top + 22, left + 2 : left + 22] = 255
    line = np.array([[(0, 0), (300, 0), (300, 30), (0, 30)]], np.float32)
    assert len(boxes_of(picture, line)) == 19 * 26


@pytest.mark.parametrize("side", [180, 278, 500])
def test_a_field_of_colours_is_no_ticked_box(reader: Reader, side: int) -> None:
    down, across = np.mgrid[:side, :side] - side / 2
    off = np.hypot(down, across) / (side / 2)
    inner, outer = np.clip(1.6 - 3 * off, 0, 1), np.clip(2 * off - 1, 0, 1)
    colours = 255 * np.stack((1 - inner, 1 - inner - outer, 1 - outer), axis=2)
    assert "☑" not in text_read(reader.read(colours.astype(np.uint8)).page)


def test_places_for_single_digits_are_no_check_boxes(reader: Reader) -> None:
    image = Image.new("RGB", (1000, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.text((60, 80), "Mã số thuế", "black", FONT)
    for number, digit in enumerate("0312345678"):
        left = 300 + 40 * number
        draw.rectangle((left, 78, left + 30, 110), outline="black", width=2)
        draw.text((left + 8, 80), digit, "black", FONT)
    read = text_read(reader.read(np.asarray(image)).page)
    assert "☑" not in read
