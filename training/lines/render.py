"""From a text to the picture of its line: the face, the ink, the neighbours, the crop."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.fonts import Face, load
from training.labels.text import Texts
from training.lines import rules
from training.lines.families import FAMILIES, HANDS, Family, draw_family
from training.lines.typeset import Setting, extents, font_of, set_line
from training.wear.degrade import Picture
from training.wear.scenes import Scenes

_OFFICE_SHARE = 0.36
_TIMES, _TIMES_SHARE = ("Tinos Stacked", "Tinos Squeezed"), 0.2
_EXTREME = ("Thin", "Hairline", "Black", "ExtraLight", "Extra Light", "Heavy")
_FANCY = ("Lobster", "Pacifico", "Dancing Script", "Sriracha", "Comfortaa", "Space Mono", "Mali")
_CUT_SHARE, _CUT_BELOW = 0.05, 0.75
"""Of the lines, those with their feet or heads cut off, and of those the feet."""
MAX_RATIO = 34.0
"""Width over height of the widest line made: 1,632 pixels at 48 high."""


@dataclass(frozen=True)
class Line:
    """A synthetic line: an RGB crop (H, W, 3) and its label."""

    crop: Picture
    text: str


class Renderer:
    """Draws lines for ever; the same seed gives the same lines."""

    def __init__(self, corpus: Path, seed: int, *, held_out: bool = False) -> None:
        """Use the faces and sentences for training, or with `held_out` those kept for tests."""
        self._rng = random.Random(seed)
        self._texts = Texts(corpus, self._rng, held_out=held_out)
        self._scenes = Scenes(self._rng, seed)
        faces = load(held_out)
        self._office = _by_family([face for face in faces if face.office])
        self._times = _by_family([face for face in faces if face.family in _TIMES])
        self._others = _by_family([face for face in faces if not face.office] or faces)
        self._hands = [face for face in faces if face.family in HANDS]
        self._faces = {family.name: _chosen(family, faces) for family in FAMILIES}
        self.max_ratio = MAX_RATIO

    def draw(self, family: Family | None = None) -> Line:
        """One line, with its neighbours and its wear; of a drawn family unless told which."""
        while True:
            kind = family or draw_family(self._rng)
            text = self._texts.draw(kind.text)
            face = self._face_for(text, kind)
            if face is None:
                continue
            ink = self._ink(text, face, kind)
            height, width = ink.shape
            if height >= 8 and 4 <= width <= height * self.max_ratio:
                scene = self._rng.choice(kind.scenes)
                return Line(self._scenes.wear(ink, scene), text.replace("\t", " "))

    def _face_for(self, text: str, family: Family) -> Face | None:
        rng = self._rng
        bold = rng.random() < family.bold
        for attempt in range(6):
            groups = self._others
            if family.faces:
                groups = self._faces[family.name]
            elif self._times and rng.random() < _TIMES_SHARE:
                groups = self._times
            elif self._office and rng.random() < _OFFICE_SHARE:
                groups = self._office
            face = rng.choice(rng.choice(groups))
            if any(word in face.style for word in _EXTREME) and rng.random() < 0.8:
                continue
            if face.family in _FANCY and rng.random() < 0.6:
                continue
            if "Italic" in face.style and rng.random() < (0.7 if family.faces else 0.3):
                continue
            if bold and "Bold" not in face.style and attempt < 5:
                continue
            if not set(face.missing) & set(text):
                return face
        return None

    def _ink(self, text: str, face: Face, family: Family) -> Picture:
        """The line's ink (H, W), 255 where there is ink, cut out as a detector would."""
        rng = self._rng
        size = int(np.clip(rng.gauss(31, 8), 14, 56))
        if rng.random() < family.small:
            size = rng.randint(12, 19)
        if family.pixels:
            size = rng.randint(10, 16) * rng.choice([1, 3])
        setting = self._setting(face, text, size, family)
        line = set_line(text, setting)
        top, left, bottom, right = extents(line)
        if bottom <= top:
            return np.zeros((1, 1), np.uint8)
        if rng.random() < 0.3:  # a line without tall or deep letters in a box for all
            ascent, descent = setting.font.getmetrics()
            top, bottom = min(top, size), max(bottom, size + ascent + descent - size // 4)
        tall = bottom - top
        tightness = rng.choice([(-0.02, 0.08), (0.06, 0.25), (0.06, 0.25), (0.1, 0.45)])
        if family.pixels:
            tightness = (0.0, 0.2)
        pads = [rng.uniform(*tightness) * tall for _ in range(2)]
        if rng.random() < _CUT_SHARE:
            pads[rng.random() < _CUT_BELOW] = -rng.uniform(0.03, 0.2) * tall
        sides = [rng.uniform(-0.02, 0.35) * tall for _ in range(2)]
        if rng.random() < 0.09:  # a box that runs on over empty paper
            sides[rng.randint(0, 1)] += rng.uniform(0.5, 5) * tall
        box = (
            round(left - sides[0]),
            round(top - pads[0]),
            round(right + sides[1]),
            round(bottom + pads[1]),
        )
        page = Image.fromarray(line)
        cut = np.array(page.crop(box))
        if rng.random() < family.peek:
            self._peek(cut, setting, pads, tall)
        if rng.random() < family.ruled:
            rules.draw_table(cut, rng)
        if rng.random() < family.boxed:
            rules.draw_fields(cut, rng)
        if setting.stretch != 1.0:
            wide = max(4, round(cut.shape[1] * setting.stretch))
            cut = np.array(
                Image.fromarray(cut).resize((wide, cut.shape[0]), Image.Resampling.BILINEAR)
            )
        return cut

    def _setting(self, face: Face, text: str, size: int, family: Family) -> Setting:
        rng = self._rng
        tracking = 0.0
        if rng.random() < 0.05 and len(text) < 40:
            tracking = size * rng.uniform(0.05, 0.4 if text.isupper() else 0.15)
        elif rng.random() < 0.05:
            tracking = -size * rng.uniform(0.01, 0.035)
        word_gap = 0.0
        chance = rng.random()
        if chance < family.tight:  # set tight, as in narrow forms
            word_gap = -size * rng.uniform(0.0, 0.13)
        elif chance < family.tight + 0.25:  # justified
            word_gap = size * rng.uniform(0.0, 0.5)
        elif chance < family.tight + 0.27:  # columns of a table
            word_gap = size * rng.uniform(0.5, 2.0)
        stretch = rng.uniform(0.85, 1.25) if rng.random() < 0.13 else 1.0
        if rng.random() < family.squeezed:
            stretch = rng.uniform(0.62, 0.95)
        second, turn = None, rng.randint(1, 4)
        if rng.random() < family.two_faces:
            other = self._companion(face)
            if not set(other.missing) & set(text):
                second = font_of(other.path, other.index, size)
        small = None
        if rng.random() < family.lowered and sum(map(str.islower, text)) > len(text) / 2:
            small = font_of(face.path, face.index, round(size * rng.uniform(0.7, 0.8)))
        strikes = rng if family.typed else None
        font = font_of(face.path, face.index, size)
        return Setting(
            font, tracking, word_gap, stretch, second, turn, self._columns(size), small, strikes
        )

    def _columns(self, size: int) -> tuple[float, ...]:
        """The gaps between columns, even or not: from a letter to half a page."""
        rng = self._rng
        widest = size * rng.choice([1.0, 3.0, 6.0, 14.0])
        gaps = tuple(rng.uniform(0.3 * size, widest) for _ in range(4))
        return gaps if rng.random() < 0.6 else gaps[:1]

    def _companion(self, face: Face) -> Face:
        """A face to go on in: another style of the same family, or handwriting."""
        rng = self._rng
        if self._hands and rng.random() < 0.35:
            return rng.choice(self._hands)
        groups = [*self._office, *self._times, *self._others]
        same = [group for group in groups if group[0].family == face.family]
        return rng.choice(rng.choice(same or groups))

    def _peek(self, cut: Picture, setting: Setting, pads: list[float], tall: int) -> None:
        """Let the feet of the line above or the heads of the line below show at the rim."""
        rng = self._rng
        other = set_line(self._texts.draw()[:160], setting)
        if rng.random() < 0.12:
            self._intrude(cut, other)
        top, left, bottom, right = extents(other)
        strip = other[top:bottom, left:right]
        height, width = cut.shape
        for above in rng.choice([(True,), (False,), (True, False)]):
            pad = pads[0] if above else pads[1]
            seen = int(min(max(pad, 1) + 0.04 * tall, rng.uniform(0.04, 0.3) * tall, len(strip)))
            if seen < 1:
                continue
            part = strip[-seen:] if above else strip[:seen]
            start = rng.randint(-width // 3, max(1, width // 2))
            source, target = max(0, -start), max(0, start)
            part = part[:, source : source + width - target]
            rows = slice(0, seen) if above else slice(height - seen, height)
            spot = cut[rows, target : target + part.shape[1]]
            np.maximum(spot, part[: spot.shape[0]], out=spot)

    def _intrude(self, cut: Picture, other: Picture) -> None:
        """Let a part of a letter of the next column show at an end."""
        rng = self._rng
        top, left, bottom, right = extents(other)
        height, width = cut.shape
        wide = min(round(rng.uniform(0.03, 0.22) * height), width // 4, right - left)
        if wide < 1:
            return
        level = (height - (bottom - top)) // 2 + rng.randint(-2, 2)
        strip = other[max(0, top - max(0, level)) : bottom, left:right]
        strip = strip[:height]
        at_left = rng.random() < 0.5
        part = strip[:, -wide:] if at_left else strip[:, :wide]
        spot = (cut[:, :wide] if at_left else cut[:, width - wide :])[: len(part)]
        np.maximum(spot, part, out=spot)


def _chosen(family: Family, faces: list[Face]) -> list[list[Face]]:
    """A family of documents' faces; all faces where it names none or none of them is there."""
    named = [face for face in faces if any(part in face.family for part in family.faces)]
    return _by_family(named or faces)


def _by_family(faces: list[Face]) -> list[list[Face]]:
    groups: dict[str, list[Face]] = {}
    for face in faces:
        groups.setdefault(face.family, []).append(face)
    return list(groups.values())
