"""Faces whose second mark stands on the first, as in Times New Roman: made from free faces.

Vietnamese offices must print in Times New Roman (decree 30/2020/ND-CP). Its `ấ ề ổ` carry the tone
on top of the circumflex, and its hooks are small; every free face sets the tone beside it. A
recogniser that never saw the former reads `tổ` as `tỗ` and `tỉnh` as `tinh`. Till printers draw the
hook as a slanting wave, which passes for a tilde.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import DecomposingRecordingPen, RecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

_HOOK = "\u0309"
_TILDE = 0x0303
_SAMPLES = {"\u0300": "à", "\u0301": "á", _HOOK: "ả", "\u0303": "ã"}
"""Where a tone mark is cut out of, were it not in the font by itself."""
_DOTLESS = {"i": "ı"}


@dataclass(frozen=True)
class Stacking:
    """How the tone sits: its size, and the gap below it and its shift in parts of the em.

    `wave` is the slope in degrees of the tilde that stands for the hook; 0 keeps the hook.
    `squeeze` is the height of the circumflex or breve below the tone of a capital, in parts of what
    it is without a tone.
    """

    hook: float
    mark: float
    gap: float
    shift: float
    wave: float = 0.0
    squeeze: float = 1.0

    @property
    def label(self) -> str:
        """What the family's name gets."""
        return "Wavy" if self.wave else "Stacked" if self.squeeze == 1 else "Squeezed"


VARIANTS = (
    Stacking(hook=0.62, mark=0.85, gap=0.005, shift=0.01),
    Stacking(hook=0.75, mark=0.95, gap=0.02, shift=0.02),
    Stacking(hook=0.88, mark=0.8, gap=0.03, shift=0.0),
    Stacking(hook=0.5, mark=0.9, gap=-0.005, shift=0.015),
)
SQUEEZED = (
    Stacking(hook=0.75, mark=0.95, gap=-0.01, shift=0.04, squeeze=0.45),
    Stacking(hook=0.7, mark=0.9, gap=-0.005, shift=0.03, squeeze=0.65),
)
"""Capitals with two marks as Times New Roman has them: `QUYẾT` all but reads `QUYÉT` when small."""
WAVY = Stacking(hook=0.8, mark=0.85, gap=0.01, shift=0.0, wave=32.0)


def stack(source: Path, target: Path, stacking: Stacking) -> bool:
    """Write a TrueType font again with its tones stacked; False if it lacks the marks."""
    font = TTFont(source)
    names = font.getBestCmap()
    if "glyf" not in font or any(ord(mark) not in names for mark in _SAMPLES):
        return False
    glyphs = font.getGlyphSet()
    made = {}
    for code, name in names.items():
        if parts := _parts(chr(code)):
            base, mark = parts
            if ord(base) in names:
                made[name] = _compose(
                    font, glyphs, chr(code), names[ord(base)], names[ord(mark)], mark, stacking
                )
    for name, glyph in made.items():
        font["glyf"][name] = glyph
    for table in ("fpgm", "prep", "cvt ", "hdmx", "VDMX", "LTSH", "GPOS", "GSUB", "GDEF", "DSIG"):
        if table in font:
            del font[table]
    for name in font.getGlyphOrder():
        font["glyf"][name].removeHinting()
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = f"{record.toUnicode()} {stacking.label}"
    font.save(target)
    return True


def _parts(char: str) -> tuple[str, str] | None:
    """The letter that carries the tone and the tone, of letters that are to be set anew."""
    apart = unicodedata.normalize("NFD", char)
    if len(apart) < 2 or apart[-1] not in _SAMPLES or apart[0].lower() not in "aeiouy":
        return None
    base = unicodedata.normalize("NFC", apart[:-1])
    if len(base) != 1 or (base.isascii() and apart[-1] != _HOOK):
        return None
    if base.lower() in "ơư" and apart[-1] != _HOOK:
        return None
    return _DOTLESS.get(base, base), apart[-1]


def _compose(
    font: TTFont, glyphs: object, char: str, base: str, tone: str, mark: str, stacking: Stacking
) -> Glyph:
    em, plain = font["head"].unitsPerEm, unicodedata.normalize("NFD", char)[0]
    left, _, right, top = _bounds(glyphs, base)
    own_top = _bounds(glyphs, font.getBestCmap()[ord(plain)])[3]
    squeeze = stacking.squeeze if plain.isupper() else 1.0
    top = min(top, own_top + squeeze * (top - own_top))
    if mark == _HOOK and stacking.wave:
        tone = font.getBestCmap()[_TILDE]
    mark_left, bottom, mark_right, _ = _bounds(glyphs, tone)
    scale = stacking.hook if mark == _HOOK else stacking.mark
    shift = stacking.shift * em * (-1 if mark == "\u0300" else 1)
    matrix = _turned(scale, stacking.wave if mark == _HOOK else 0.0)
    middle = (mark_left + mark_right) / 2
    x = (left + right) / 2 + shift - matrix[0] * middle - matrix[2] * bottom
    y = top + stacking.gap * em - matrix[1] * middle - matrix[3] * bottom
    if font["glyf"][base].numberOfContours and top < 0.6 * em:  # a plain letter: leave room
        y += 0.05 * em
    pen = TTGlyphPen(None)
    letter = DecomposingRecordingPen(glyphs)
    glyphs[base].draw(letter)  # type: ignore[index]
    _lowered(letter, own_top, squeeze).replay(pen)
    sign = DecomposingRecordingPen(glyphs)
    glyphs[tone].draw(sign)  # type: ignore[index]
    sign.replay(TransformPen(pen, (*matrix, x, y)))
    return pen.glyph()


def _lowered(outline: RecordingPen, top: float, factor: float) -> RecordingPen:
    """The outline with what stands above `top` at a part of its height.

    A quadratic curve without a point on it ends in None.
    """
    lowered = RecordingPen()
    for command, points in outline.value:
        placed = [
            (point[0], top + factor * max(0, point[1] - top) + min(0, point[1] - top))
            if point
            else None
            for point in points
        ]
        lowered.value.append((command, tuple(placed)))
    return lowered


def _turned(scale: float, degrees: float) -> tuple[float, float, float, float]:
    """The first four numbers of an affine matrix: scaled, and turned to the left."""
    angle = math.radians(degrees)
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return cosine, sine, -sine, cosine


def _bounds(glyphs: object, name: str) -> tuple[float, float, float, float]:
    pen = BoundsPen(glyphs)
    glyphs[name].draw(pen)  # type: ignore[index]
    return pen.bounds or (0, 0, 0, 0)
