"""The text layer of a PDF page: the words that it draws, whether they are true or not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from worker.loading.pdf.characters import UNKNOWN, Character, characters
from worker.ocr.layer.words import RAISED, SOFT_HYPHEN, LayerWord

_MOST_WORDS = 10_000
"""A page of a directory has 3,000; laying more over the picture takes the worker too long."""
_SAME_LINE = 0.5  # of the lower one's height
_LEVEL = 0.1
"""In heights: letters that stand so evenly are of one line, though the boxes of some fonts, as high
as the ink, part a comma from the word before it."""
_WORD_GAP = 0.5
"""In heights: letters further apart are of two words even where the file has no space."""
_SAME_PLACE = 0.5
"""Of a letter's width: an equal letter that is no further on was painted twice."""
_SMALLER, _HIGHER = 0.85, 0.2
"""Of the height of the letter before it: a digit that is so small and so far above the line is an
exponent or the number of a note, and no digit of the number that it follows."""


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
    common = min(bottom, next_bottom) - max(top, next_top)
    is_level = abs(after.line - before.line) <= _LEVEL * max(bottom - top, next_bottom - next_top)
    if common < _SAME_LINE * height and not is_level:
        return False
    return -height < left - right < _WORD_GAP * height


def _word(group: Sequence[Character], fonts: dict[frozenset[int], int]) -> LayerWord:
    text = unicodedata.normalize("NFC", "".join(_texts(group)))
    return LayerWord(
        text,
        min(c.place[0] for c in group),
        min(c.place[1] for c in group),
        max(c.place[2] for c in group),
        max(c.place[3] for c in group),
        fonts.setdefault(frozenset(c.font for c in group), len(fonts)),
        UNKNOWN not in text and not _is_painted_twice(group),
    )


def _texts(group: Sequence[Character]) -> Iterator[str]:
    """The characters of a word, digits above the line as such, without hyphens that have no room:
    programs leave those in where a word might be parted."""
    on_line = group[0]
    for character, after in zip(group, (*group[1:], None), strict=True):
        left, _, right, _ = character.place
        if after and character.text == SOFT_HYPHEN and after.place[0] < (left + right) / 2:
            continue
        is_raised = character.text in RAISED and _is_above(character, on_line)
        on_line = on_line if is_raised else character
        yield RAISED[character.text] if is_raised else character.text


def _is_above(small: Character, before: Character) -> bool:
    _, top, _, bottom = before.place
    height = bottom - top
    is_small = small.place[3] - small.place[1] <= _SMALLER * height
    return is_small and before.line - small.line >= _HIGHER * height and not small.is_turned


def _is_painted_twice(group: Sequence[Character]) -> bool:
    return any(
        before.text == after.text
        and not after.is_turned
        and after.place[0] - before.place[0] < _SAME_PLACE * (after.place[2] - after.place[0])
        for before, after in pairwise(group)
    )
