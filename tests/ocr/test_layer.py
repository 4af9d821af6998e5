"""A layer whose words the picture confirms gives its exact text."""

from __future__ import annotations

import re

import pytest

from shared.result import page_text
from tests.formats.documents import DECREE, Letters, document, written
from tests.ocr.layered import (
    ENGLISH,
    LETTERS,
    See,
    both_languages,
    lines,
    lying,
    pdf,
    permuted,
)
from worker.hints import BULK_SAMPLES, SAMPLES
from worker.ocr.layer.alignment import likeness
from worker.ocr.reader import Reader


@both_languages
@pytest.mark.parametrize("samples", [BULK_SAMPLES, SAMPLES])
def test_a_sound_layer_gives_its_exact_text(see: See, text: tuple[str], samples: int) -> None:
    page = see(pdf(lines(*text)), samples)
    assert page.source == "text_layer"
    assert page_text(page) == "\n".join(text)
    certain = {word.text for line in page.lines for word in line.words if word.confidence == 1}
    others = {word.text for line in page.lines for word in line.words if word.confidence < 1}
    assert certain, "what was read and agreed"
    assert others or samples == SAMPLES, "and not what nobody looked at"


def test_the_layer_of_a_page_that_lies_on_its_side_is_turned_with_it(see: See) -> None:
    turned = b"q 0 1 -1 0 460 0 cm %s Q" % lines(*DECREE)
    page = see(document([turned], LETTERS, entries=b"/MediaBox [0 0 460 460] "))
    assert page.rotation == 90
    assert page_text(page) == "\n".join(DECREE)
    assert page.source == "text_layer"


@pytest.mark.parametrize(
    "text",
    [
        "Mitarbeiter arbeiten in über 100 Ländern für schöne Dinge",
        "Výbava na přání a další doplňky",
        "Kişisel bilgilerin korunması için gerekli önlemler",
    ],
    ids=["German", "Czech", "Turkish"],
)
def test_letters_that_the_reader_cannot_write_do_not_contradict_a_layer(
    see: See, text: str
) -> None:
    page = see(pdf(lines(text, font=Letters(text)), font=Letters(text)))
    assert (page.source, page_text(page)) == ("text_layer", text)


RAISED = {
    "area": "Diện tích đất là 120 m^2 và 35 m^3 cát vàng",
    "note": "Theo Điều 15^1 của Luật Đất đai năm 2024",
    "notes": "as was shown before^12 and by others^3 as well",
}


@pytest.mark.parametrize("text", RAISED.values(), ids=RAISED)
def test_a_small_digit_above_the_line_is_no_digit_of_the_number_before(see: See, text: str) -> None:
    font = Letters(text)
    parts = [
        b"/F %d Tf %d Ts %s Tj" % (*((7, 5) if number % 2 else (12, 0)), font.encoded(part))
        for number, part in enumerate(re.split(r"\^(\d+)", text))
    ]
    page = see(pdf(b"BT 1 0 0 1 30 250 Tm %s ET" % b" ".join(parts), font=font))
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    wanted = re.sub(r"\^(\d+)", lambda found: found[1].translate(raised), text)
    assert (page.source, page_text(page)) == ("text_layer", wanted)


@pytest.mark.parametrize("text", ["Mã số thuế 0301|452923", "Account no. VN12|34AB56"])
def test_letters_of_a_code_that_are_set_apart_are_of_one_word(see: See, text: str) -> None:
    font = Letters(text)
    parts = b" -136 ".join(map(font.encoded, text.split("|")))
    page = see(pdf(b"BT /F 14 Tf 1 0 0 1 30 250 Tm [%s] TJ ET" % parts, font=font))
    assert page_text(page) == text.replace("|", "")


@pytest.mark.parametrize(
    "text",
    [
        "The inter|national organi|sation of trade",
        "Donau|dampf|schiff und Eisen|bahn",
        "Sáu ki|lô|mét và ba mươi xen|ti|mét",
    ],
)
def test_a_hyphen_that_takes_no_room_is_none(see: See, text: str) -> None:
    page = see(lying([text.replace("|", "\u200b")], [text.replace("|", "\u00ad")]))
    assert page_text(page) == text.replace("|", "")


def test_a_layer_that_is_trusted_is_taken_unseen(see: See) -> None:
    page = see(lying([*ENGLISH], [permuted(line, 3) for line in ENGLISH]), samples=0)
    assert page.source == "text_layer"
    assert likeness(page_text(page), "\n".join(ENGLISH)) < 0.5
    assert max(line.confidence for line in page.lines) < 1, "nobody confirmed it"


def test_a_layer_costs_far_fewer_pixels_than_reading(
    reader: Reader, see: See, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the recogniser is given, with the hint and without, of the same page."""
    content = document([written(DECREE * 6, LETTERS, top=800)], LETTERS)
    given: list[int] = []
    submit = reader._batcher.submit

    def counted(groups, **asker):  # type: ignore[no-untyped-def]
        lines = (group for group in groups if group.key.task == "recognize")
        given.extend(group.pixels * len(group.payloads) for group in lines)
        return submit(groups, **asker)

    monkeypatch.setattr(reader._batcher, "submit", counted)
    costs = {}
    for samples in (None, SAMPLES, BULK_SAMPLES):
        given.clear()
        see(content, samples)
        costs[samples] = sum(given)
    assert 4 * costs[SAMPLES] < costs[None] and 0 < costs[BULK_SAMPLES] < costs[SAMPLES]
