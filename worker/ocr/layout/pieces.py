"""Pieces of lines, which the layout puts in order, and the lines that are joined out of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from shared.result import Box, Line, LineSource, Word
from worker.ocr.detection.bends import Bend
from worker.ocr.detection.boxes import spans as sizes_of
from worker.ocr.recognition.calibration import chance_of_line
from worker.ocr.recognition.ctc import Span

Quad = NDArray[np.float32]
PageSource = Literal["ocr", "text_layer", "mixed"]

_WORDS = TypeAdapter(list[Word])

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
        extent: Quad = extents([self])[0]
        return extent

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
    texts: Sequence[tuple[Quad, Sequence[Span], LineSource]],
    bend_of: Callable[[Quad], Bend | None] = lambda _: None,
) -> list[Piece]:
    """Cut the lines of a page into pieces at their wide gaps; a line's spans are in order."""
    texts = [text for text in texts if text[1]]
    if not texts:
        return []
    bends = {number: bend for number, (quad, *_) in enumerate(texts) if (bend := bend_of(quad))}
    quads = np.array([bends[n].quad if n in bends else text[0] for n, text in enumerate(texts)])
    lengths, heights = sizes_of(quads)
    spans = [span for _, line, _ in texts for span in line]
    own = np.repeat(np.arange(len(texts)), [len(line) for _, line, _ in texts])
    starts, ends = np.array([(span.start, span.end) for span in spans]).T
    # What is measured in heights of a line here is measured in shares of its length there.
    high = heights / np.maximum(lengths, 1e-6)
    is_first = np.ones(len(spans), bool)
    is_first[1:] = (np.diff(own) > 0) | (starts[1:] - ends[:-1] > WIDE_GAP * high[own[1:]])
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(spans))
    lines = own[firsts]
    margins = _MARGIN * high[lines]
    lefts = np.maximum(0.0, starts[firsts] - margins)
    rights = np.minimum(1.0, ends[lasts - 1] + margins)
    word_quads, outer = along(quads[own], starts, ends), along(quads[lines], lefts, rights)
    for line, bend in bends.items():
        for word in np.flatnonzero(own == line):
            word_quads[word] = bend.part(starts[word], ends[word])
        for piece in np.flatnonzero(lines == line):
            outer[piece] = bend.around(lefts[piece], rights[piece])
    words = _words(spans, as_boxes(word_quads))
    return [
        Piece(quad, tuple(words[first:last]), texts[line][2])
        for quad, first, last, line in zip(
            outer, firsts.tolist(), lasts.tolist(), lines.tolist(), strict=True
        )
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


def source_of(lines: Sequence[Line]) -> PageSource:
    """Where the lines of a page come from."""
    sources: set[PageSource] = {line.source for line in lines} or {"ocr"}
    return sources.pop() if len(sources) == 1 else "mixed"


def as_box(quad: Quad) -> Box:
    """A quad as the result's box, to a tenth of a pixel."""
    return as_boxes(quad[None])[0]


def as_boxes(quads: Quad) -> list[Box]:
    """Quads (N, 4, 2) as the result's boxes."""
    xs, ys = np.round(quads.astype(np.float64), 1).reshape(-1, 2).T.tolist()
    corners = list(zip(xs, ys, strict=True))
    return list(zip(*(corners[side::4] for side in range(4)), strict=True))


def along(quads: Quad, starts: NDArray[np.floating], ends: NDArray[np.floating]) -> Quad:
    """The parts of quads (N, 4, 2) from `starts` to `ends` (N,), as shares of their lengths."""
    a, b, c, d = quads.swapaxes(0, 1)
    start, end = (edges.astype(np.float32)[:, None] for edges in (starts, ends))
    corners = (a + start * (b - a), a + end * (b - a), d + end * (c - d), d + start * (c - d))
    return np.asarray(np.stack(corners, axis=1), np.float32)


def part_of(quad: Quad, start: float, end: float) -> Quad:
    """The part of one quad (4, 2)."""
    part: Quad = along(quad[None], np.array([start]), np.array([end]))[0]
    return part


def extents(pieces: Sequence[Piece]) -> Quad:
    """The quads (N, 4, 2) of pieces from the first letter to the last, without a margin."""
    corners = [
        (first[0], last[1], last[2], first[3])
        for first, last in ((piece.words[0].box, piece.words[-1].box) for piece in pieces)
    ]
    return np.array(corners, np.float32).reshape(-1, 4, 2)


def _words(spans: Sequence[Span], boxes: Sequence[Box]) -> list[Word]:
    """All at once: it takes a third less than to make them one by one."""
    return _WORDS.validate_python(
        [
            {
                "text": span.text,
                "confidence": span.chance,
                "box": box,
                "alternatives": (span.seen,) if span.seen else (),
            }
            for span, box in zip(spans, boxes, strict=True)
        ]
    )


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
