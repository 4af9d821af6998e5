"""Pages of picture files: strictly at first, then as much as a damaged file still gives."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from functools import cached_property

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,  # noqa: F401  what phones write as a JPEG with several pictures
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from shared.errors.documents import DocumentDamaged, PageTooLarge, TooManyPages
from shared.media import AVIF, BMP, GIF, HEIC, JPEG, JPEG2000, PNG, TIFF, WEBP
from worker.loading import tiff
from worker.loading.limits import LoadLimits
from worker.loading.pixels import Pixels, of_picture, to_rgb
from worker.loading.reducing import reduce

# The only formats that may be opened, whatever else Pillow knows; imported before the first file.
_FORMATS = {
    AVIF: AvifImagePlugin.AvifImageFile.format,
    HEIC: "HEIF",
    JPEG2000: Jpeg2KImagePlugin.Jpeg2KImageFile.format,
    BMP: BmpImagePlugin.BmpImageFile.format,
    GIF: GifImagePlugin.GifImageFile.format,
    JPEG: JpegImagePlugin.JpegImageFile.format,
    PNG: PngImagePlugin.PngImageFile.format,
    TIFF: TiffImagePlugin.TiffImageFile.format,
    WEBP: WebPImagePlugin.WebPImageFile.format,
}
pi_heif.register_heif_opener(decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # other pages are decoded beside this one
# What Pillow's plugins raise on files that they do not like, as found with thousands of such files.
_DECODER_ERRORS = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zlib.error),
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_CUT_SHORT = "The file is cut short: only a part of this page could be read."
_DAMAGED = "The file is damaged: this page may have been read only in part."

_ORIENTATION_TAG = 274
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = 5, 6, 7, 8
"""Those that make what is wide in the file high."""

_Read = tuple[Image.Image, tuple[int, int] | None]
"""A page as it was decoded; its height and width in the file, if it was decoded smaller."""


class PictureFile:
    """A picture file that is open: a TIFF has a page for each frame, any other its first frame."""

    def __init__(self, path: str, media_type: str, limits: LoadLimits) -> None:
        self._limits = limits
        self._media_type = media_type
        self._file = open(path, "rb")  # noqa: SIM115  closed by `close`
        self._frames: Image.Image | None = None
        # Pillow looks at the size while it opens a file, before anything is allocated. Of a TIFF
        # that is the first page's, while here each page stands for itself.
        Image.MAX_IMAGE_PIXELS = None if media_type == TIFF else limits.max_page_pixels

    def num_pages(self) -> int:
        """Count the pages; raises DocumentDamaged and TooManyPages."""
        num_pages, _ = self._pages
        if num_pages == 0:
            raise DocumentDamaged
        if num_pages > self._limits.max_pages:
            raise TooManyPages(max_pages=self._limits.max_pages)
        return num_pages

    def load(self, page: int) -> Pixels:
        """Decode a page; raises DocumentDamaged and, before decoding, PageTooLarge."""
        try:
            picture, full = self._read(page)
        except _BOMBS:
            raise PageTooLarge(max_page_pixels=self._limits.max_page_pixels) from None
        except _DECODER_ERRORS as error:
            damage = _CUT_SHORT if "truncated" in str(error).lower() else _DAMAGED
            picture, full = self._read_what_is_left(page)
            return of_picture(picture, damage, full)
        is_cut = self._media_type == TIFF and self._pages == (page, False)
        return of_picture(picture, _CUT_SHORT if is_cut else None, full)

    def close(self) -> None:
        """Close the file."""
        self._frames = None
        self._file.close()

    @cached_property
    def _pages(self) -> tuple[int, bool]:
        """The number of pages and if all are there; where some are not, the last one is cut off."""
        if self._media_type == TIFF:
            return tiff.follow_chain(self._file, self._limits.max_pages)
        with _tolerating_damage():
            try:
                self._open()
            except _BOMBS:
                return 1, True
            except _DECODER_ERRORS:
                return 0, False
        return 1, True

    def _read_what_is_left(self, page: int) -> _Read:
        with _tolerating_damage():
            try:
                picture, full = self._read(page)
            except _DECODER_ERRORS:
                raise DocumentDamaged from None
        if picture.getcolors(maxcolors=1) is not None:
            raise DocumentDamaged  # the canvas was made, but nothing was drawn on it
        return picture, full

    def _open(self) -> Image.Image:
        self._file.seek(0)
        return Image.open(self._file, formats=[_FORMATS[self._media_type]])

    def _read(self, page: int) -> _Read:
        """Decode a page to RGB, upright and with square pixels, one that is very large smaller."""
        frame = self._frame(page)
        wider, higher = (1.0, 1.0)
        if isinstance(frame, TiffImagePlugin.TiffImageFile):
            wider, higher = tiff.stretch(frame)
        width, height = round(frame.width * wider), round(frame.height * higher)
        if width * height > self._limits.max_page_pixels:
            raise PageTooLarge(
                width=width, height=height, max_page_pixels=self._limits.max_page_pixels
            )
        is_reduced = reduce(frame)
        _decode(frame)
        turn = _turn(frame)
        picture = to_rgb(_upright(_with_usual_ink(frame), _TURNS.get(turn)))
        if picture.size != (width, height) and (wider, higher) != (1.0, 1.0):
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        if not is_reduced:
            return picture, None
        return picture, (width, height) if turn in _LYING else (height, width)

    def _frame(self, page: int) -> Image.Image:
        frames, self._frames = self._frames, None
        if frames is None or frames.tell() == page - 1:  # a frame decodes once
            frames = self._open()
        if self._media_type == TIFF:
            frames.seek(page - 1)
            if getattr(frames, "is_animated", False) and not ImageFile.LOAD_TRUNCATED_IMAGES:
                self._frames = frames  # finding page 900 means reading 899 directories
        elif page != 1:
            raise EOFError(f"no page {page}")
        return frames


@contextlib.contextmanager
def _tolerating_damage() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _decode(frame: Image.Image) -> None:
    try:
        frame.load()
    except _DECODER_ERRORS:
        # libtiff stops at the first bad strip; by then Pillow has the strips before it.
        if not ImageFile.LOAD_TRUNCATED_IMAGES or getattr(frame, "tile", True):
            raise
        frame.load()


def _with_usual_ink(frame: Image.Image) -> Image.Image:
    """Undo Pillow's guess that every CMYK JPEG is inverted: only those of Adobe's programs are."""
    if frame.mode == "CMYK" and frame.format in ("JPEG", "MPO") and "adobe" not in frame.info:
        return ImageChops.invert(frame)
    return frame


def _turn(frame: Image.Image) -> int:
    """The EXIF orientation of a picture, 1 if it is upright; Pillow has turned a TIFF."""
    if isinstance(frame, TiffImagePlugin.TiffImageFile):
        return 1
    try:
        return int(frame.getexif().get(_ORIENTATION_TAG, 1))
    except _DECODER_ERRORS:
        return 1  # the picture is good even if what is written about it is not


def _upright(picture: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return picture if turn is None else picture.transpose(turn)
