"""Tell I from l, which many fonts draw alike, where the letters and words around say which."""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker.ocr.recognition.ctc import Span

_LONE = re.compile(r"^(\W*)l$")
_SHORTENED = re.compile(r"^(\W*)l(?=['’](?![aeiouh])[a-z])")
"""Of `I'm`, `I've`; French has `l'` before vowels and a silent h only."""
_BESIDE_L = re.compile(r"(?<=[^\W\d_])I+(?=l)|(?<=l)I+(?![^\Wa-z])")
"""No word goes from one case to the other there: `AIl`, `wilI`."""


def told_apart(words: Sequence[Span]) -> list[Span]:
    """The words of a line, in order, with I in the place of an l that cannot be one, or l of I."""
    return [_told(place, words) if "l" in word.text else word for place, word in enumerate(words)]


def _told(place: int, words: Sequence[Span]) -> Span:
    word = words[place]
    text = _written(place, words)
    return word if text == word.text else word._replace(text=text, seen=word.seen or word.text)


def _written(place: int, words: Sequence[Span]) -> str:
    text = words[place].text
    if _LONE.match(text) and _is_pronoun(place, words):
        return _LONE.sub(r"\1I", text)
    return _BESIDE_L.sub(lambda found: "l" * len(found[0]), _SHORTENED.sub(r"\1I", text))


def _is_pronoun(place: int, words: Sequence[Span]) -> bool:
    """Whether words stand round a letter, not a figure before it, as before litres."""
    after = words[place + 1].text if place + 1 < len(words) else ""
    is_measure = place > 0 and words[place - 1].text[-1].isdigit()
    return after.isalpha() and len(after) > 1 and not is_measure
