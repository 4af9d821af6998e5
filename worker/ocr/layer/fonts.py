"""Whether what a page's fonts say is what they show: some places of each are read and compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from worker.ocr.detection.crops import Crop
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layer.alignment import Pair, aligned
from worker.ocr.layer.laying import Placed, Region
from worker.ocr.layer.likeness import folded, is_kin, is_same, lacks_mark
from worker.ocr.layout.pieces import Quad, part_of
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.language import base_of

_PLACE = 12.0
"""In heights of the line: about as much is read at a place, four or five words."""
_ROOM = 0.3
"""In heights: what is left free beside what is read."""
_MOST_PLACES = 60
"""Of a page. A poster has 20 fonts; of some page with hundreds of them, the rest is just read."""
_SURE = 0.85
"""The mean confidence of a word from which it can contradict anybody."""
_MAX_WRONG = 0.08
"""Of the letters of a sound font, those that are misread."""
_MAX_MADE_UP = 0.15
"""Of the spaces of a sound font, those that are none in the picture."""
_NO_GAP = 0.05
"""In heights of the line: no space is as narrow."""
_LIKE = 0.6
"""Of a font that is hard to read, the letters that are read as it says."""
_FEW = 4
_BARE = 2
"""Letters that were seen with a mark that the layer lacks. One may have been misread; with more of
them the font says one letter for several, and which one is meant only the picture knows."""
UNCONFIRMED = 0.5
"""The confidence of a word that was neither confirmed nor contradicted."""


@dataclass(slots=True)
class Font:
    """What the places that were read say of a font: letters that agree, and that do not.

    `like` and `unlike` count all of them, `right` and `wrong` those that were read for sure, `bare`
    those of the wrong ones that lack a mark. `beyond` are letters that the reader cannot write and
    that it took for one without a mark: `ü` for `i`.
    """

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    beyond: set[str] = field(default_factory=set)
    bare: int = 0
    like: int = 0
    unlike: int = 0
    strange: int = 0

    @property
    def confidence(self) -> float:
        """The chance that a word of this font is right; 0 where it is not to be believed."""
        num_right, num_wrong = self.right.total(), self.wrong.total()
        num_sure = num_right + num_wrong
        num_spaces = self.right[" "] + self.wrong[" "]
        if self.bare >= _BARE:
            return 0.0
        if self.wrong[" "] > max(1.0, _MAX_MADE_UP * num_spaces):
            return 0.0
        if num_sure >= _FEW:
            most = max(_MAX_WRONG * num_sure, 1.0 if num_sure >= 2 * _FEW else 0.0)
            return num_right / (num_sure + 1) if num_wrong <= most else 0.0
        seen = self.like + self.unlike
        # What the reader cannot write it cannot judge.
        is_beyond_us = 2 * self.strange >= seen
        return UNCONFIRMED if is_beyond_us or self.like >= _LIKE * seen else 0.0

    def note(self, letter: str, is_like: bool, is_sure: bool, is_strange: bool) -> None:
        """Note one letter that was compared; none where more was read than the layer says."""
        self.like += is_like
        self.unlike += not is_like
        self.strange += is_strange
        if is_sure:
            (self.right if is_like else self.wrong)[letter] += 1

    def doubts(self, text: str) -> bool:
        """Whether a word has letters that the picture has contradicted wherever it was asked."""
        judged = set(folded(text)) - self.beyond
        return any(letter in self.wrong and letter not in self.right for letter in judged)


@dataclass(frozen=True, slots=True)
class _Place:
    """The words from `first` to `last` (exclusive) of one line."""

    region: Region
    first: int
    last: int

    @property
    def words(self) -> Sequence[Placed]:
        return self.region.words[self.first : self.last]

    @property
    def letters(self) -> set[tuple[int, str]]:
        return {(placed.word.font, c) for placed in self.words for c in folded(placed.word.text)}

    @property
    def quad(self) -> Quad:
        """From the middle of the gap before the words to the middle of the one behind."""
        words, room = self.region.words, _ROOM * self.region.height
        start, end = words[self.first].start - room, words[self.last - 1].end + room
        if self.first:
            start = max(start, (words[self.first - 1].end + words[self.first].start) / 2)
        if self.last < len(words):
            end = min(end, (words[self.last - 1].end + words[self.last].start) / 2)
        return part_of(self.region.quad, max(0.0, start), min(1.0, end))


class Fonts:
    """The fonts of a page, judged by `num_samples` places of each that are read."""

    def __init__(
        self, client: BatchClient, sheet: Sheet, regions: Sequence[Region], num_samples: int
    ) -> None:
        self._alphabet = set(folded(client.characters))
        self._fonts: dict[int, Font] = defaultdict(Font)
        places = _chosen(_places(regions), num_samples)
        read = client.words([Crop(sheet.picture, place.quad) for place in places])
        for place, spans in zip(places, read, strict=True):
            self._compare(place, spans)

    def confidence(self, placed: Placed) -> float:
        """The chance that a word is what the layer says; 0 where that is not to be believed."""
        font = self._fonts.get(placed.word.font)
        if font is None or not placed.is_sure or font.doubts(placed.word.text):
            return 0.0
        return 1.0 if placed.was_read and font.confidence else font.confidence

    def _compare(self, place: _Place, spans: Sequence[Span]) -> None:
        words = place.words
        texts, read = [p.word.text for p in words], [span.text for span in spans]
        told, seen = folded(" ".join(texts)), folded(" ".join(read))
        owners, readers = _owners(texts), _owners(read)
        is_certain = bool(spans) and min(span.confidence for span in spans) >= _SURE
        unlike: set[int] = set()
        at = 0
        pairs = aligned(told, seen)
        for before, space in _lost_spaces(pairs, told, seen):
            sides, word = spans[readers[space] :][:2], words[owners[before]]
            # Codes and addresses have letters set apart that are of one word.
            if word.word.text.isalpha() and min(side.confidence for side in sides) >= _SURE:
                word.is_sure = False
        for space in _made_up_spaces(pairs, told):
            left, right = words[owners[space] :][:2]
            if right.start - left.end <= _NO_GAP * place.region.height and is_certain:
                left.is_sure = right.is_sure = False
        for one, other in pairs:
            at = at if one is None else owners[one]
            letter = "" if one is None else told[one]
            is_strange = letter != "" and letter not in self._alphabet
            # Of what the reader cannot write it sees another: of the same base; `*` for `⁴`.
            is_base = is_strange and other is not None and is_kin(letter, seen[other])
            is_like = is_base or (other is not None and is_same(letter, seen[other]))
            is_sure = is_certain if other is None else spans[readers[other]].confidence >= _SURE
            font = self._fonts[words[at].word.font]
            font.note(letter, is_like, is_sure and not is_base, is_strange)
            if is_sure and other is not None and lacks_mark(letter, seen[other]):
                font.bare += 1
            if is_strange and other is not None and base_of(letter) and seen[other].isascii():
                font.beyond.add(letter)
            if not is_like:
                unlike.add(at)
        for number, placed in enumerate(words):
            placed.was_read = number not in unlike and placed.word.text in read


def _lost_spaces(pairs: Iterable[Pair], told: str, seen: str) -> Iterator[tuple[int, int]]:
    """The spaces that were seen within a word: the places of the letter before and of the space."""
    last = -1
    for one, other in pairs:
        if one is not None:
            last = one
        elif other is not None and seen[other] == " ":
            sides = told[last : last + 2] if last >= 0 else ""
            if len(sides) == 2 and " " not in sides:
                yield last, other


def _made_up_spaces(pairs: Iterable[Pair], told: str) -> Iterator[int]:
    """The places of the spaces that were not seen."""
    for one, other in pairs:
        if one is not None and other is None and told[one] == " ":
            yield one


def _owners(texts: Sequence[str]) -> list[int]:
    """For each letter of some words that are joined by spaces the number of its word."""
    return [n for n, text in enumerate(texts) for _ in range(len(text) + 1)]


def _places(regions: Iterable[Region]) -> list[_Place]:
    """Where words lie that can be compared: a few in a row, all of them sure."""
    places: list[_Place] = []
    for region in regions:
        if not region.was_seen or not region.fits:
            continue
        room = _PLACE * region.height
        first = 0
        for index, placed in enumerate(region.words):
            if not (placed.is_sure and placed.end - region.words[first].start <= room):
                places += [_Place(region, first, index)] if first < index else []
                first = index if placed.is_sure else index + 1
        last = len(region.words)
        places += [_Place(region, first, last)] if first < last else []
    return places


def _chosen(places: Sequence[_Place], num_samples: int) -> list[_Place]:
    """So many places of each font, each time the one with most letters that are not among them."""
    left = {number: place.letters for number, place in enumerate(places)}
    fonts = [{placed.word.font for placed in place.words} for place in places]
    counts: Counter[int] = Counter()
    chosen: list[_Place] = []
    while left and len(chosen) < _MOST_PLACES:
        best = max(left, key=lambda number: (len(left[number]), -number))
        letters = left.pop(best)
        chosen.append(places[best])
        counts.update(fonts[best])
        done = {font for font in fonts[best] if counts[font] >= num_samples}
        left = {
            number: {one for one in others - letters if one[0] not in done}
            for number, others in left.items()
            if any(counts[font] < num_samples for font in fonts[number])
        }
    return chosen
