"""Texts for synthetic lines: prose, syllables, numbers, receipts, random characters."""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path

from training.labels import forms, parts, phrases, prose, receipts, tables
from training.labels.prose import clean, half, libreoffice, parted, sentences_of, syllables
from training.labels.vocabulary import WORDS
from worker.ocr.recognition.charset import CHARACTERS, LETTERS

_MAX_WORDS = 22
_UPPER_SHARE = 0.2
_SYMBOLS = "".join(sorted(set(CHARACTERS) - set(LETTERS + LETTERS.upper()) - {" ", "…"}))


class Texts:
    """Draws label texts; everything it says is NFC, within the charset, and single-spaced."""

    def __init__(self, corpus: Path, rng: random.Random, *, held_out: bool = False) -> None:
        """Read the prose under `corpus` (statutes.txt, places.txt) and the installed packages'.

        What is not there is made up for by the rest. Training sees nine sentences in ten, tests
        (`held_out`) the others.
        """
        self._rng = rng
        self._syllables, self._english = syllables(), prose.english()
        known = set(self._syllables)
        statutes = [parted(row, known) for row in sentences_of(corpus / "statutes.txt")]
        self._prose = half(libreoffice(), held_out) or [phrases.saying(rng) for _ in range(999)]
        self._statutes = half(statutes, held_out) or self._prose
        self._places = half(sentences_of(corpus / "places.txt"), held_out) or WORDS["card_places"]
        self._marked = [word for word in self._syllables if _marks(word) > 1]
        self._hooked = [word for word in self._syllables if _has_small_mark(word)]
        self._mixture: list[tuple[float, Callable[[], str]]] = [
            (0.28, self._statute),
            (0.16, self._sentence),
            (0.04, lambda: phrases.place(rng, self._places)),
            (0.18, self._nonsense),
            (0.03, self._lonely),
            (0.04, lambda: phrases.person(rng)),
            (0.07, lambda: phrases.figures(rng)),
            (0.04, lambda: receipts.receipt(rng)),
            (0.03, lambda: phrases.heading(rng)),
            (0.05, lambda: phrases.english(rng, self._english)),
            (0.06, self._random),
            (0.02, self._numbered),
        ]
        self._sources: dict[str, Callable[[], str]] = {
            "mixed": self._mixed,
            "prose": lambda: rng.choice([self._statute, self._statute, self._sentence])(),
            "receipt": lambda: receipts.receipt(rng),
            "card": lambda: forms.card(rng),
            "form": lambda: forms.form(rng),
            "exam": lambda: forms.exam(rng, self._sentence()),
            "till": self._till,
            "table": lambda: tables.row(rng, rng.choice([self._statute, self._sentence])),
            "screen": self._screen,
            "sign": self._sign,
            "hand": self._hand,
            "capitals": self._capitals,
            "tones": self._tones,
        }

    def draw(self, source: str = "mixed") -> str:
        """One label of a source, 1 to about 130 characters, with tabs between columns.

        It never says `|`: what looks like one in a crop is a rule.
        """
        while True:
            cells = [clean(cell) for cell in self._sources[source]().replace("|", "").split("\t")]
            if text := "\t".join(cell for cell in cells if cell):
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
            kinds = (lambda: phrases.heading(rng), self._statute, self._numbered)
            return rng.choice(kinds)().upper()
        pool = [self._marked, self._syllables]
        words = [rng.choice(rng.choice(pool)) for _ in range(rng.randint(1, 9))]
        return phrases.spaced(rng, words).upper()

    def _till(self) -> str:
        """What tills print, their prices in columns at the right; notes to the buyer are prose."""
        rng = self._rng
        chance = rng.random()
        if chance < 0.3:
            text = self._sentence() if chance < 0.15 else self._words(2, 8).capitalize()
            return " ".join(text.split(" ")[: rng.randint(2, 9)])
        text = receipts.receipt(rng)
        if rng.random() < 0.5:
            return text
        share = rng.choice([0.3, 1.0])
        return re.sub(
            r"(?<=[\w.:)]) (?=-?\d)", lambda _: "\t" if rng.random() < share else " ", text
        )

    def _screen(self) -> str:
        """Prose of the web, with years and figures in it."""
        rng = self._rng
        text = (
            self._mixed() if rng.random() < 0.3 else rng.choice([self._statute, self._sentence])()
        )
        if rng.random() < 0.45:
            words = text.split(" ")
            for _ in range(rng.randint(1, 3)):
                year = str(rng.randint(1900, 2035))
                number = "".join(rng.choices("0111123456789", k=rng.randint(2, 6)))
                figure = rng.choice([year, year, number, phrases.figures(rng), f"({year})"])
                words.insert(rng.randint(0, len(words)), figure)
            text = " ".join(words[: _MAX_WORDS + 2])
        return text

    def _sign(self) -> str:
        """What stands on shops, banners and packages: few words, most in capitals."""
        rng = self._rng
        words = [
            self._statute,
            self._nonsense,
            lambda: receipts.shop(rng),
            lambda: receipts.good(rng),
        ]
        if rng.random() < 0.15:
            return phrases.figures(rng)
        text = " ".join(rng.choice(words)().split(" ")[: rng.randint(1, 8)])
        return text.upper() if rng.random() < 0.75 else text

    def _hand(self) -> str:
        """What people write into forms: names, dates, amounts, where they live."""
        rng = self._rng
        kinds = (
            lambda: phrases.full_name(rng),
            lambda: phrases.full_name(rng).upper(),
            lambda: phrases.date(rng),
            lambda: phrases.amount(rng),
            lambda: forms.number(rng, rng.choice([1, 2, 3, 6, 9, 10, 12])),
            lambda: receipts.place(rng),
            lambda: (
                f"{rng.randint(1, 999)}/{rng.randint(1, 99)} {phrases.place(rng, self._places)}"
            ),
            lambda: f"số {rng.randint(1, 200)} {phrases.street(rng)}, {rng.choice(self._places)}",
            lambda: forms.form(rng),
            self._sentence,
        )
        return rng.choice(kinds)()

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
            english = phrases.english_word(rng, self._english)
            kinds = (phrases.figures(rng), english, phrases.aside(rng), parts.numbered(rng))
            words.insert(rng.randint(0, len(words)), rng.choice(kinds))
            text = " ".join(words[: _MAX_WORDS + 2])
        return parts.listed(rng, text) if rng.random() < 0.05 else text

    def _numbered(self) -> str:
        """A part's number, alone, before its title or in a sentence."""
        rng = self._rng
        number = parts.numbered(rng)
        around = (number, f"{number} {self._sentence()}", f"{self._words(1, 6)} {number}")
        return rng.choice(around)

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


def _marks(word: str) -> int:
    """The most marks that one letter of a word bears."""
    return max(len(unicodedata.normalize("NFD", letter)) - 1 for letter in word)


def _has_small_mark(word: str) -> bool:
    """Whether it has a hook or a tilde, or a tone on the thin letter i."""
    apart = unicodedata.normalize("NFD", word)
    return "\u0309" in apart or "\u0303" in apart or any(letter in word for letter in "ìíỉĩị")
