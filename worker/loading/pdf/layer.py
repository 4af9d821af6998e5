"""The text layer of a PDF page: the words that it draws, whether they are true or not."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from worker.loading.pdf.characters import UNKNOWN, Character, characters
from worker.ocr.layer.words import LayerWord

_MOST_WORDS = 10_000
"""A page of a directory has 3,000; laying more over the picture takes the worker too long."""
_SAME_LINE = 0.5  # of the lower one's height
_WORD_GAP = 0.5
"""In heights: letters further apart are of two words even where the file has no space."""
_SAME_PLACE = 0.5
"""Of a letter's width: an equal letter that is no further on was painted twice."""


def read_layer(text_page: Any, page: Any, width: int, height: int, rotate: int) -> list[LayerWord]:
    """The words of a page that renders as `width` x `height` pixels, in the order of the file."""
    words: list[LayerWord] = []
    group: list[Character] = []
    fonts: dict[frozenset[int], int] = {}
    for character in characters(text_page, page, width, height, rotate):
        if group and not (character.text and _continues(group[-1], character)):
            words.append(_word(group, fonts))
            group = []
        if character.text:
            group.append(character)
        if len(words) > _MOST_WORDS:
            return []
    return [*words, _word(group, fonts)] if group else words


def _continues(before: Character, after: Character) -> bool:
    if before.is_turned != after.is_turned:
        return False
    if before.is_turned:
        return True
    _, top, right, bottom = before.place
    left, next_top, _, next_bottom = after.place
    height = min(bottom - top, next_bottom - next_top)
    if min(bottom, next_bottom) - max(top, next_top) < _SAME_LINE * height:
        return False
    return -height < left - right < _WORD_GAP * height


def _word(group: Sequence[Character], fonts: dict[frozenset[int], int]) -> LayerWord:
    text = unicodedata.normalize("NFC", "".join(c.text for c in group))
    return LayerWord(
        text,
        min(c.place[0] for c in group),
        min(c.place[1] for c in group),
        max(c.place[2] for c in group),
        max(c.place[3] for c in group),
        fonts.setdefault(frozenset(c.font for c in group), len(fonts)),
        UNKNOWN not in text and not _is_painted_twice(group),
    )


def _is_painted_twice(group: Sequence[Character]) -> bool:
    return any(
        before.text == after.text
        and not after.is_turned
        and after.place[0] - before.place[0] < _SAME_PLACE * (after.place[2] - after.place[0])
        for before, after in pairwise(group)
    )
