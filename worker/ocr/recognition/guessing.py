"""What Vietnamese would write where a stamp hides the print, among what the network may have seen.

Elsewhere what is seen stands, but for marks that are in doubt: a free search makes words of codes
and of foreign names. Under a stamp that lets nothing through letters are cut, and what is left of
them is often no syllable (`Bìần` for `Bình`). What was guessed stays unsure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from worker.ocr.recognition.ctc import SPACE, Floats, Ints, characters_of
from worker.ocr.recognition.language import BITS, CONTEXT, Language, code_of, codes_of

_SURE_SPACE = 0.8
"""From this chance on a space parts what is guessed from what is not."""
_UNSURE = 0.5
"""A word whose letters together have less is guessed anew."""
_WEIGHT = 0.6
"""Of the language's log chances beside the network's. From 0.6 to 1 lines come out alike."""
_LETTER = 0.9
"""What each letter gains: without it the language would rather leave letters out."""
_LEAST = 0.001
"""What the network gives less of was not seen, but for the best of all."""
_BEAM = 24
_GUESSED = 0.4
"""How sure a letter is at least that was guessed, so that no line is taken for none."""

_Path = tuple[tuple[int, float], ...]
"""The class of each time step, and the network's chance of it."""
_Found = dict[tuple[int, int, str], tuple[float, _Path]]
"""By the letters before, the class of the last step, and the text: its score and its path."""


def guessed(
    classes: Sequence[Ints], chances: Sequence[Floats], characters: str, language: Language
) -> tuple[list[Ints], list[Floats]]:
    """The K best classes and chances (T, K) of each time step of lines, where in words that are
    unsure the first of them is what Vietnamese would write."""
    lines = [(own.copy(), sure.copy()) for own, sure in zip(classes, chances, strict=True)]
    space = characters.index(SPACE) + 1 if SPACE in characters else -1  # none: a line is one word
    for own, sure in lines:
        for first, last in list(_unsure(own[:, 0], sure[:, 0], space)):
            before = _text(own[:first], sure[:first], characters)
            after = _text(own[last:], sure[last:], characters)[:1] or SPACE
            steps = own[first:last], sure[first:last]
            for step, (best, chance) in enumerate(
                _likeliest(*steps, f" {before}", after, characters, language), start=first
            ):
                if best != own[step, 0]:
                    own[step, 0], sure[step] = best, 0
                    sure[step, 0] = max(chance, _GUESSED)
    return [own for own, _ in lines], [sure for _, sure in lines]


def _unsure(best: Ints, sure: Floats, space: int) -> Iterator[tuple[int, int]]:
    """From which time step to which words are unsure, those that follow each other together."""
    spaces = np.flatnonzero((best == space) & (sure >= _SURE_SPACE)).tolist()
    begun = None
    for before, after in pairwise((-1, *spaces, len(best))):
        own = best[before + 1 : after]
        starts = (own > 0) & (own != np.append(0, own[:-1]))
        if starts.any():
            is_unsure = math.prod(sure[before + 1 : after][starts].tolist()) < _UNSURE
            if begun is not None and not is_unsure:
                yield begun, before
                begun = None
            elif begun is None and is_unsure:
                begun = before + 1
    if begun is not None:
        yield begun, len(best)


def _text(classes: Ints, chances: Floats, characters: str) -> str:
    """What is read of time steps."""
    return "".join(characters_of([classes[:, 0]], [chances[:, 0]], characters).texts)


def _likeliest(
    classes: Ints, chances: Floats, before: str, after: str, characters: str, language: Language
) -> _Path:
    """The best path through the K classes (T, K) of time steps between two texts (Viterbi, with a
    beam: each letter is weighed by those before it)."""
    found: _Found = {(_context(before), 0, ""): (0.0, ())}
    for own, sure in zip(classes.tolist(), chances.tolist(), strict=True):
        step = [
            (best, max(chance, _LEAST))
            for rank, (best, chance) in enumerate(zip(own, sure, strict=True))
            if chance >= _LEAST or rank == 0
        ]
        found = _after(found, step, characters, language)
    end = code_of(after)
    _, path = max(
        (score + _WEIGHT * language.chance(context, end), path)
        for (context, _, _), (score, path) in found.items()
    )
    return path


def _after(
    found: _Found, step: Sequence[tuple[int, float]], characters: str, language: Language
) -> _Found:
    """The best paths with one time step more."""
    longer: _Found = {}
    for (context, last, text), (score, path) in found.items():
        for best, chance in step:
            key, gain = (context, best, text), math.log(chance)
            if best and best != last:
                code = code_of(characters[best - 1])
                gain += _WEIGHT * language.chance(context, code) + _LETTER
                key = (context << BITS | code) & CONTEXT, best, text + characters[best - 1]
            if key not in longer or longer[key][0] < score + gain:
                longer[key] = score + gain, (*path, (best, chance))
    return dict(sorted(longer.items(), key=lambda item: -item[1][0])[:_BEAM])


def _context(text: str) -> int:
    context = 0
    for code in codes_of(text[-10:]):
        context = (context << BITS | code) & CONTEXT
    return context
