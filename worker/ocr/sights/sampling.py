"""The pictures of lines made on a device: cut out of pages that lie there, level and scaled.

It does what OpenCV 5 does on a processor, in the same steps: the line at its own size in whole grey
levels, then as whole levels at the recogniser's size. Nothing here waits for the device: all sizes
are known on the host, and the numbers of a batch go there in one copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from worker.ocr.recognition.lines import HEIGHT, PADDING
from worker.ocr.sights.homography import from_rectangles, moved_to
from worker.ocr.sights.recipes import Cut
from worker.ocr.sights.tapping import as_grey, counted, num_taps, taps_of, weighed

_MOST_PIXELS = 4_000_000
"""Of lines that are made together, each as high and wide as the largest: 50 MB for each step."""
_ROW_STEP, _COLUMN_STEP = 8, 64
"""Sizes of lines are rounded up: memory is taken in few sizes, and found again."""
_MOST_REGION = 6_000_000
"""Pixels of a page that become numbers at once."""
_MARGIN = 3
"""Pixels round a line that its own are made of."""
_RED, _GREEN, _BLUE = 9798.0, 19235.0, 3735.0
"""Their parts in grey, of 2 ** 15, as OpenCV weighs them."""


class Placed(NamedTuple):
    """A cut, and its picture (H, W, 3) on the device."""

    cut: Cut
    page: Tensor


@dataclass(frozen=True, slots=True)
class Made:
    """Lines made together: their numbers in the batch, BGR pixels (B, 48, W, 3), and how much each
    column (B, W') of a line at its own size differs from the next."""

    numbers: Sequence[int]
    pixels: Tensor
    profiles: Tensor | None


def made(lines: Sequence[Placed], width: int, *, inked: bool) -> Iterator[Made]:
    """Make lines of up to `width` pixels, in few goes; with `inked` their profiles, too."""
    for numbers in _groups([(cut.size[0], cut.number) for cut, _ in lines]):
        # Those of one page lie together: they are cut out of it in one go.
        numbers.sort(key=lambda number: id(lines[number].page))
        group = _Group.of([lines[number] for number in numbers])
        crops = group.cut_out()
        profiles = group.profiles(crops) if inked else None
        yield Made(numbers, group.scaled(crops, width), profiles)


def _groups(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """The numbers of lines of sizes that are alike enough to be made together."""
    group: list[int] = []
    widest = 0
    for number in sorted(range(len(sizes)), key=sizes.__getitem__):
        height, width = sizes[number]
        if group and (len(group) + 1) * height * max(widest, width) > _MOST_PIXELS:
            yield group
            group, widest = [], 0
        group.append(number)
        widest = max(widest, width)
    if group:
        yield group


class _Region(NamedTuple):
    """A part of a page, and how many lines in turn are cut out of it."""

    page: Tensor
    left: int
    top: int
    right: int
    bottom: int
    num_lines: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines of like sizes. `table` (B, 15), on the device, has of each line the way (3, 3) from its
    pixels to its region's, which reaches from -1 to 1, then its height and width, those that it
    is to have, the room for it and how it is scaled."""

    cuts: Sequence[Cut]
    regions: Sequence[_Region]
    table: Tensor

    @classmethod
    def of(cls, lines: Sequence[Placed]) -> _Group:
        """Tell the device of the lines; what is told of all of them goes there at once."""
        cuts = [cut for cut, _ in lines]
        sizes = np.array([cut.size for cut in cuts])
        matrices = from_rectangles(np.stack([cut.quad for cut in cuts]) - np.float32(0.5), sizes)
        matrices[:, :, 2] += matrices[:, :, 0] * np.array([[cut.first] for cut in cuts])
        told = [
            (cut.size[0], cut.number, HEIGHT, cut.target, cut.room, cut.scaling) for cut in cuts
        ]
        sizes[:, 1] = [cut.number for cut in cuts]
        regions = list(_regions(lines, matrices, sizes))
        boxes = [region[1:5] for region in regions for _ in range(region.num_lines)]
        ways = moved_to(np.array(boxes), matrices).reshape(-1, 9)
        table = torch.from_numpy(np.hstack((ways, told)).astype(np.float32))
        page = lines[0].page
        if page.is_cuda:
            table = table.pin_memory()
        return cls(cuts, regions, table.to(page.device, non_blocking=True))

    def cut_out(self) -> Tensor:
        """RGB lines (3, B, H, W) at their own sizes, in whole grey levels; their last row and
        column go on beyond their ends."""
        rows = _filled(max(cut.size[0] for cut in self.cuts), _ROW_STEP)
        columns = _filled(max(cut.number for cut in self.cuts), _COLUMN_STEP)
        last = self.table[:, 9:11] - 1
        y = torch.minimum(self._counted(rows), last[:, :1])
        x = torch.minimum(self._counted(columns), last[:, 1:])
        matrix = self.table[:, :9].view(-1, 1, 3, 3)
        down = matrix[..., 1] * y[:, :, None] + matrix[..., 2]
        along = matrix[..., 0] * x[:, :, None]
        places = down[:, :, None, :2] + along[:, None, :, :2]
        places /= down[:, :, None, 2:] + along[:, None, :, 2:]
        cut, first = [], 0
        for page, left, top, right, bottom, number in self.regions:
            region = page[top:bottom, left:right].permute(2, 0, 1)[None].float()
            grid = places[first : first + number].view(1, number * rows, columns, 2)
            cut.append(functional.grid_sample(region, grid, "bicubic", "border", False)[0])
            first += number
        crops = cut[0] if len(cut) == 1 else torch.cat(cut, 1)
        return crops.round_().clamp_(0, 255).view(3, -1, rows, columns)

    def profiles(self, crops: Tensor) -> Tensor:
        """How much each column (B, W) of crops differs from the next, as `profile_of` has it.

        All are whole numbers under 2 ** 24, which 32 bits hold.
        """
        grey = (crops[0] * _RED).add_(crops[1], alpha=_GREEN).add_(crops[2], alpha=_BLUE)
        grey = grey.add_(1 << 14).mul_(1 / (1 << 15)).floor_()
        changes = grey.diff(dim=2).abs_()
        own = self._counted(crops.shape[2]) < self.table[:, 9, None]
        return functional.pad((own.float()[:, None] @ changes)[:, 0], (0, 1))

    def scaled(self, crops: Tensor, width: int) -> Tensor:
        """BGR pixels (B, 48, W, 3) of crops, padded as the recogniser knows it."""
        places, own, goal = (
            torch.cat((rows.expand(-1, HEIGHT), columns.expand(-1, width)), 1)
            for rows, columns in (
                (self._counted(HEIGHT)[None], self._counted(width)[None]),
                (self.table[:, 9, None], self.table[:, 10, None]),
                (self.table[:, 11, None], self.table[:, 12, None]),
            )
        )
        kinds = {cut.scaling for cut in self.cuts}
        number = num_taps(max(cut.shrunk for cut in self.cuts))
        taps, weights = taps_of(places, own, goal, self.table[:, 14, None], kinds, number)
        # The rows by a product of matrices; the columns, many of few pixels each, one by one.
        down = crops.new_zeros(len(crops[0]), HEIGHT, crops.shape[2])
        down.scatter_add_(2, taps[:, :HEIGHT], weights[:, :HEIGHT])
        lines = torch.matmul(down, crops)
        pixels = as_grey(weighed(lines, taps[:, None, HEIGHT:], weights[:, None, HEIGHT:]))
        is_line, is_shown = (self._counted(width) < self.table[:, 12:14, None]).unbind(1)
        padding = is_shown[:, None] * float(PADDING)
        padded = torch.where(is_line[:, None], pixels, padding).to(torch.uint8)
        return padded.flip(0).permute(1, 2, 3, 0)

    def _counted(self, number: int) -> Tensor:
        return counted(number, self.table.device)


def _regions(
    lines: Sequence[Placed], matrices: NDArray[np.float64], sizes: NDArray[np.int64]
) -> Iterator[_Region]:
    """What the lines of each page are cut out of: if that is too much at once, line by line."""
    boxes = _boxes(lines, matrices, sizes)
    first = 0
    while first < len(lines):
        page, end = lines[first].page, first + 1
        while end < len(lines) and lines[end].page is page:
            end += 1
        least, most = boxes[first:end, :2].min(0), boxes[first:end, 2:].max(0)
        if np.prod(most - least) > _MOST_REGION:
            least, most, end = boxes[first, :2], boxes[first, 2:], first + 1
        left, top, right, bottom = np.concatenate((least, most)).tolist()
        yield _Region(page, left, top, right, bottom, end - first)
        first = end


def _boxes(
    lines: Sequence[Placed], matrices: NDArray[np.float64], sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What each line is made of (B, 4): left, top, right, bottom in pixels of its page."""
    unit = np.array(((0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)))
    corners = unit[None] * np.insert(sizes[:, ::-1], 2, 1, axis=1)[:, None]
    places = corners @ matrices.transpose(0, 2, 1)
    places = places[..., :2] / places[..., 2:]
    most = np.array([page.shape[1::-1] for _, page in lines])
    least = np.clip(np.floor(places.min(1)) - _MARGIN, 0, most - 1)
    ends = np.clip(np.ceil(places.max(1)) + _MARGIN, least + 1, most)
    return np.hstack((least, ends)).astype(np.int64)


def _filled(size: int, step: int) -> int:
    return -(-size // step) * step
