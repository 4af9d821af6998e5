"""Words that are looked for in what was read: a query, and what tells where they may be.

Case counts for nothing; marks count where the query has any. A part of a query between two spaces,
or in quotes, is a phrase: its words stand one behind the other, whatever signs are between them.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r'"([^"]*)"?|(\S+)')
_BITS_A_WORD = 8
_MOST_BYTES = 512  # of a page's print; of more words it says less
_SNIPPET = 160  # characters
Phrase = tuple[str, ...]


def plain(text: str) -> str:
    """A text without case and without marks, so that `hoa don` finds `Hóa Đơn`."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _cased(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text))


class Query:
    """What is looked for: all its phrases, wherever they are in a document."""

    def __init__(self, text: str) -> None:
        has_marks = plain(text) != _cased(text)
        self.fold = _cased if has_marks else plain
        parts = ("".join(found) for found in _PART.findall(text))
        phrases = (tuple(map(self.fold, _words(part))) for part in parts)
        self.phrases: Sequence[Phrase] = tuple(dict.fromkeys(filter(None, phrases)))

    def not_in_name(self, name: str) -> list[Phrase]:
        """The phrases that are not in the document's name either; of that a part will do."""
        words = " ".join(map(self.fold, _words(name)))
        return [phrase for phrase in self.phrases if " ".join(phrase) not in words]

    def hit(self, phrase: Phrase, lines: Sequence[str]) -> tuple[int, str] | None:
        """The line in which a phrase begins, and what to show of it; it may go on in the next."""
        places = list(_places(lines))
        folded = [self.fold(lines[line][start:end]) for line, start, end in places]
        for at in range(len(folded) - len(phrase) + 1):
            if folded[at] == phrase[0] and tuple(folded[at : at + len(phrase)]) == phrase:
                line, start, _ = places[at]
                return line, _around(lines[line], start)
        return None


def _places(lines: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    for number, text in enumerate(lines):
        for found in _WORD.finditer(text):
            yield number, *found.span()


def _around(text: str, at: int) -> str:
    """So much of a line as is shown, from a space on."""
    if len(text) <= _SNIPPET:
        return text
    start = max(0, min(at - _SNIPPET // 3, len(text) - _SNIPPET))
    start = text.find(" ", max(start - 1, 0), at) + 1 or start if start else 0
    cut = text[start : start + _SNIPPET]
    return f"{'…' if start else ''}{cut}{'…' if start + _SNIPPET < len(text) else ''}"


class Prints:
    """What tells of each page of a document which words may be on it, and which are not.

    A page's print is a Bloom filter (Bloom 1970) of its words without marks: eight bits a word, of
    which four are set, so that one word of 40 seems to be there and is not. What is found so is
    looked for in the page itself.
    """

    def __init__(self, text: str, more: Mapping[int, Iterable[str]]) -> None:
        """From what is stored, and the lines of pages that were set right since."""
        self._filters: dict[int, bytes] = {}
        for entry in text.split():
            number, _, bits = entry.partition(":")
            self._filters[int(number)] = base64.b64decode(bits)
        self._more = {page: _plain_words(lines) for page, lines in more.items()}

    def __len__(self) -> int:
        return len(self._filters)

    def __contains__(self, page: int) -> bool:
        return page in self._filters

    def pages(self, phrase: Phrase) -> set[int]:
        """The pages that may have all words of a phrase."""
        words = {word: _places_of(word) for word in map(plain, phrase)}
        return {
            page
            for page, bits in self._filters.items()
            if all(_has(bits, at) or word in self._more.get(page, ()) for word, at in words.items())
        }


def print_of(page: int, lines: Iterable[str]) -> str:
    """The print of a page, as it is put behind those of others."""
    words = _plain_words(lines)
    bits = bytearray(min(len(words) * _BITS_A_WORD // 8, _MOST_BYTES))
    for word in words:
        for place in _places_of(word):
            at = place % (len(bits) * 8)
            bits[at >> 3] |= 1 << (at & 7)
    return f"{page}:{base64.b64encode(bits).decode()} "


def _plain_words(lines: Iterable[str]) -> set[str]:
    return {plain(word) for text in lines for word in _words(text)}


@lru_cache(1 << 16)
def _places_of(word: str) -> tuple[int, ...]:
    digest = blake2b(word.encode(), digest_size=16).digest()
    return tuple(int.from_bytes(digest[at : at + 4], "big") for at in range(0, 16, 4))


def _has(bits: bytes, places: Iterable[int]) -> bool:
    size = len(bits) * 8
    return bool(size) and all(bits[(at % size) >> 3] >> (at % size & 7) & 1 for at in places)
