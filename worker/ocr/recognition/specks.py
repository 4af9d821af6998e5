"""Drop from a line's ends what specks, pen strokes and the rims of stamps were taken for."""

from __future__ import annotations

from collections.abc import Sequence

from worker.ocr.recognition.ctc import Span

_SURE = 0.8
"""From this confidence on a mark is believed: specks come out between 0.4 and 0.7."""
_COMMON = frozenset("-–—.,:;!?()[]{}\"'“”‘’/%&*+=#@$€₫")
"""Marks that stand by themselves at the ends of real lines: lists, prices, blanks to fill in."""


def without_specks(words: Sequence[Span]) -> Sequence[Span]:
    """The words of a line without lone rare marks at its start and end that are not sure."""
    start, end = 0, len(words)
    while start < end and _is_speck(words[start]):
        start += 1
    while end > start and _is_speck(words[end - 1]):
        end -= 1
    return words[start:end]


def _is_speck(word: Span) -> bool:
    if len(word.text) > 1 or word.confidence >= _SURE:
        return False
    return not word.text.isalnum() and word.text not in _COMMON
