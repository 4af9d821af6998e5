"""The characters that the Vietnamese recogniser can write, and text to class numbers and back."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

BLANK = 0

_VOWELS = ("a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y")
_TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
_CONSONANTS = "bcdđghklmnpqrstvxfjwz"
_DIGITS = "0123456789"
_ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
# The space is a character of its own: CTC has no other way to write it.
_OTHER = " –—‘’“”…•°²³№₫€£©®™×÷±≤≥→«»§·"


def _vietnamese_letters() -> str:
    vowels = (unicodedata.normalize("NFC", v + tone) for v in _VOWELS for tone in _TONES)
    return "".join(vowels) + _CONSONANTS


LETTERS = _vietnamese_letters()
"""The 93 lower-case letters of Vietnamese text, `f j w z` among them."""

CHARACTERS = LETTERS + LETTERS.upper() + _DIGITS + _ASCII_PUNCTUATION + _OTHER
"""Class `i + 1` of the recogniser is `CHARACTERS[i]`; class 0 is the CTC blank."""

NUM_CLASSES = len(CHARACTERS) + 1

_CLASS_OF = {character: number for number, character in enumerate(CHARACTERS, start=1)}


def encode(text: str) -> list[int]:
    """Turn NFC text into class numbers. Raises KeyError for a character outside `CHARACTERS`."""
    return [_CLASS_OF[character] for character in text]


def decode(classes: Iterable[int], characters: Sequence[str] = CHARACTERS) -> str:
    """Turn class numbers (no blanks) into text."""
    return "".join(characters[number - 1] for number in classes)


def can_write(text: str) -> bool:
    """Whether every character of the text has a class."""
    return all(character in _CLASS_OF for character in text)
