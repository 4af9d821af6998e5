"""Pages with tables that are drawn here, so that what stands in each cell is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from shared.result import Table
from training.measuring.scoring import distance, normalise

Picture = NDArray[np.uint8]
Cells = set[tuple[int, int, int, int, str]]
"""Row, column, spans down and across, text."""

FONTS = Path(__file__).parents[1] / "fonts"
_FONT = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 22)
_BOLD = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", 22)
_LEADING = 32
_PADDING = (14, 8)
WIDTH, HEIGHT = 1240, 1000


@dataclass(frozen=True)
class Cell:
    """A cell of the drawn table; `align` is `left`, `right` or `center`."""

    text: str
    down: int = 1
    across: int = 1
    align: str = "left"


Row = Sequence[Cell | str]


def right(*texts: str) -> list[Cell]:
    """Cells as amounts are set."""
    return [Cell(text, align="right") for text in texts]


class Paper:
    """A white page that is written on from top to bottom."""

    def __init__(self, height: int = HEIGHT) -> None:
        self._image = Image.new("RGB", (WIDTH, height), "white")
        self.draw = ImageDraw.Draw(self._image)
        self.y = 60
        self.tables: list[Cells] = []

    def text(self, *lines: str, left: int = 80, bold: bool = False) -> Paper:
        """Write lines."""
        for line in lines:
            self.draw.text((left, self.y), line, "black", _BOLD if bold else _FONT)
            self.y += _LEADING + 6
        return self

    def beside(self, *texts: tuple[int, str]) -> Paper:
        """Write texts side by side, each from its left edge."""
        for left, text in texts:
            self.draw.text((left, self.y), text, "black", _FONT)
        self.y += _LEADING + 6
        return self

    def gap(self, pixels: int = 24) -> Paper:
        """Leave blank."""
        self.y += pixels
        return self

    def table(
        self, rows: Sequence[Row], widths: Sequence[int], *, ruled: bool = True, left: int = 80
    ) -> Paper:
        """Draw a table, its lines wrapped as they need."""
        placed = _placed(rows)
        xs = np.cumsum([left, *widths]).tolist()
        tops = self._tops(placed, xs)
        for row, column, cell in placed:
            box = (xs[column], tops[row], xs[column + cell.across], tops[row + cell.down])
            if ruled:
                self.draw.rectangle(box, outline="black", width=2)
            self._write(cell, box, bold=row == 0)
        self.tables.append({(r, c, cell.down, cell.across, cell.text) for r, c, cell in placed})
        self.y = tops[-1] + 24
        return self

    @property
    def picture(self) -> Picture:
        """The page (H, W, 3)."""
        return np.asarray(self._image, np.uint8).copy()

    def _tops(self, placed: Sequence[tuple[int, int, Cell]], xs: Sequence[int]) -> list[int]:
        num_rows = max(row + cell.down for row, _, cell in placed)
        heights = [0] * num_rows
        for row, column, cell in placed:
            if cell.down == 1:
                lines = self._wrapped(cell.text, xs[column + cell.across] - xs[column], row == 0)
                heights[row] = max(heights[row], len(lines) * _LEADING + 2 * _PADDING[1])
        return [int(top) for top in np.cumsum([self.y, *heights])]

    def _write(self, cell: Cell, box: tuple[int, int, int, int], *, bold: bool) -> None:
        font = _BOLD if bold else _FONT
        for number, line in enumerate(self._wrapped(cell.text, box[2] - box[0], bold)):
            free = box[2] - box[0] - 2 * _PADDING[0] - font.getlength(line)
            shift = {"left": 0, "center": free / 2, "right": free}[cell.align]
            place = (box[0] + _PADDING[0] + shift, box[1] + _PADDING[1] + number * _LEADING)
            self.draw.text(place, line, "black", font)

    def _wrapped(self, text: str, width: int, bold: bool) -> list[str]:
        font = _BOLD if bold else _FONT
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if font.getlength(longer) <= width - 2 * _PADDING[0] or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


def _placed(rows: Sequence[Row]) -> list[tuple[int, int, Cell]]:
    taken: set[tuple[int, int]] = set()
    placed = []
    for number, row in enumerate(rows):
        column = 0
        for cell in (Cell(cell) if isinstance(cell, str) else cell for cell in row):
            while (number, column) in taken:
                column += 1
            taken |= {
                (number + down, column + across)
                for down in range(cell.down)
                for across in range(cell.across)
            }
            placed.append((number, column, cell))
            column += cell.across
    return placed


def is_drawn(table: Table, drawn: Cells, *, errors: float = 0.02) -> bool:
    """Whether a table that was read has the cells of the drawn one, but for few letters."""
    texts = {place: text for *place_, text in drawn for place in [tuple(place_)]}
    read = {(c.row, c.column, c.row_span, c.column_span): c.text for c in table.cells}
    if read.keys() != texts.keys():
        return False
    wrong = sum(distance(normalise(texts[place]), normalise(read[place])) for place in texts)
    return wrong <= errors * sum(map(len, texts.values()))


def scanned(picture: Picture, degrees: float = 1.2) -> Picture:
    """As a scanner sees it: askew, grey, grainy, packed with loss."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    page = cv2.warpAffine(
        picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(250, 250, 250)
    )
    grey = cv2.GaussianBlur(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), (0, 0), 0.8) * 0.85 + 30
    grain = np.random.default_rng(1).normal(0, 6, grey.shape)
    packed = cv2.imencode(".jpg", np.clip(grey + grain, 0, 255), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2RGB)


def photographed(picture: Picture) -> Picture:
    """As a camera sees it: on a table, aslant, unevenly lit."""
    width = picture.shape[1]
    pad = width // 12
    big = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(95, 80, 62))
    tall, wide = big.shape[:2]
    corners = np.array(((0, 0), (wide, 0), (wide, tall), (0, tall)), np.float32)
    moves = np.array(((0.03, 0.02), (-0.01, 0.03), (-0.04, -0.02), (0.01, -0.01)), np.float32)
    view = cv2.getPerspectiveTransform(corners, corners + moves * wide)
    seen = cv2.warpPerspective(
        big, view, (wide, tall), flags=cv2.INTER_CUBIC, borderValue=(95, 80, 62)
    )
    light = np.linspace(0.95, 0.7, wide)[None, :, None]
    soft = cv2.GaussianBlur(seen * light, (0, 0), 0.7)
    grain = np.random.default_rng(2).normal(0, 4, soft.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)
