"""Texts for synthetic lines: prose, syllables, numbers, receipts, random characters."""

from __future__ import annotations

import gettext
import hashlib
import html
import random
import re
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path

from training import forms, phrases, receipts
from worker.ocr.charset import CHARACTERS, LETTERS

_HELP = Path("/usr/share/libreoffice/help/vi/text")
_STRINGS = Path("/usr/lib/libreoffice/program/resource/vi/LC_MESSAGES")
_SYLLABLES = Path("/usr/share/hunspell/vi_VN.dic")
_PARAGRAPH = re.compile(r"<(?:p|h\d|td)[^>]*>(.*?)</(?:p|h\d|td)>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_JOINED = re.compile(r"(?<=[a-zà-ỹ][,.;:])(?=[^\W\d])|(?<=[a-zà-ỹ]{2})(?=\d\d)")
"""Where a space was lost: after a mark before a letter, and between a word and a number."""
_SPACE = re.compile(r"\s+")
_OUTSIDE = re.compile(f"[^{re.escape(CHARACTERS)}]")
_MAX_WORDS = 22
_HELD_OUT_BELOW = 26  # of the 256 values of a byte
_UPPER_SHARE = 0.2
_SYMBOLS = "".join(sorted(set(CHARACTERS) - set(LETTERS + LETTERS.upper()) - {" ", "…"}))


class Texts:
    """Draws label texts; everything it says is NFC, within the charset, and single-spaced."""

    def __init__(self, corpus: Path, rng: random.Random, *, held_out: bool = False) -> None:
        """Read the prose under `corpus` (statutes.txt, places.txt) and the installed packages'.

        Training sees nine sentences in ten, tests (`held_out`) the others.
        """
        self._rng = rng
        self._syllables = _syllables()
        known = set(self._syllables)
        statutes = [_parted(row, known) for row in _lines(corpus / "statutes.txt")]
        self._statutes = _half(statutes, held_out)
        self._places = _half(_lines(corpus / "places.txt"), held_out)
        self._prose = _half(_libreoffice(), held_out) or self._statutes
        self._marked = [word for word in self._syllables if _marks(word) > 1]
        self._hooked = [word for word in self._syllables if _has_small_mark(word)]
        self._mixture: list[tuple[float, Callable[[], str]]] = [
            (0.30, self._statute),
            (0.16, self._sentence),
            (0.04, lambda: phrases.place(rng, self._places)),
            (0.21, self._nonsense),
            (0.03, self._lonely),
            (0.04, lambda: phrases.person(rng)),
            (0.07, lambda: phrases.figures(rng)),
            (0.04, lambda: receipts.receipt(rng)),
            (0.03, lambda: phrases.heading(rng)),
            (0.02, lambda: phrases.english(rng)),
            (0.06, self._random),
        ]
        self._sources: dict[str, Callable[[], str]] = {
            "mixed": self._mixed,
            "prose": lambda: rng.choice([self._statute, self._statute, self._sentence])(),
            "receipt": lambda: receipts.receipt(rng),
            "card": lambda: forms.card(rng),
            "form": lambda: forms.form(rng),
            "exam": lambda: forms.exam(rng, self._sentence()),
            "capitals": self._capitals,
            "tones": self._tones,
        }

    def draw(self, source: str = "mixed") -> str:
        """One label of a source, 1 to about 130 characters."""
        while True:
            if text := clean(self._sources[source]()):
                return text

    def _mixed(self) -> str:
        rng = self._rng
        (kind,) = rng.choices([k for _, k in self._mixture], [share for share, _ in self._mixture])
        text = kind()
        if rng.random() < _UPPER_SHARE and kind != self._random:
            text = text.upper()
        return self._with_aside(text)

    def _capitals(self) -> str:
        """Headings in capitals, two marks on many of their letters."""
        rng = self._rng
        if rng.random() < 0.3:
            return rng.choice([phrases.heading(rng), self._statute()]).upper()
        pool = [self._marked, self._syllables]
        words = [rng.choice(rng.choice(pool)) for _ in range(rng.randint(1, 9))]
        return phrases.spaced(rng, words).upper()

    def _tones(self) -> str:
        """Syllables whose marks are small or stacked, so that each has to be looked at."""
        rng = self._rng
        pool = [self._marked, self._hooked, self._hooked, self._syllables]
        words = [rng.choice(rng.choice(pool)) for _ in range(rng.randint(1, 14))]
        text = phrases.spaced(rng, words)
        return text.capitalize() if rng.random() < 0.3 else text

    def _with_aside(self, text: str) -> str:
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


def _parted(sentence: str, syllables: set[str]) -> str:
    """A sentence with the spaces that were lost when its text was taken out of a PDF.

    Lines without them teach the network that two words may well be one.
    """
    sentence = _JOINED.sub(" ", sentence)
    return " ".join(_split(word, syllables) for word in sentence.split(" "))


def _split(word: str, syllables: set[str]) -> str:
    low = word.lower().rstrip(",.;:)”")
    if low in syllables or low.isascii():
        return word
    for cut in range(len(low) - 2, 1, -1):
        if low[:cut] in syllables and low[cut:] in syllables:
            return f"{word[:cut]} {word[cut:]}"
    return word


def _half(sentences: list[str], held_out: bool) -> list[str]:
    """The sentences for tests, one in ten by their hash, or the others."""
    return [
        sentence
        for sentence in sentences
        if (hashlib.sha256(sentence.encode()).digest()[0] < _HELD_OUT_BELOW) == held_out
    ]


def _marks(word: str) -> int:
    """The most marks that one letter of a word bears."""
    return max(len(unicodedata.normalize("NFD", letter)) - 1 for letter in word)


def _has_small_mark(word: str) -> bool:
    """Whether it has a hook or a tilde, or a tone on the thin letter i."""
    apart = unicodedata.normalize("NFD", word)
    return "\u0309" in apart or "\u0303" in apart or any(letter in word for letter in "ìíỉĩị")


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
