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
_MATRIX = ("Mono", "Courier", "Cousine", "Code", "Inconsolata", "VT323", "Wavy", "Arimo")
_SCREEN = (
    "Tinos", "Arimo", "DejaVu Sans", "Roboto", "Open Sans", "Noto Sans", "Noto Serif", "Carlito",
    "Gelasio", "Inter", "Lato", "Nunito", "Be Vietnam", "Merriweather", "Source Serif",
)  # fmt: skip
_SIGN = (
    "Alfa Slab", "Anton", "Bungee", "Big Shoulders", "Kanit", "Prompt", "Bai Jamjuree",
    "Chakra Petch", "Philosopher", "Yeseva", "Paytone", "Lemonada", "Coiny", "Sigmar", "Oswald",
    "Montserrat", "Lobster", "Saira", "Roboto", "Arimo", "Be Vietnam", "Barlow", "Sriracha", "Itim",
    "Grandstander", "Playfair", "Tinos", "Merriweather", "Fira Sans Condensed", "Encode Sans",
    "Asap",
)  # fmt: skip
HANDS = (
    "Dancing Script", "Itim", "Mali", "Pangolin", "Patrick Hand", "Playpen Sans", "Sedgwick Ave",
    "Sriracha", "Shantell Sans", "Grandstander", "Amatic SC", "Oooh Baby", "Delicious Handrawn",
    "Ephesis", "Birthstone",
)  # fmt: skip
"""Families that look written by hand."""
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
    peek: float = 0.16
    """The share at whose rims the lines above and below, or the next column, show."""
    ruled: float = 0.0
    """The share in the rules of a table: between the columns, around the cell."""
    lowered: float = 0.0
    """The share whose capitals are drawn no higher than small letters."""
    pixels: bool = False
    """Type of 10 to 16 pixels, often set at three times the size, to be shrunk by its scene."""
    boxed: float = 0.0
    """The share with rules between letters or under the words."""


FAMILIES = (
    Family("mixed", 0.12, "mixed", ("mixed",)),
    Family("receipt", 0.10, "till", ("thermal",), _TILL, 0.15, 0.15, 0.3, peek=0.4, lowered=0.12),
    Family("card", 0.05, "card", ("card", "card", "photo"), _CARD, 0.4, 0.35, 0.3, two_faces=0.15),
    Family("form", 0.06, "form", ("scan", "photo", "screen"), _OFFICE, two_faces=0.35, boxed=0.35),
    Family(
        "heading",
        0.05,
        "capitals",
        ("mixed", "scan", "screen", "photo"),
        _TIMES,
        0.7,
        0.2,
        small=0.4,
    ),
    Family("tones", 0.04, "tones", ("mixed", "scan", "photo"), _TIMES, 0.3, 0.15, small=0.3),
    Family("exam", 0.02, "exam", ("photo",), _OFFICE, 0.15, two_faces=0.2),
    Family("scan", 0.02, "prose", ("scan",), _OFFICE, 0.15),
    Family("photo", 0.02, "prose", ("photo",), _OFFICE, 0.15),
    Family("screenshot", 0.02, "prose", ("screen",)),
    Family("book", 0.02, "prose", ("book",), _BOOK),
    Family("typewriter", 0.02, "prose", ("scan", "photo", "book"), _TYPEWRITER, typed=True),
    Family("faint", 0.08, "till", ("faint",), _MATRIX, 0.15, squeezed=0.2, peek=0.4, lowered=0.08),
    Family("matrix", 0.05, "till", ("matrix",), _MATRIX, 0.15, squeezed=0.2, peek=0.3, lowered=0.2),
    Family(
        "pixels", 0.09, "screen", ("pixels",), _SCREEN, 0.1, squeezed=0.0, small=0.0, pixels=True
    ),
    Family(
        "table",
        0.10,
        "table",
        ("screen", "scan", "pixels", "thermal", "photo"),
        _OFFICE,
        0.25,
        squeezed=0.05,
        peek=0.3,
        ruled=0.55,
    ),
    Family("letterpress", 0.05, "prose", ("letterpress",), _BOOK, 0.1, small=0.05, peek=0.2),
    Family("sign", 0.05, "sign", ("sign",), _SIGN, 0.5, 0.2, 0.2, small=0.1, peek=0.3),
    Family("hand", 0.04, "hand", ("hand",), HANDS, small=0.0, boxed=0.15),
)
"""Printed prose has small shares because `mixed` is half made of it."""


def draw_family(rng: random.Random) -> Family:
    """One family, at the shares of training."""
    (family,) = rng.choices(FAMILIES, [family.share for family in FAMILIES])
    return family


def family_named(name: str) -> Family:
    """The family of that name. Raises KeyError."""
    return {family.name: family for family in FAMILIES}[name]
