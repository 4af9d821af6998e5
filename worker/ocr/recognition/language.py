"""Where the network doubts a mark, ask which letter Vietnamese would write there.

Greedy decoding stands, but a letter may give way to another with the same base letter (`o` to `ổ`,
`d` to `đ`) if the network saw that one too and the text around it speaks for it. Digits, signs,
spaces and the case stay as they were seen: a free beam turns codes and foreign names into words.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.ocr.networks.weights import bundled, load_card
from worker.ocr.recognition.charset import LETTERS
from worker.ocr.recognition.ctc import Characters, Floats, Ints, characters_of

FILE = bundled("vi-language").with_suffix(".npz")
ORDER = 6
"""Characters: a letter is weighed by the five before it."""
BITS = 7
"""Of a character's code; a run of characters is one number."""

_CODES = {char: number for number, char in enumerate(" .0" + LETTERS, start=1)}
_SIGN, _DIGIT = _CODES["."], _CODES["0"]
CONTEXT = (1 << (BITS * (ORDER - 1))) - 1
_STEP = 1 / 12
"""Log chances are kept in steps of this size, a byte each."""
_UNKNOWN = -12.0
"""The log chance of a character that the texts lack."""

_WEIGHT = 0.25
"""Of the language's log chances beside the network's. From 0.2 to 0.4 real lines come out alike."""
_LEAST_SHARE = 0.01
"""Letters that the network gives less than this share of the best one's chance are not in doubt."""
_BEAM = 10


class Language:
    """Log chances of characters after others, from runs of up to six of them.

    A model in the backing-off form of Katz (1987): `weights` belong to the runs that stand before.
    """

    def __init__(
        self, keys: Sequence[int], chances: Sequence[float], weights: Sequence[float]
    ) -> None:
        self._chances = dict(zip(keys, chances, strict=True))
        self._weights = {key: weight for key, weight in zip(keys, weights, strict=True) if weight}

    def chance(self, context: int, code: int) -> float:
        """The log chance of a character after the (up to) five before it, which are one number."""
        total, length = 0.0, -(-context.bit_length() // BITS)
        while length:
            found = self._chances.get(context << BITS | code)
            if found is not None:
                return total + found
            total += self._weights.get(context, 0.0)
            length -= 1
            context &= (1 << (BITS * length)) - 1
        return total + self._chances.get(code, _UNKNOWN)


def codes_of(text: str) -> list[int]:
    """Each character's code: letters without their case, all digits alike, all signs alike."""
    return [_code(char) for char in text]


def save(
    path: Path,
    keys: NDArray[np.int64],
    chances: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Write a model: ascending keys by their distances, chances and weights in a byte each."""
    chances, weights = (np.clip(np.round(-part / _STEP), 0, 255) for part in (chances, weights))
    np.savez_compressed(
        path,
        distances=np.diff(keys, prepend=0),
        chances=chances.astype(np.uint8),
        weights=weights.astype(np.uint8),
    )


@functools.cache
def vietnamese() -> Language:
    """The model that ships, loaded once. Raises WeightsError where it is not what its card says."""
    load_card(FILE)
    steps = [-_STEP * number for number in range(256)]
    with np.load(FILE) as stored:
        keys = np.cumsum(stored["distances"]).tolist()
        chances = [steps[number] for number in stored["chances"].tolist()]
        weights = [steps[number] for number in stored["weights"].tolist()]
    return Language(keys, chances, weights)


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
    return found


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
            context = (beam[0].context << BITS | _code(letters[place])) & CONTEXT
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
        code = _code(written)
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
        for code in (_code(letter), *after):
            total += _WEIGHT * language.chance(context, code)
            context = (context << BITS | code) & CONTEXT
        totals.append(total)
    chosen = totals[doubt.letters.index(letters[place])]
    return 1 / sum(math.exp(total - chosen) for total in totals)


def _context(letters: Sequence[str], place: int) -> int:
    """What stands before a place; a line begins as after a space."""
    context = 0
    for letter in [" ", *letters[max(0, place - ORDER + 1) : place]][-(ORDER - 1) :]:
        context = context << BITS | _code(letter)
    return context


@functools.lru_cache(maxsize=1024)
def _code(char: str) -> int:
    return _CODES.get(char.lower()) or (_DIGIT if char.isdigit() else _SIGN)


@functools.lru_cache(maxsize=1024)
def base_of(char: str) -> str:
    """The letter without its marks, in its case; empty for what is no letter."""
    if not char.isalpha():
        return ""
    return {"đ": "d", "Đ": "D"}.get(char) or unicodedata.normalize("NFD", char)[0]
