"""Synthesised documents: labelled with the fields of their template, the same for a seed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from shared.fields.template import load_templates
from shared.fields.values import check_fails, value_of
from training.documents.__main__ import TYPES
from training.documents.official import official_document
from training.documents.sheet import Sheet
from training.documents.vocabulary import in_words


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_labels_are_fields_of_the_template_with_values_of_their_kind(kind: str) -> None:
    template = load_templates()[kind]
    made = TYPES[kind](random.Random(5))
    assert made.fields and made.fields.keys() <= template.fields.keys()
    for name, value in made.fields.items():
        field_kind = template.fields[name].kind
        assert check_fails(field_kind, value) is None
        if field_kind == "date":
            assert value_of("date", value) == value
    columns = template.items.columns.keys() if template.items else set()
    assert all(item.keys() <= columns for item in made.items)
    assert np.asarray(made.picture).min() < 64, "nothing is written on it"


def test_a_seed_makes_the_same_document() -> None:
    one, other = (TYPES["receipt"](random.Random("a")) for _ in range(2))
    assert one.fields == other.fields
    assert np.array_equal(np.asarray(one.picture), np.asarray(other.picture))


@pytest.mark.parametrize("number", [5, 15, 21, 105, 110, 1_205_000, 17_953_000, 2_000_000_015])
def test_amounts_are_written_out_as_they_are_read(number: int) -> None:
    assert value_of("amount_in_words", in_words(number)) == number


def test_what_would_leave_the_sheet_is_set_smaller() -> None:
    sheet = Sheet(300, 100, "DejaVu Sans", 28)
    assert sheet.wide("Quốc tịch: Việt Nam") > 200
    assert sheet.write(100, 10, "Quốc tịch: Việt Nam") <= 300


def test_the_blocks_of_a_letterhead_do_not_run_into_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: dict[str, float] = {}
    write = Sheet.write

    def written(self: Sheet, x: float, y: float, text: str, *more: object) -> float:
        end = write(self, x, y, text, *more)  # type: ignore[arg-type]
        ends.setdefault(text, end)
        return end

    monkeypatch.setattr(Sheet, "write", written)
    for number in range(40):
        ends.clear()
        official_document(random.Random(number))
        centre = 0.7 * 1240
        begins = 2 * centre - ends["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]
        assert next(iter(ends.values())) < begins
