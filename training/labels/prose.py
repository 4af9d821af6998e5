"""The prose that labels are cut from: files of sentences, installed packages, syllables."""

from __future__ import annotations

import gettext
import hashlib
import html
import re
import unicodedata
from pathlib import Path

from training.labels.vocabulary import WORDS
from worker.ocr.recognition.charset import CHARACTERS, LETTERS

_HELP = Path("/usr/share/libreoffice/help/vi/text")
_STRINGS = Path("/usr/lib/libreoffice/program/resource/vi/LC_MESSAGES")
_SYLLABLES = Path("/usr/share/hunspell/vi_VN.dic")
ENGLISH = Path("/usr/share/dict/american-english")
PACKED = Path(__file__).parent.parent / "texts"
"""What `pack` brings along to a machine that has none of them: a text file of each."""
_PARAGRAPH = re.compile(r"<(?:p|h\d|td)[^>]*>(.*?)</(?:p|h\d|td)>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_JOINED = re.compile(r"(?<=[a-zà-ỹ][,.;:])(?=[^\W\d])|(?<=[a-zà-ỹ]{2})(?=\d\d)")
"""Where a space was lost: after a mark before a letter, and between a word and a number."""
_HELD_OUT_BELOW = 26  # of the 256 values of a byte
_SPACE = re.compile(r"\s+")
_OUTSIDE = re.compile(f"[^{re.escape(CHARACTERS)}]")


def clean(text: str) -> str:
    """NFC, three dots for an ellipsis, single spaces, no character outside the charset."""
    text = unicodedata.normalize("NFC", text).replace("…", "...")
    return _SPACE.sub(" ", _OUTSIDE.sub("", text)).strip()


def half(sentences: list[str], held_out: bool) -> list[str]:
    """The sentences for tests, one in ten by their hash, or the others."""
    return [
        sentence
        for sentence in sentences
        if (hashlib.sha256(sentence.encode()).digest()[0] < _HELD_OUT_BELOW) == held_out
    ]


def parted(sentence: str, known: set[str]) -> str:
    """A sentence with the spaces that were lost when its text was taken out of a PDF.

    Lines without them teach the network that two words may well be one.
    """
    sentence = _JOINED.sub(" ", sentence)
    return " ".join(_split(word, known) for word in sentence.split(" "))


def _split(word: str, known: set[str]) -> str:
    low = word.lower().rstrip(",.;:)”")
    if low in known or low.isascii():
        return word
    for cut in range(len(low) - 2, 1, -1):
        if low[:cut] in known and low[cut:] in known:
            return f"{word[:cut]} {word[cut:]}"
    return word


def sentences_of(path: Path) -> list[str]:
    """The rows of a text file, tidied; none where there is no file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = (_SPACE.sub(" ", row).strip() for row in text.splitlines())
    return [clean(html.unescape(row)) for row in rows if row]


def libreoffice() -> list[str]:
    """Sentences of the Vietnamese help and interface texts; empty if they are not installed."""
    if PACKED.exists():
        return (PACKED / "libreoffice.txt").read_text("utf-8").splitlines()
    found: set[str] = set()
    for page in _HELP.rglob("*.html"):
        for block in _PARAGRAPH.findall(page.read_text(encoding="utf-8")):
            found.add(html.unescape(_TAG.sub("", block)))
    for catalogue in _STRINGS.glob("*.mo"):
        with catalogue.open("rb") as file:
            strings = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        found.update(text.replace("~", "") for text in strings.values() if isinstance(text, str))
    tidy = sorted({clean(_SPACE.sub(" ", text).strip()) for text in found})
    return [text for text in tidy if len(text) > 3 and _is_vietnamese(text)]


def _is_vietnamese(text: str) -> bool:
    """Whether it has a letter beyond ASCII; the catalogues are half English."""
    return not text.isascii() and not text.startswith(("Title is", "This page is"))


def syllables() -> list[str]:
    """Hunspell's Vietnamese syllables, lower case; those of `words.json` if it is not installed."""
    rows = [word for words in WORDS.values() for text in words for word in text.lower().split()]
    if PACKED.exists():
        rows = ["", *(PACKED / "syllables.txt").read_text("utf-8").splitlines()]
    elif _SYLLABLES.exists():
        rows = _SYLLABLES.read_text(encoding="utf-8").splitlines()[1:]
    words = (unicodedata.normalize("NFC", row.split("/")[0].strip()) for row in rows)
    return sorted({word for word in words if word and set(word) <= set(LETTERS)})


def english() -> list[str]:
    """English words of letters, lower case; those of `words.json` if no dictionary is installed."""
    packed = PACKED / "english.txt"
    path = packed if packed.exists() else ENGLISH
    rows = path.read_text("utf-8").splitlines() if path.exists() else WORDS["english"]
    return sorted({row for row in rows if row.isascii() and row.isalpha() and row.islower()})
