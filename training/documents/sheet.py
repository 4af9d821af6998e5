"""A sheet that is written on, with the faces that offices print in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from training import fonts

_FALLBACK = Path(__file__).parents[2] / "tests" / "fonts"
SERIF = ("Tinos", "Noto Serif", "DejaVu Serif")
SANS = ("Arimo", "Carlito", "Noto Sans", "DejaVu Sans")
MONO = ("Roboto Mono", "Inconsolata", "Cousine")
_EDGE, _SMALLEST = 8, 12  # pixels
_STYLES = {"regular": ("Regular", "Book"), "bold": ("Bold",), "italic": ("Italic", "Oblique")}


@dataclass
class Made:
    """A clean document and what it says: the values as `docchu templates test` compares them."""

    picture: Image.Image
    fields: dict[str, Any] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)


@lru_cache(1)
def _faces() -> dict[tuple[str, str], tuple[str, int]]:
    if not fonts.INDEX.exists():  # `make training/fonts/faces.json` makes many more
        return {}
    faces = fonts.load(held_out=False) + fonts.load(held_out=True)
    return {(face.family, face.style): (face.path, face.index) for face in faces}


@lru_cache(256)
def face(family: str, style: str, size: int) -> ImageFont.FreeTypeFont:
    """A face of a family; DejaVu Sans where there is none of it."""
    for name in (*_STYLES[style], *_STYLES["regular"]):
        if found := _faces().get((family, name)):
            return ImageFont.truetype(found[0], size, index=found[1])
    # Its Mono has no ế, ấ and others: they came out as two letters, and were read as those.
    name = {"bold": "DejaVuSans-Bold.ttf"}.get(style, "DejaVuSans.ttf")
    return ImageFont.truetype(str(_FALLBACK / name), round(size * 0.9))


class Sheet:
    """White paper; places are pixels."""

    def __init__(self, width: int, height: int, family: str, size: int) -> None:
        self.picture = Image.new("RGB", (width, height), "white")
        self._draw = ImageDraw.Draw(self.picture)
        self.width, self.height = width, height
        self.family, self.size = family, size

    def wide(self, text: str, style: str = "regular", size: int | None = None) -> float:
        """How wide a text is."""
        return face(self.family, style, size or self.size).getlength(text)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        style: str = "regular",
        size: int | None = None,
        align: str = "left",
        colour: str = "black",
    ) -> float:
        """Write a text at, around or up to `x`; the right end of it.

        What would go over the right edge is set smaller: the label says that it can be read.
        """
        room = self.width - _EDGE - x if align == "left" else self.width
        size = self.fitting(text, style, size or self.size, room)
        letters = face(self.family, style, size)
        wide = letters.getlength(text)
        left = x - {"left": 0, "center": wide / 2, "right": wide}[align]
        self._draw.text((left, y), text, fill=colour, font=letters)
        return left + wide

    def fitting(self, text: str, style: str, size: int, room: float) -> int:
        """The largest size up to one at which a text has room."""
        while size > _SMALLEST and self.wide(text, style, size) > room:
            size -= 1
        return size

    def wrapped(self, text: str, wide: float, style: str = "regular") -> list[str]:
        """The lines of a text."""
        lines: list[str] = []
        for word in text.split():
            if lines and self.wide(f"{lines[-1]} {word}", style) <= wide:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines

    def rule(self, x: float, y: float, to_x: float, to_y: float, width: int = 2) -> None:
        """A line."""
        self._draw.line((x, y, to_x, to_y), fill="black", width=width)

    def seal(self, rng: random.Random, x: float, y: float) -> None:
        """A round red seal beside who signs."""
        around = self.size * rng.uniform(3, 4)
        red = (200, 40, 50)
        for part in (1.0, 0.7):
            reach = around * part
            self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=red, width=3)
