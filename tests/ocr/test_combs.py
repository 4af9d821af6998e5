"""Combs: places for one letter or digit each, as forms have for numbers and names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import picture_of, text_read, tilted
from worker.ocr.combs import find_combs
from worker.ocr.detection.scaling import LINE, Small
from worker.ocr.layer.words import Hint, LayerWord
from worker.ocr.outlines import Look
from worker.ocr.reader import Reader

FONT = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 28)
LABEL = FONT.font_variant(size=24)
FORMS = {
    "Vietnamese": (
        ("Mã số thuế:", "0312345678"),
        ("Họ và tên:", "TRẦN THỊ BÍCH NGỌC"),
        ("Số định danh:", "079201004567"),
        ("Thư điện tử:", "lehoang@mail"),
    ),
    "English": (
        ("Passport:", "B1234567"),
        ("Full name:", "JILL COOPER"),
        ("E-mail:", "rose@farm.com"),
        ("Date of birth:", "15081990"),
    ),
}
PLACES = 22


def places(number: int, pitch: float, gap: int, height: int) -> Iterator[tuple[float, float]]:
    """The left and the top edge of each place of the row of that number."""
    for place in range(PLACES):
        yield 320 + place * (pitch + gap), 90 + number * (height + 50)


def form_with(
    rows: Sequence[tuple[str, str]],
    *,
    gap: int = 0,
    pitch: int = 40,
    height: int = 46,
    thick: int = 2,
    grey: int = 0,
) -> Picture:
    """Labels with a comb behind each, in which a text stands letter by letter."""
    image = Image.new("RGB", (1400, 180 + len(rows) * (height + 50)), "white")
    draw = ImageDraw.Draw(image)
    for number, (label, text) in enumerate(rows):
        for place, (x, y) in enumerate(places(number, pitch, gap, height)):
            draw.rectangle((x, y, x + pitch, y + height), outline=(grey,) * 3, width=thick)
            if place < len(text):
                draw.text((x + pitch / 2, y + height / 2 + 10), text[place], 0, FONT, anchor="ms")
        draw.text((60, y + height / 2 + 10), label, 0, LABEL, anchor="ls")
    below = "Tôi cam đoan những điều trên là đúng."
    draw.text((60, image.height - 70), below, 0, LABEL, anchor="ls")
    return np.asarray(image)


def wanted(rows: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"{label} {text}" for label, text in rows]
    return [*lines, "Tôi cam đoan những điều trên là đúng."]


STYLES = {
    "touching": {},
    "thin and grey": {"thick": 1, "grey": 110},
    "narrow": {"pitch": 34, "height": 52, "thick": 1},
    "apart": {"gap": 7, "thick": 1},
    "nearly touching": {"gap": 3},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("form", FORMS)
def test_what_stands_letter_by_letter_is_read_as_words(
    reader: Reader, form: str, style: str
) -> None:
    page = reader.read(form_with(FORMS[form], **STYLES[style])).page
    assert text_read(page).split("\n") == wanted(FORMS[form])
    assert page.warnings == ()
    assert page.tables == ()


def test_each_word_is_where_its_letters_stand(reader: Reader) -> None:
    page = reader.read(form_with(FORMS["Vietnamese"])).page
    (name,) = (line for line in page.lines if "BÍCH" in line.text)
    word = next(word for word in name.words if word.text == "BÍCH")
    lefts = [x for x, _ in places(1, 40, 0, 46)]
    at = "TRẦN THỊ BÍCH NGỌC".index("BÍCH")
    assert word.box[0][0] == pytest.approx(lefts[at], abs=5)
    assert word.box[1][0] == pytest.approx(lefts[at + 4], abs=5)


@pytest.mark.parametrize("gap", [0, 7])
def test_combs_of_a_tilted_page_are_read(reader: Reader, gap: int) -> None:
    page = reader.read(tilted(form_with(FORMS["Vietnamese"], gap=gap), 0.8)).page
    assert text_read(page).split("\n") == wanted(FORMS["Vietnamese"])


def test_a_comb_within_the_frame_of_a_form_is_read(reader: Reader) -> None:
    image = Image.fromarray(form_with(FORMS["Vietnamese"]))
    ImageDraw.Draw(image).rectangle((30, 40, 1370, image.height - 40), outline=0, width=2)
    assert text_read(reader.read(np.asarray(image)).page).split("\n") == wanted(FORMS["Vietnamese"])


@pytest.mark.parametrize("gap", [0, 7])
def test_an_empty_comb_says_nothing(reader: Reader, gap: int) -> None:
    rows = [(label, "") for label, _ in FORMS["Vietnamese"]]
    page = reader.read(form_with(rows, gap=gap)).page
    assert text_read(page).split("\n") == [line.strip() for line in wanted(rows)]


def test_white_letters_on_a_dark_ground_do_not_vanish(reader: Reader) -> None:
    picture = np.array(form_with(FORMS["Vietnamese"]))
    top, bottom = 92, 135
    dark = picture[top:bottom, 322:1198]
    strokes = (dark < 128).all(axis=(0, 2))
    dark[:] = 90 + (255 - dark) // 255 * 165
    dark[:, strokes] = 0
    assert "0312345678" in text_read(reader.read(picture).page).replace(" ", "")


def test_the_letters_of_a_layer_in_a_comb_are_not_said_twice(reader: Reader) -> None:
    rows = FORMS["Vietnamese"]
    words = [
        LayerWord(letter, x + 10, y + 8, x + 30, y + 38, 0, True)
        for number, (_, text) in enumerate(rows)
        for letter, (x, y) in zip(text, places(number, 40, 0, 46), strict=False)
        if letter != " "
    ]
    page = reader.read(form_with(rows), hint=Hint(words, 3)).page
    assert text_read(page).split("\n") == wanted(rows)


def combs_of(picture: Picture) -> list[int]:
    """How many places each comb has that is found, whatever the lines around measure."""
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    looks = [Look.at(grey, Small.at(grey, LINE / line)) for line in (34, 38, 42)]
    return [len(comb.places) for look in looks for comb in find_combs(look, picture)]


def table(rows: Sequence[Sequence[str]], width: int) -> Picture:
    image = Image.new("RGB", (1400, 100 + 46 * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            x, y = 50 + width * column, 50 + 46 * number
            draw.rectangle((x, y, x + width, y + 46), outline=0, width=2)
            draw.text((x + width / 2, y + 33), text, 0, LABEL, anchor="ms")
    return np.asarray(image)


def test_the_cells_of_tables_are_no_combs() -> None:
    days = [[str(day) for day in range(week, week + 7)] for week in (1, 8, 15, 22)]
    assert combs_of(table(days, 44)) == []
    assert combs_of(table([["Thứ", "Hai", "Ba", "Tư"]], 120)) == []
    assert combs_of(table([["7"]], 44)) == []


def test_places_with_more_than_a_letter_are_no_comb(reader: Reader) -> None:
    page = reader.read(table([["10", "11", "12", "13"], *[[]] * 3, ["Số ngày của tháng"]], 48)).page
    assert "10 11 12 13" in text_read(page)


@pytest.mark.parametrize("name", ["decree", "receipt", "columns"])
def test_running_text_has_no_combs(name: str) -> None:
    assert combs_of(picture_of(name)) == []


@pytest.mark.parametrize("size", [24, 34, 46])
@pytest.mark.parametrize("text", ["DODO 0000 BBBB", "HHHH TTTT EEEE", "ĐỒNG DO DÂN BẦU"])
def test_large_letters_are_no_combs(text: str, size: int) -> None:
    image = Image.new("RGB", (1000, 200), "white")
    font = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", size)
    ImageDraw.Draw(image).text((60, 70), text, "black", font)
    assert combs_of(np.asarray(image)) == []
