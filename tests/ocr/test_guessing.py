"""Letters that a stamp hides are guessed among what the network may have seen, and stay unsure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from training.measuring.scoring import distance, normalise
from worker.ocr.reader import Reader
from worker.ocr.recognition import batch_client
from worker.ocr.recognition.ctc import SPACE, characters_of
from worker.ocr.recognition.guessing import guessed
from worker.ocr.recognition.language import vietnamese

CHARACTERS = SPACE + "abcdghinqtuyàậạìầ0123456789"
Step = Sequence[tuple[str, float]]
"""What is seen at a time step, the surest first; no letter is the blank."""


def seen(word: str) -> list[Step]:
    """A word that is seen for sure, letter by letter."""
    return [step for char in word for step in ([(char, 0.99)], [("", 0.99)])]


def read(
    steps: Sequence[Step], *, guess: bool = True, characters: str = CHARACTERS
) -> tuple[str, float]:
    """The text of a line, and how sure its least sure letter is."""
    width = max(map(len, steps))
    classes = np.zeros((len(steps), width), np.int64)
    chances = np.zeros((len(steps), width), np.float32)
    for number, step in enumerate(steps):
        for rank, (char, chance) in enumerate(step):
            classes[number, rank] = characters.index(char) + 1 if char else 0
            chances[number, rank] = chance
    lines = guessed([classes], [chances], characters, vietnamese()) if guess else None
    (best,), (sure,) = lines or ([classes], [chances])
    decoded = characters_of([best[:, 0]], [sure[:, 0]], characters)
    return "".join(decoded.texts), float(decoded.confidences.min())


CUT: list[Step] = [
    [("b", 0.99)],
    [("ì", 0.85), ("", 0.14)],
    [("ầ", 0.32), ("", 0.23), ("ì", 0.12)],
    [("n", 0.94)],
    [("", 0.6), (SPACE, 0.3), ("h", 0.03)],
]


def test_what_is_left_of_a_syllable_becomes_one_and_stays_unsure() -> None:
    line = [*seen("quận "), *CUT, *seen(" thạnh")]
    assert read(line, guess=False)[0] == "quận bìần thạnh"
    text, least = read(line)
    assert text == "quận bình thạnh"
    assert least < 0.5


def test_a_step_of_which_nothing_is_seen_keeps_no_page_from_being_read() -> None:
    dark: Step = [("", 0.0005), ("h", 0.0004)]  # of a network that writes thousands of characters
    assert read([*seen("quận "), *CUT[:4], dark, *CUT[4:], *seen(" thạnh")])[0] == "quận bình thạnh"


def test_a_network_that_writes_no_space_is_asked_for_one_word() -> None:
    assert read([*CUT[:4], [("", 0.6), ("h", 0.3)]], characters=CHARACTERS[1:])[0] == "bình"


def test_what_was_seen_for_sure_stays_whatever_it_is() -> None:
    assert read(seen("ầbn bìần ậq"))[0] == "ầbn bìần ậq"


def test_digits_that_are_cut_are_what_is_seen_best() -> None:
    """To the language they are alike."""
    cut: list[Step] = [[("8", 0.4), ("3", 0.35), ("", 0.2)], [("", 0.99)]]
    assert read([*seen("ngày "), *cut, *seen("0")])[0] == "ngày 80"


@pytest.mark.parametrize("empty", [[], [[("", 0.99)]], [[(SPACE, 0.99)]]])
def test_a_line_without_letters_is_none(empty: list[Step]) -> None:
    classes = np.zeros((len(empty), 1), np.int64)
    for number, ((char, _),) in enumerate(empty):
        classes[number] = CHARACTERS.index(char) + 1 if char else 0
    sure = np.full((len(empty), 1), 0.99, np.float32)
    (own,), _ = guessed([classes], [sure], CHARACTERS, vietnamese())
    assert own.tolist() == classes.tolist()


def stamped(lines: Sequence[str], place: tuple[int, int]) -> Picture:
    """Print with a red stamp over it that lets nothing through."""
    font, bold = (
        ImageFont.truetype(FONTS / f"{name}.ttf", size)
        for name, size in (("DejaVuSans", 29), ("DejaVuSans-Bold", 38))
    )
    page = Image.new("RGB", (1100, 330), "white")
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((40, 30 + 70 * number), line, "black", font)
    (x, y), ink = place, (210, 20, 40)
    draw.rectangle((x, y, x + 410, y + 145), outline=ink, width=6)
    draw.text((x + 20, y + 12), "ĐÃ THANH TOÁN", ink, bold)
    draw.text((x + 60, y + 78), "12/05/2026", ink, bold)
    return np.asarray(page)


SALE = (
    "HÓA ĐƠN BÁN HÀNG SỐ 0004711",
    "Khách hàng: Công ty TNHH Ví Dụ, quận Bình Thạnh",
    "Số tiền phải trả: 12.500.000 đồng, hạn 30/06/2026",
    "Hình thức thanh toán: chuyển khoản qua ngân hàng",
)
ORDER = (
    "INVOICE NUMBER 0004711",
    "Customer: Example Trading Limited, Harbour Road",
    "Amount due: 1,250.00 euros, before 30 June 2026",
    "Payment by transfer to our account with the bank",
)


@pytest.mark.parametrize(
    ("lines", "share"), [(SALE, 0.9), (ORDER, 1.0)], ids=["Vietnamese", "English"]
)
def test_print_under_a_stamp_is_guessed_and_other_languages_are_left(
    reader: Reader, lines: Sequence[str], share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [stamped(lines, (x, 85)) for x in (240, 260, 440, 480, 500, 520, 540)]
    with_guesses = sum(errors(reader, picture, lines) for picture in pictures)
    monkeypatch.setattr(batch_client, "guessed", lambda own, sure, *_: (own, sure))
    without = sum(errors(reader, picture, lines) for picture in pictures)
    assert with_guesses <= share * without


def errors(reader: Reader, picture: Picture, lines: Sequence[str]) -> int:
    """The letters that are wrong in the print of a page."""
    read = text_read(reader.read(picture).page).split("\n")[: len(lines)]
    return distance(normalise("\n".join(lines)), normalise("\n".join(read)))
