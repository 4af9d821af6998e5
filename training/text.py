"""Texts for synthetic lines: prose, syllables, numbers, receipts, random characters."""

from __future__ import annotations

import gettext
import html
import random
import re
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path

from training import phrases
from worker.ocr.charset import CHARACTERS, LETTERS

_HELP = Path("/usr/share/libreoffice/help/vi/text")
_STRINGS = Path("/usr/lib/libreoffice/program/resource/vi/LC_MESSAGES")
_SYLLABLES = Path("/usr/share/hunspell/vi_VN.dic")
_PARAGRAPH = re.compile(r"<(?:p|h\d|td)[^>]*>(.*?)</(?:p|h\d|td)>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")
_OUTSIDE = re.compile(f"[^{re.escape(CHARACTERS)}]")
_MAX_WORDS = 22
_UPPER_SHARE = 0.2
_SYMBOLS = "".join(sorted(set(CHARACTERS) - set(LETTERS + LETTERS.upper()) - {" ", "…"}))


class Texts:
    """Draws label texts; everything it says is NFC, within the charset, and single-spaced."""

    def __init__(self, corpus: Path, rng: random.Random) -> None:
        """Read the prose under `corpus` (statutes.txt, places.txt) and the installed packages'."""
        self._rng = rng
        self._statutes = _lines(corpus / "statutes.txt")
        self._places = _lines(corpus / "places.txt")
        self._prose = _libreoffice()
        self._syllables = _syllables()
        kinds: list[tuple[float, Callable[[], str]]] = [
            (0.30, self._statute),
            (0.16, self._sentence),
            (0.04, lambda: phrases.place(rng, self._places)),
            (0.21, self._nonsense),
            (0.02, self._lonely),
            (0.04, lambda: phrases.person(rng)),
            (0.07, lambda: phrases.figures(rng)),
            (0.05, lambda: phrases.receipt(rng, self._words(1, 4))),
            (0.03, lambda: phrases.heading(rng)),
            (0.02, lambda: phrases.english(rng)),
            (0.06, self._random),
        ]
        self._weights = [weight for weight, _ in kinds]
        self._kinds = [kind for _, kind in kinds]

    def draw(self) -> str:
        """One label, 1 to about 130 characters."""
        while True:
            (kind,) = self._rng.choices(self._kinds, self._weights)
            text = kind()
            if self._rng.random() < _UPPER_SHARE and kind != self._random:
                text = text.upper()
            text = clean(self._mixed(text))
            if text:
                return text

    def _mixed(self, text: str) -> str:
        """Sometimes a number, a bracket or an English word amid the words."""
        rng = self._rng
        if rng.random() < 0.12:
            words = text.split(" ")
            extra = rng.choice([phrases.figures, phrases.english_word, phrases.aside])(rng)
            words.insert(rng.randint(0, len(words)), extra)
            text = " ".join(words[: _MAX_WORDS + 2])
        return text

    def _window(self, sentences: list[str]) -> str:
        rng = self._rng
        words = rng.choice(sentences).split(" ")
        count = rng.randint(1, 8) if rng.random() < 0.35 else rng.randint(6, _MAX_WORDS)
        start = rng.randint(0, max(0, len(words) - count))
        return " ".join(words[start : start + count])

    def _statute(self) -> str:
        return self._window(self._statutes)

    def _sentence(self) -> str:
        return self._window(self._prose)

    def _words(self, low: int, high: int) -> str:
        rng = self._rng
        return " ".join(rng.choices(self._syllables, k=rng.randint(low, high)))

    def _nonsense(self) -> str:
        """Valid syllables in no order, so that the tones must be seen and not guessed."""
        rng = self._rng
        words = self._words(1, 16).split(" ")
        style = rng.random()
        if style < 0.25:
            words = [word.capitalize() for word in words]
        elif style < 0.4:
            words[0] = words[0].capitalize()
        elif style < 0.7:
            words = [phrases.punctuated(rng, word) for word in words]
        return " ".join(words)

    def _lonely(self) -> str:
        rng = self._rng
        return rng.choice(
            [
                self._words(1, 1),
                str(rng.randint(0, 9999)),
                rng.choice(string.ascii_letters + string.digits) + rng.choice([".", ")", "", ":"]),
                rng.choice(
                    ["-", "+", "•", "Có", "Không", "Nam", "Nữ", "STT", "TT", "Số", "Ngày", "x"]
                ),
            ]
        )

    def _random(self) -> str:
        """Random characters, so that no language model is learnt by heart."""
        rng = self._rng
        pools = [
            LETTERS + LETTERS.upper(),
            LETTERS,
            LETTERS.upper(),
            string.ascii_letters + string.digits,
            string.digits + _SYMBOLS,
            CHARACTERS.replace("…", ""),
        ]
        words = [
            "".join(rng.choices(rng.choice(pools), k=rng.randint(1, 9)))
            for _ in range(rng.randint(1, 7))
        ]
        return " ".join(words)


def clean(text: str) -> str:
    """NFC, three dots for an ellipsis, single spaces, no character outside the charset."""
    text = unicodedata.normalize("NFC", text).replace("…", "...")
    return _SPACE.sub(" ", _OUTSIDE.sub("", text)).strip()


def _lines(path: Path) -> list[str]:
    rows = (_SPACE.sub(" ", row).strip() for row in path.read_text(encoding="utf-8").splitlines())
    return [clean(html.unescape(row)) for row in rows if row]


def _libreoffice() -> list[str]:
    """Sentences of the Vietnamese help and interface texts; empty if they are not installed."""
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


def _syllables() -> list[str]:
    """Hunspell's Vietnamese syllables, lower case."""
    rows = _SYLLABLES.read_text(encoding="utf-8").splitlines()[1:]
    words = (unicodedata.normalize("NFC", row.split("/")[0].strip()) for row in rows)
    return sorted({word for word in words if word and set(word) <= set(LETTERS)})
