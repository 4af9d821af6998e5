"""Where the network doubts a mark, ask which letter Vietnamese would write there.

Greedy decoding stands, but a letter may give way to another with the same base letter (`o` to `ổ`,
`d` to `đ`) if the network saw that one too and the text around it speaks for it. Digits, signs,
spaces and the case stay as they were seen: a free beam turns codes and foreign names into words.

To the language hardly a word is right without its marks, so it would put one into `NGUYEN DUC`
wherever the network saw the least of it. Words that show no mark for sure are therefore weighed a
second way, too: as Vietnamese whose marks were left out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np

from worker.ocr.recognition.charset import LETTERS
from worker.ocr.recognition.ctc import Characters, Floats, Ints, characters_of
from worker.ocr.recognition.language import (
    BITS,
    CONTEXT,
    ORDER,
    Language,
    base_of,
    chance_of,
    code_of,
    codes_of,
)

_WEIGHT = 0.25
"""Of the language's log chances beside the network's. From 0.2 to 0.4 real lines come out alike."""
_LEAST_SHARE = 0.01
"""Letters that the network gives less than this share of the best one's chance are not in doubt."""
_BEAM = 10
_LEFT_OUT = -3.0
"""The log chance that words without a sure mark are printed without any."""
_MARKED = {
    base: tuple(letter for letter in LETTERS if base_of(letter) == base) for base in "adeiouy"
}


def decode(
    classes: Sequence[Ints],
    chances: Sequence[Floats],
    characters: str,
    language: Language | None,
) -> Characters:
    """The characters of lines, from the K best classes of their time steps, best first, (T, K).

    Without a language what the network sees best is what is read.
    """
    seen = characters_of(
        [line[:, 0] for line in classes], [line[:, 0] for line in chances], characters
    )
    if language is None:
        return seen
    texts, confidences, others = list(seen.texts), seen.confidences.copy(), dict[int, str]()
    doubts = doubts_of(seen, classes, chances, characters)
    for line, places in groupby(doubts, key=seen.lines.__getitem__):
        first, last = seen.firsts[line : line + 2].tolist()
        own = {place - first: doubts[place] for place in places}
        for place, (letter, sure) in weighed(texts[first:last], own, language).items():
            if letter != texts[first + place]:
                others[first + place] = texts[first + place]
            texts[first + place], confidences[first + place] = letter, sure
    return replace(seen, texts=texts, confidences=confidences, seen=others)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A letter that may be another, and the log chances that the network gives the candidates."""

    letters: tuple[str, ...]
    chances: tuple[float, ...]


def doubts_of(
    decoded: Characters, classes: Sequence[Ints], chances: Sequence[Floats], characters: str
) -> dict[int, Doubt]:
    """By place in `decoded`, in order, the letters that the network saw beside the chosen one.

    `classes` and `chances` (T, K) are the K best of each time step of each line.
    """
    found: dict[int, Doubt] = {}
    lines = decoded.lines
    for place in np.flatnonzero(decoded.confidences <= 1 - _LEAST_SHARE).tolist():
        base = base_of(decoded.texts[place])
        if not base:
            continue
        run = np.s_[decoded.starts[place] : decoded.ends[place]]
        numbers, shares = (best[lines[place]][run].ravel().tolist() for best in (classes, chances))
        least = _LEAST_SHARE * decoded.confidences[place]
        seen: dict[str, float] = {}
        for number, chance in zip(numbers, shares, strict=True):
            letter = characters[number - 1] if number else ""
            if chance >= least and base_of(letter) == base:
                seen[letter] = max(seen.get(letter, 0.0), chance)
        if len(seen) > 1:
            found[place] = Doubt(tuple(seen), tuple(math.log(chance) for chance in seen.values()))
    return found


def weighed(
    letters: list[str], doubts: dict[int, Doubt], language: Language
) -> dict[int, tuple[str, float]]:
    """By place, the likeliest letter at each doubt of a line, as sure as it is among them."""
    chosen = _likeliest(letters, doubts, language)
    found = {}
    for place, doubt in doubts.items():
        together = min(1.0, sum(math.exp(chance) for chance in doubt.chances))
        found[place] = chosen[place], together * _share(chosen, place, doubt, language)
    for words in _open_words(chosen, doubts):
        found |= _without_marks(words, chosen, doubts, language)
    return found


def _open_words(letters: Sequence[str], doubts: dict[int, Doubt]) -> Iterator[list[range]]:
    """Runs of two words and more, by the places of their letters, that show no mark for sure.

    One word alone, between others with marks, says little of how it was printed.
    """

    def may_be_bare(word: range) -> bool:
        return all(
            base_of(letters[place])
            in (doubts[place].letters if place in doubts else letters[place])
            for place in word
        )

    words = []
    for is_word, group in groupby(range(len(letters)), key=lambda place: letters[place].isalpha()):
        places = list(group)
        if is_word:
            words.append(range(places[0], places[-1] + 1))
    for is_open, run in groupby(words, key=may_be_bare):
        together = list(run)
        if is_open and len(together) > 1 and any(doubts.keys() & set(word) for word in together):
            yield together


def _without_marks(
    words: Sequence[range], letters: Sequence[str], doubts: dict[int, Doubt], language: Language
) -> dict[int, tuple[str, float]]:
    """The doubts of words, bare, if these are likelier Vietnamese whose marks were left out."""
    gain, bare = _LEFT_OUT, dict[int, tuple[str, float]]()
    for word in words:
        written = "".join(letters[place] for place in word).lower()
        whole = _with_marks("".join(map(base_of, written)), language)
        gain += _WEIGHT * (chance_of(whole, language) - chance_of(written, language))
        for place in word:
            if doubt := doubts.get(place):
                seen = dict(zip(doubt.letters, doubt.chances, strict=True))
                base = base_of(letters[place])
                gain += seen[base] - seen[letters[place]]
                bare[place] = base, min(1.0, math.exp(seen[base]))
    if gain <= 0:
        return {}
    share = 1 / (1 + math.exp(-gain))
    return {place: (base, sure * share) for place, (base, sure) in bare.items()}


@functools.lru_cache(maxsize=50_000)
def _with_marks(word: str, language: Language) -> str:
    """A bare word with the marks that make it likeliest."""
    doubts = {
        place: Doubt(_MARKED[letter], (0.0,) * len(_MARKED[letter]))
        for place, letter in enumerate(word)
        if letter in _MARKED
    }
    return "".join(_likeliest([*word, " "], doubts, language)).strip() if doubts else word


class _Path(NamedTuple):
    """One way to write what has been passed: its log chance, its last letters, its choices."""

    total: float
    context: int
    chosen: tuple[str, ...]


def _likeliest(letters: list[str], doubts: dict[int, Doubt], language: Language) -> list[str]:
    """The letters as a beam over the doubts chooses them; ways that end alike become one."""
    first, last = min(doubts), max(doubts)
    beam = [_Path(0.0, _context(letters, first), ())]
    for place in range(first, min(len(letters), last + ORDER)):
        doubt = doubts.get(place)
        if doubt is None and len(beam) == 1:  # nothing to weigh
            context = (beam[0].context << BITS | code_of(letters[place])) & CONTEXT
            beam = [beam[0]._replace(context=context)]
            continue
        best: dict[int, _Path] = {}
        for path in _grown(beam, letters[place], doubt, language):
            known = best.get(path.context)
            if known is None or known.total < path.total:
                best[path.context] = path
        beam = sorted(best.values(), reverse=True)[:_BEAM]
    chosen = dict(zip(sorted(doubts), beam[0].chosen, strict=True))
    return [chosen.get(place, letter) for place, letter in enumerate(letters)]


def _grown(
    beam: Sequence[_Path], letter: str, doubt: Doubt | None, language: Language
) -> list[_Path]:
    """Every path by one letter more, by each of its candidates where it is in doubt."""
    candidates = zip(doubt.letters, doubt.chances, strict=True) if doubt else [(letter, 0.0)]
    grown = []
    for written, seen in candidates:
        code = code_of(written)
        for total, context, chosen in beam:
            grown.append(
                _Path(
                    total + seen + _WEIGHT * language.chance(context, code),
                    (context << BITS | code) & CONTEXT,
                    (*chosen, written) if doubt else chosen,
                )
            )
    return grown


def _share(letters: Sequence[str], place: int, doubt: Doubt, language: Language) -> float:
    """The share of the chosen letter among its candidates, all others being as they were chosen."""
    start, after = _context(letters, place), codes_of("".join(letters[place + 1 : place + ORDER]))
    totals = []
    for letter, seen in zip(doubt.letters, doubt.chances, strict=True):
        context, total = start, seen
        for code in (code_of(letter), *after):
            total += _WEIGHT * language.chance(context, code)
            context = (context << BITS | code) & CONTEXT
        totals.append(total)
    chosen = totals[doubt.letters.index(letters[place])]
    return 1 / sum(math.exp(total - chosen) for total in totals)


def _context(letters: Sequence[str], place: int) -> int:
    """What stands before a place; a line begins as after a space."""
    context = 0
    for letter in [" ", *letters[max(0, place - ORDER + 1) : place]][-(ORDER - 1) :]:
        context = context << BITS | code_of(letter)
    return context
