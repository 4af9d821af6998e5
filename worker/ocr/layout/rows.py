"""Put boxes that stand side by side into rows, on pages that may be tilted or seen aslant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from worker.ocr.layout.pieces import Piece, extents

_LONG = 3.0
"""Width in heights from which a box shows its slope."""
_MOST_CELLS = 300
"""Of one row. More is no row that anybody reads, and each one is compared with all of them."""
_SAME_ROW = 0.5
"""In heights of the lower box: how far the middles of two boxes of a row may be apart."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece on the levelled page: its edges, its middle, height and slope there.

    `shares` are the edges of the spaces between its words, as shares of its length.
    """

    piece: Piece
    left: float
    right: float
    middle: float
    height: float
    slope: float
    shares: Sequence[tuple[float, float]] = ()

    @property
    def top(self) -> float:
        """The upper edge."""
        return self.middle - self.height / 2

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.middle + self.height / 2

    def spaces(self) -> list[tuple[float, float]]:
        """Where the spaces between its words begin and end."""
        length = self.right - self.left
        return [(self.left + length * a, self.left + length * b) for a, b in self.shares]

    def parted(self, number: int) -> tuple[Cell, Cell]:
        """Its first words, and those from the word of that number on."""
        left, right = self.spaces()[number - 1]
        return self.holding(0, number, self.left, left), self.holding(
            number, None, right, self.right
        )

    def holding(self, first: int, last: int | None, left: float, right: float) -> Cell:
        """Its words from one to another (exclusive), and where they stand."""
        piece = self.piece.holding(self.piece.words[first:last])
        return replace(
            self,
            piece=piece,
            left=left,
            right=right,
            shares=_shares([piece], piece.extent[None])[0],
        )


Row = list[Cell]
"""Cells that stand side by side, left to right."""


def tilt_of(pieces: Sequence[Piece]) -> float:
    """The angle in radians at which the long lines of a page run."""
    lengths, heights, angles = _measures(extents(pieces))
    long = lengths >= _LONG * heights
    return _tilt(lengths, angles, long)


def cells_of(pieces: Sequence[Piece]) -> list[Cell]:
    """Level the page by the tilt of its long lines."""
    if not pieces:
        return []
    quads = extents(pieces)
    lengths, heights, angles = _measures(quads)
    long = lengths >= _LONG * heights
    tilt = _tilt(lengths, angles, long)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    centres = quads.mean(1)
    xs = centres[:, 0] * cosine + centres[:, 1] * sine
    ys = centres[:, 1] * cosine - centres[:, 0] * sine
    slopes = np.where(long, np.tan(np.clip(angles - tilt, -0.5, 0.5)), 0.0)
    return [
        Cell(piece, x - w / 2, x + w / 2, y, h, slope, shares)
        for piece, x, y, w, h, slope, shares in zip(
            pieces,
            *(column.tolist() for column in (xs, ys, lengths, heights, slopes)),
            _shares(pieces, quads),
            strict=True,
        )
    ]


def rows_of(cells: Sequence[Cell]) -> list[Row]:
    """Group cells into rows from top to bottom."""
    rows: list[Row] = []
    for cell in sorted(cells, key=lambda cell: cell.middle):
        for row in reversed(rows[-4:]):
            if len(row) < _MOST_CELLS and _belongs(cell, row):
                row.append(cell)
                row.sort(key=lambda cell: cell.left)
                break
        else:
            rows.append([cell])
    return sorted(rows, key=lambda row: sum(cell.middle for cell in row) / len(row))


def _belongs(cell: Cell, row: Row) -> bool:
    overlap = (min(cell.right, mate.right) - max(cell.left, mate.left) for mate in row)
    if max(overlap) > 0.5 * cell.height:
        return False
    nearest = min(row, key=lambda mate: max(mate.left - cell.right, cell.left - mate.right))
    return _is_beside(cell, nearest)


def _is_beside(one: Cell, other: Cell) -> bool:
    """Whether the text of one goes on at the height of the other."""
    longer = max(one, other, key=lambda cell: cell.right - cell.left)
    shift = (other.left + other.right - one.left - one.right) / 2
    drop = other.middle - one.middle - longer.slope * shift
    return abs(drop) < _SAME_ROW * min(one.height, other.height)


def _shares(pieces: Sequence[Piece], outer: np.ndarray) -> list[list[tuple[float, float]]]:
    """Of each piece, where the spaces between its words begin and end, as shares of its length; of
    its extent (N, 4, 2)."""
    own = np.repeat(np.arange(len(pieces)), [len(piece.words) for piece in pieces])
    # In one flat list: numpy takes long to see what is nested how.
    corners = (place for piece in pieces for word in piece.words for place in word.box[:2])
    edges = np.array([side for corner in corners for side in corner]).reshape(-1, 2, 2)
    axes = (outer[:, 1] - outer[:, 0]).astype(np.float64)
    lengths = np.maximum((axes**2).sum(1), 1e-6)
    places = ((edges - outer[own][:, None, 0]) * axes[own][:, None]).sum(2) / lengths[own][:, None]
    lefts, rights = places.T.tolist()
    firsts = [0, *accumulate(len(piece.words) for piece in pieces)]
    return [
        list(zip(rights[first : last - 1], lefts[first + 1 : last], strict=True))
        for first, last in pairwise(firsts)
    ]


def _measures(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The length, height and angle of each quad."""
    across = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    down = (quads[:, 3] + quads[:, 2] - quads[:, 0] - quads[:, 1]) / 2
    lengths, heights = np.linalg.norm(across, axis=1), np.linalg.norm(down, axis=1)
    return lengths, heights, np.arctan2(across[:, 1], across[:, 0])


def _tilt(lengths: np.ndarray, angles: np.ndarray, long: np.ndarray) -> float:
    return _weighted_median(angles[long], lengths[long]) if long.any() else 0.0


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
