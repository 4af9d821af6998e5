"""Join what a narrow gap cut out of a word: `DƯ ỠNG` is `DƯỠNG`, `Pa per` is `Paper`.

Vietnamese is written in syllables, and most of what a gap leaves of one is none. Whether it is, the
language model says; the wider a gap is beside others of its line, the surer that must be. Parts of
an English word are often words: it stands in a list, and no gap in it is as wide as a space.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from worker.ocr.recognition.ctc import Span, confidence_of
from worker.ocr.recognition.english import is_english
from worker.ocr.recognition.language import Language, base_of, chance_of

_LONGEST = 7
"""Letters of a syllable: `nghiêng`."""
_LONGEST_ENGLISH = 18
"""Letters, the `s` of `chairman's` among them."""
_LEAST, _LEAST_AT_USUAL = 8.0, 14.0
"""By how much likelier than its parts a syllable must be, in log chances: at all, and with a gap as
wide as is usual in its line. Words of real pages that stand side by side reach 10 (`S ở`)."""
_WIDEST = 1.2
"""Of the usual gap: what is wider is meant."""
_MOST_PARTS = 4
_SYLLABLE = re.compile(r"^[^\w ]*([^\W\d_]+(?: [^\W\d_]+)+)[^\w ]*$")
"""Parts of letters alone; signs stand round them only."""
_VOWELS = "".join(
    char for char in map(chr, range(0x1EFA)) if base_of(char).lower() in set("aeiouy")
)
_ONE_SYLLABLE = re.compile(rf"^\W*[^\W\d_{_VOWELS}]*[{_VOWELS}]+[^\W\d_{_VOWELS}]*\W*$")
"""With vowels in one place only, as every syllable has them."""
_NO_MORE = re.compile(rf"^\W*[^\W\d_{_VOWELS}]*[{_VOWELS}]*[^\W\d_{_VOWELS}]*\W*$")
"""What may become such a one: whatever is written behind other words takes nothing away."""
_ENGLISH = re.compile(r"^[^\w ]*([A-Z]?[a-z]+|[A-Z]+)(?:['’][sS])?[^\w ]*$")
"""A word in the usual cases."""
_MAY_BE_ENGLISH = re.compile(r"^[^\w ]*[A-Za-z]*(?:['’][sS]?)?[^\w ]*$")
"""What may become such a one: quotes, dashes and dots of any kind stand round words."""
_NO_SPACE = 0.4
"""Widths of a letter. The gaps in words that were cut reach 0.34, a narrow space has a half."""


def whole_syllables(spans: Sequence[Span], language: Language | None) -> list[Span]:
    """The words of a line, in order, with the parts of syllables together."""
    words = list(spans)
    if language is None or len(words) < 2:
        return words
    usual = max(median(after.start - before.end for before, after in pairwise(words)), 1e-6)
    while chosen := _chosen(words, usual, language):
        for first, last in reversed(chosen):
            words[first:last] = [_together(words[first:last])]
    return words


def _chosen(words: Sequence[Span], usual: float, language: Language) -> list[tuple[int, int]]:
    """Runs of words that are one each, the surest first to choose, none of them in another."""
    runs = (
        (_surplus(words[first:last], is_narrow, usual, language), first, last)
        for first, last, is_narrow in _runs(words, usual)
    )
    taken: set[int] = set()
    chosen = []
    for _, first, last in sorted((run for run in runs if run[0] >= 0), reverse=True):
        if taken.isdisjoint(range(first, last)):
            taken.update(range(first, last))
            chosen.append((first, last))
    return sorted(chosen)


def _runs(words: Sequence[Span], usual: float) -> Iterator[tuple[int, int, bool]]:
    """Where words stand that may be parts of one, by their letters and gaps, and whether no gap is
    as wide as a space. Most words that stand side by side are none: that is seen here."""
    for first in range(len(words) - 1):
        is_narrow, together = True, words[first].text
        for last in range(first + 2, min(first + _MOST_PARTS, len(words)) + 1):
            before, after = words[last - 2 : last]
            if after.start - before.end > _WIDEST * usual:
                break
            is_narrow = is_narrow and _is_narrow(before, after)
            together += after.text
            if not (is_narrow and _MAY_BE_ENGLISH.match(together)) and not _NO_MORE.match(together):
                break
            if sum(map(str.isalpha, together)) > (_LONGEST_ENGLISH if is_narrow else _LONGEST):
                break
            yield first, last, is_narrow


def _is_narrow(before: Span, after: Span) -> bool:
    """Whether the gap between two words is narrower than a space."""
    lengths = before.end - before.start + after.end - after.start
    gap = after.start - before.end
    return gap * (len(before.text) + len(after.text)) <= _NO_SPACE * lengths


def _surplus(parts: Sequence[Span], is_narrow: bool, usual: float, language: Language) -> float:
    """How much surer than need be it is that these are one word; below 0 they are not."""
    texts = [part.text for part in parts]
    word = "".join(texts)
    if is_narrow and _is_english(texts, word):
        return float(len(parts))
    if word.isascii() or not _ONE_SYLLABLE.match(word):  # so of most pairs nobody has to be asked
        return -math.inf
    found = _SYLLABLE.match(" ".join(texts))
    letters = found[1].split(" ") if found else []
    joined = "".join(letters)
    gaps = [(after.start - before.end) / usual for before, after in pairwise(parts)]
    if max(gaps) > _WIDEST or not 0 < len(joined) <= _LONGEST or joined.isascii():
        return -math.inf
    gain = chance_of(joined, language) - sum(chance_of(part, language) for part in letters)
    return gain - sum(max(_LEAST, _LEAST_AT_USUAL * gap) for gap in gaps)


def _is_english(texts: Sequence[str], word: str) -> bool:
    """Whether these are the parts of one English word, two letters each at least."""
    found = _ENGLISH.match(word)
    return found is not None and min(map(len, texts)) > 1 and is_english(found[1])


def _together(parts: Sequence[Span]) -> Span:
    return Span(
        "".join(part.text for part in parts),
        confidence_of(parts),
        parts[0].start,
        parts[-1].end,
        math.prod(part.chance for part in parts),
        " ".join(part.seen or part.text for part in parts),
    )
