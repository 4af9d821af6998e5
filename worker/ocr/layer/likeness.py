"""Which letters of a layer are what was seen: no eye tells some from each other in every font."""

from __future__ import annotations

import unicodedata

from worker.ocr.layer.words import SOFT_HYPHEN
from worker.ocr.recognition.language import base_of

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("|1!Iıl", "i"),
        "0": "o",
        "×": "x",
        **dict.fromkeys("‐‑–—−_", "-"),
        **dict.fromkeys("‘’`´′", "'"),
        **dict.fromkeys("“”„″", '"'),
        **dict.fromkeys("·∙●▪■◦‣", "•"),
        "²": "2",
        "³": "3",
    }
)


def folded(text: str) -> str:
    """A text without what cannot be told from a picture; as long as the text."""
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.translate(_ALIKE)


def is_same(letter: str, seen: str) -> bool:
    """Whether a letter, folded, is the one that was seen."""
    return letter == seen or (letter == SOFT_HYPHEN and seen == "-")


def lacks_mark(letter: str, seen: str) -> bool:
    """Whether a letter is another one without a mark."""
    parts = (unicodedata.normalize("NFD", one.replace("đ", "d\u0335")) for one in (letter, seen))
    return _has_base_of(letter, seen) and len(next(parts)) < len(next(parts))


def is_kin(letter: str, seen: str) -> bool:
    """Whether a letter that cannot be written may be seen as this: of one base, or a digit."""
    return _has_base_of(letter, seen) or letter.isdigit()


def _has_base_of(letter: str, seen: str) -> bool:
    return base_of(letter) == base_of(seen) != ""
