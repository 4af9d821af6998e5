"""Words of columns that ran into each other, and were read as one."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from shared.result import Point, Word

_AMOUNT = re.compile(r"\d{1,3}(?:[.,]\d{3})+(?=\d)")


def heading_end(text: str) -> int:
    """Where a heading ends that the next ran into, as in `giáThành`; 0 where none did."""
    letters = enumerate(pairwise(text), 1)
    return next((at for at, (one, after) in letters if one.islower() and after.isupper()), 0)


def amount_end(text: str) -> int:
    """The same of amounts, as in `527,00010,540,000`."""
    match = _AMOUNT.match(text)
    return match.end() if match else 0


def parted(word: Word, end: Callable[[str], int]) -> list[Word]:
    """A word as two or more where one ran into the next."""
    at = end(word.text)
    if not at:
        return [word]
    share, (left_top, right_top, right_low, left_low) = at / len(word.text), word.box
    top, low = _between(left_top, right_top, share), _between(left_low, right_low, share)
    one = word.model_copy(update={"text": word.text[:at], "box": (left_top, top, low, left_low)})
    after = word.model_copy(
        update={"text": word.text[at:], "box": (top, right_top, right_low, low)}
    )
    return [one, *parted(after, end)]


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])
