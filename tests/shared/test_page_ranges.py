"""Which pages are wanted, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.page_ranges import PageRanges


@pytest.mark.parametrize(
    ("text", "num_pages", "pages"),
    [
        ("1", 3, [1]),
        ("1-3,7", 10, [1, 2, 3, 7]),
        (" 2 , 1 ", 3, [1, 2]),
        ("3-5,4-6,4", 9, [3, 4, 5, 6]),
        ("2-999999", 4, [2, 3, 4]),
        ("5", 4, []),
    ],
)
def test_ranges_select_pages_in_order_once_each(
    text: str, num_pages: int, pages: list[int]
) -> None:
    assert PageRanges.parse(text).select(num_pages) == pages


@pytest.mark.parametrize(
    "text",
    ["", ",", "0", "1,", "-1", "1-", "3-1", "1--2", "a", "1.5", "+1", "٣", "1" * 7, "1," * 600],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it (must be written like|is longer)"):
        PageRanges.parse(text)


@given(st.text(st.sampled_from("0123456789-, "), max_size=20))
def test_a_text_is_refused_or_selects_pages_of_the_document(text: str) -> None:
    try:
        pages = PageRanges.parse(text).select(50)
    except ValueError:
        return
    assert pages == sorted(set(pages)) and all(1 <= page <= 50 for page in pages)
