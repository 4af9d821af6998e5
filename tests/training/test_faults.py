"""The split of errors: each is counted once, as what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measuring.faults import KINDS, split_of, table_of
from training.measuring.scoring import distance, normalise

_TEXT = st.text(alphabet="aáăbB1 .", max_size=25)


@pytest.mark.parametrize(
    ("wanted", "found", "kind", "count"),
    [
        ("TỔNG TIỀN", "TỖNG TIỂN", "tone", 2),
        ("người dân", "người đân", "tone", 1),
        ("quán xá", "quản xa", "tone", 2),
        ("Số 5", "số 5", "case", 1),
        ("không", "không1", "extra", 1),
        ("590 đ", "690 đ", "digit", 1),
        ("2011", "201 1", "spacing", 1),
        ("Tổng 16.000", "Tổng16.000", "spacing", 1),
        ("hết.", "hết,", "punctuation", 1),
        ("hoa đào", "hoa đàc", "letter", 1),
        ("một hai ba", "một ba", "missing", 3),
        ("một ba", "một hai ba", "extra", 3),
        ("cột trái cột phải xa", "cột phải xa cột trái", "order", 7),
    ],
)
def test_an_error_is_counted_as_what_it_is(wanted: str, found: str, kind: str, count: int) -> None:
    assert split_of([(wanted, found)]) == {kind: count}


def test_words_out_of_order_do_not_hide_what_else_is_wrong() -> None:
    split = split_of([("Bên A ký Bên B Tổng cộng", "Bên B Tỗng cộng Bên A ký")])
    assert (split["tone"], set(split)) == (1, {"order", "tone"})


def test_kinds_are_told_with_the_commonest_first() -> None:
    rows = table_of("x", split_of([("quán 5", "quản 6"), ("ấm", "am")])).splitlines()
    assert rows[2:] == ["| tone | 2 | 67 |", "| digit | 1 | 33 |"]


def test_nothing_wrong_is_no_error() -> None:
    assert not split_of([("“A” – b…", '"A" - b...')])


@given(_TEXT, _TEXT)
def test_what_is_not_about_order_makes_up_the_distance_or_a_little_more(a: str, b: str) -> None:
    split = split_of([(a, b)])
    assert set(split) <= set(KINDS)
    assert bool(split) == (normalise(a) != normalise(b))
    if not split["order"]:
        spaces = abs(len(a.split()) - len(b.split())) + len(b.split()) + len(a.split())
        assert split.total() <= distance(normalise(a), normalise(b)) * 4 + spaces
