"""Decoded pages on their way out of a child, and any picture of Pillow's turned into 8-bit RGB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageFilter

_CHUNK_BYTES = 256 * 1024
"""Pixels leave in strips of about this size, so that no second copy of the page is made."""
_SOLID = 128
"""The alpha from which a pixel is ink, not the soft edge of it."""
_LIGHT = 176
"""The grey level from which ink is hard to see on white."""
_THIN = 0.03
"""The share of solid pixels that lie at its edge: of strokes, not of a sheet of paper."""
_FEW = 0.25
"""Of one kind of ink, dark or light, to the other: where there is more, both have to show."""


@dataclass(frozen=True)
class Pixels:
    """A page of `height` x `width` RGB pixels, its bytes row by row in `chunks`.

    `full` is the height and width that it has in its file, if it was decoded smaller.
    """

    height: int
    width: int
    damage: str | None
    chunks: Iterable[bytes | memoryview]
    full: tuple[int, int] | None = None


def of_picture(
    picture: Image.Image, damage: str | None, full: tuple[int, int] | None = None
) -> Pixels:
    """The pixels of a picture of mode RGB; `full` if it was decoded smaller."""
    return Pixels(picture.height, picture.width, damage, _strips(picture), full)


def _strips(picture: Image.Image) -> Iterator[bytes]:
    # What `tobytes` does, which would also make one piece of all of them.
    packing = Image._getencoder(picture.mode, "raw", (picture.mode, 0, 1))
    packing.setimage(picture.im, (0, 0, *picture.size))
    row_bytes = 3 * picture.width
    status = 0
    while not status:
        _, status, strip = packing.encode(max(_CHUNK_BYTES, row_bytes))
        yield strip


def to_rgb(picture: Image.Image) -> Image.Image:
    """Convert a picture of any mode to RGB: what is transparent becomes paper that shows its ink.

    Colour profiles are ignored: they move colours by less than a scanner does.
    """
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        paper = Image.new("RGBA", over.size, _paper_under(over))
        paper.alpha_composite(over)
        return paper.convert("RGB")
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _to_eight_bits(picture).convert("RGB")
    if picture.mode == "LAB":
        return picture.getchannel(0).convert("RGB")  # Pillow converts no LAB; lightness has it all
    return picture.convert("RGB")


def _paper_under(picture: Image.Image) -> str:
    """White, unless strokes on transparent ground (of mode RGBA) would vanish on it."""
    alpha = picture.getchannel("A")
    solid = alpha.point(lambda value: 255 if value >= _SOLID else 0)
    beside = ImageChops.invert(solid).filter(ImageFilter.MaxFilter(3))
    edge = picture.convert("L").histogram(ImageChops.multiply(solid, beside))
    dark, light = sum(edge[:_LIGHT]), sum(edge[_LIGHT:])
    if light < _FEW * dark or dark + light <= _THIN * solid.histogram()[255]:
        return "white"
    return "black" if dark < _FEW * light else "grey"


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating-point grey to 8 bits by its range; nothing is clipped."""
    import numpy as np  # here because hardly a child ever needs it

    values: np.ndarray[Any, np.dtype[np.float32]] = np.array(picture, np.float32)
    finite = np.isfinite(values)
    if not finite.all():
        values[~finite] = values[finite].max() if finite.any() else 1.0
    black, white = _range(float(values.min()), float(values.max()))
    values -= black
    values *= 255.0 / (white - black)
    values += 0.5  # rounds, because the cast to bytes cuts off
    return Image.fromarray(values.astype(np.uint8))


def _range(lowest: float, highest: float) -> tuple[float, float]:
    """The values of black and white for a picture whose values lie from `lowest` to `highest`.

    Only a picture with values below zero is stretched from end to end. Others keep their black
    and get the next full scale as their white (1, or 8, 9 … 32 bits), since a blank page that is
    stretched from end to end shows nothing but its noise.
    """
    if lowest < 0:
        return lowest, max(highest, lowest + 1.0)
    if highest <= 1.0:
        return 0.0, 1.0
    bits = max(8, int(highest).bit_length())
    return 0.0, float(2**bits - 1) if highest <= 2**bits - 1 else float(2**bits)
