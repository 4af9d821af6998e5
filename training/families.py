"""The families of documents: which texts, faces and wear go together, and how often each is drawn.

`mixed` joins anything to anything, so that nothing is learnt by heart; the others look like life.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_TILL = (
    "Mono", "Wavy", "Courier", "Inconsolata", "Cousine", "VT323", "Source Code", "Condensed",
    "Narrow", "Oswald", "Arimo", "DejaVu Sans", "Roboto",
)  # fmt: skip
_TIMES = ("Tinos", "FreeSerif", "Charis SIL S", "Linux Libertine")
_OFFICE = ("Tinos", "Arimo", "Carlito", "DejaVu", "Noto S", "FreeS", "IBM Plex Sans", "Charis")
_CARD = (
    "Arimo", "Tinos", "Roboto", "Carlito", "Barlow", "Noto Sans", "Inter", "Open Sans", "Nunito",
    "Be Vietnam", "Montserrat", "Saira", "Fira Sans", "FreeSans", "Archivo", "IBM Plex Sans",
)  # fmt: skip
_BOOK = (
    "Tinos", "Noto Serif", "EB Garamond", "Libertine", "Old Standard", "Gelasio", "Lora", "Gentium",
    "Merriweather", "Source Serif", "Spectral", "Vollkorn", "Junicode", "Playfair", "Charis",
)  # fmt: skip
_TYPEWRITER = ("Mono", "Cousine", "Courier", "Source Code", "Inconsolata")


@dataclass(frozen=True)
class Family:
    """One family of documents; shares are probabilities."""

    name: str
    share: float
    """Of the lines that training sees."""
    text: str
    """A source of `Texts`."""
    scenes: tuple[str, ...]
    """Recipes of `Scenes`, one of which is drawn."""
    faces: tuple[str, ...] = ()
    """Parts of families' names; empty for all, at the renderer's own shares."""
    bold: float = 0.0
    """At least this share of the lines is in a bold face."""
    tight: float = 0.08
    """The share set with narrow spaces between words."""
    squeezed: float = 0.12
    """The share narrowed, as cards and tills do."""
    typed: bool = False
    """Letter by letter, as a typewriter strikes them."""
    two_faces: float = 0.04
    """The share that changes its face within the line: a bold label, a value by hand."""
    small: float = 0.14
    """The share at the size at which screens show text, with the hinting that it gets there."""
    boxed: float = 0.0
    """The share with rules between letters or under the words."""


FAMILIES = (
    Family("mixed", 0.38, "mixed", ("mixed",)),
    Family("receipt", 0.15, "receipt", ("thermal",), _TILL, 0.15, 0.15, 0.3),
    Family("card", 0.10, "card", ("card", "card", "photo"), _CARD, 0.4, 0.35, 0.3, two_faces=0.15),
    Family("form", 0.08, "form", ("scan", "photo", "screen"), _OFFICE, two_faces=0.35, boxed=0.35),
    Family(
        "heading",
        0.11,
        "capitals",
        ("mixed", "scan", "screen", "photo"),
        _TIMES,
        0.7,
        0.2,
        small=0.4,
    ),
    Family("tones", 0.05, "tones", ("mixed", "scan", "photo"), _TIMES, 0.3, 0.15, small=0.3),
    Family("exam", 0.05, "exam", ("photo",), _OFFICE, 0.15, two_faces=0.2),
    Family("scan", 0.02, "prose", ("scan",), _OFFICE, 0.15),
    Family("photo", 0.02, "prose", ("photo",), _OFFICE, 0.15),
    Family("screenshot", 0.01, "prose", ("screen",)),
    Family("book", 0.01, "prose", ("book",), _BOOK),
    Family("typewriter", 0.02, "prose", ("scan", "photo", "book"), _TYPEWRITER, typed=True),
)
"""Printed prose has small shares because `mixed` is half made of it."""


def draw_family(rng: random.Random) -> Family:
    """One family, at the shares of training."""
    (family,) = rng.choices(FAMILIES, [family.share for family in FAMILIES])
    return family


def family_named(name: str) -> Family:
    """The family of that name. Raises KeyError."""
    return {family.name: family for family in FAMILIES}[name]
