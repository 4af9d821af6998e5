"""Pieces of lines, which the layout puts in order, and the lines that are joined out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared.result import Box, Line, LineSource, Word
from worker.ocr.detection.bends import Bend
from worker.ocr.recognition.calibration import chance_of_line
from worker.ocr.recognition.ctc import Span

Quad = NDArray[np.float32]

WIDE_GAP = 0.45
"""In heights of the line. Wider than the spaces of running text are; pieces that belong together
are joined again once their order is known."""

_MARGIN = 0.15
"""In heights: what a box leaves free beside its text, as the detector's boxes do."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one line without a wide gap between them; `quad` is (4, 2) in page pixels."""

    quad: Quad
    words: tuple[Word, ...]
    source: LineSource = "ocr"

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def extent(self) -> Quad:
        """The quad from the first letter to the last, without a margin."""
        first, last = self.words[0].box, self.words[-1].box
        return np.array((first[0], last[1], last[2], first[3]), np.float32)

    def holding(self, words: tuple[Word, ...]) -> Piece:
        """The part of it that holds some of its words."""
        part = replace(self, words=words)
        return replace(part, quad=part.extent)

    @property
    def is_sideways(self) -> bool:
        """Whether it runs up or down the page."""
        across = self.quad[1] - self.quad[0]
        return bool(abs(across[1]) > abs(across[0]))


def pieces_of(
    quad: Quad, spans: Sequence[Span], source: LineSource = "ocr", bend: Bend | None = None
) -> list[Piece]:
    """Cut a line into pieces at its wide gaps; `spans` are its words, in order."""
    width, height = (bend.length, bend.height) if bend else _size(quad)
    part = bend.part if bend else partial(along, quad)
    around = bend.around if bend else part
    wide = WIDE_GAP * height / max(width, 1e-6)
    groups: list[list[Span]] = []
    for index, span in enumerate(spans):
        if index == 0 or span.start - spans[index - 1].end > wide:
            groups.append([])
        groups[-1].append(span)
    margin = _MARGIN * height / max(width, 1e-6)
    return [
        Piece(
            around(max(0.0, group[0].start - margin), min(1.0, group[-1].end + margin)),
            tuple(_word(span, part(span.start, span.end)) for span in group),
            source,
        )
        for group in groups
    ]


def joined(pieces: Sequence[Piece]) -> Line:
    """Make one line of pieces that stand in one row, left to right.

    Its confidence is the chance that all its words are right.
    """
    words = tuple(word for piece in pieces for word in piece.words)
    quad = pieces[0].quad if len(pieces) == 1 else _around([piece.quad for piece in pieces])
    return Line(
        text=" ".join(word.text for word in words),
        confidence=chance_of_line([word.confidence for word in words]),
        box=as_box(quad),
        words=words,
        source="ocr" if any(piece.source == "ocr" for piece in pieces) else "text_layer",
    )


def as_box(quad: Quad) -> Box:
    """A quad as the result's box, to a tenth of a pixel."""
    a, b, c, d = ((round(float(x), 1), round(float(y), 1)) for x, y in quad)
    return a, b, c, d


def along(quad: Quad, start: float, end: float) -> Quad:
    """The part of a quad from `start` to `end`, as shares of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = (quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom)
    return np.array((*corners, quad[3] + start * bottom), np.float32)


def _word(span: Span, quad: Quad) -> Word:
    seen = (span.seen,) if span.seen else ()
    return Word(text=span.text, confidence=span.chance, box=as_box(quad), alternatives=seen)


def _size(quad: Quad) -> tuple[float, float]:
    sides = [float(np.linalg.norm(b - a)) for a, b in pairwise((*quad, quad[0]))]
    return (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2


def _around(quads: Sequence[Quad]) -> Quad:
    """The smallest rectangle along the row that holds all its quads."""
    direction = quads[-1][1] + quads[-1][2] - quads[0][0] - quads[0][3]
    length = float(np.linalg.norm(direction))
    axis = direction / length if length else np.array((1, 0))
    axes = np.array((axis, (-axis[1], axis[0])))
    turned = np.concatenate(quads) @ axes.T
    (left, top), (right, bottom) = turned.min(0), turned.max(0)
    corners = np.array(((left, top), (right, top), (right, bottom), (left, bottom)))
    return np.asarray(corners @ axes, np.float32)
