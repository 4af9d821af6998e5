"""Pictures as objects of a PDF: as they are where PDF knows their coding, else coded anew."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pi_heif import register_heif_opener
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from PIL import Image, ImageFile, ImageOps

from shared.media import AVIF, BMP, GIF, HEIC, JPEG, JPEG2000, PNG, TIFF, WEBP

register_heif_opener(decode_threads=1)
_FORMATS = {BMP: "BMP", GIF: "GIF", JPEG: "JPEG", PNG: "PNG", TIFF: "TIFF", WEBP: "WEBP"}
_FORMATS |= {AVIF: "AVIF", HEIC: "HEIF", JPEG2000: "JPEG2000"}
_LOSSY = (JPEG, AVIF, HEIC, JPEG2000)  # as a rule
_ORIENTATION_TAG = 274
_STRIP_OFFSETS, _STRIP_BYTES, _ROWS_PER_STRIP = 273, 279, 278
_JPEG_QUALITY = 85
"""For what was coded with loss already and cannot be taken over: WebP, and JPEG inside TIFF."""
_UNKNOWN_DPI = 150.0
_PLAUSIBLE_DPI = (50.0, 1300.0)
_GREY, _RGB, _PALETTE = 0, 2, 3  # colour types of PNG

# The unit square of a picture on a page of width `w` and height `h`, by its EXIF orientation.
_MATRICES = {
    1: "{w} 0 0 {h} 0 0",
    2: "-{w} 0 0 {h} {w} 0",
    3: "-{w} 0 0 -{h} {w} {h}",
    4: "{w} 0 0 -{h} 0 {h}",
    5: "0 -{h} -{w} 0 {w} {h}",
    6: "0 -{h} {w} 0 0 {h}",
    7: "0 {h} {w} 0 0 0",
    8: "0 {h} -{w} 0 {w} 0",
}


class PictureUnreadable(Exception):
    """This frame of the picture file cannot be decoded, or may not be: it is too large."""


@dataclass(frozen=True)
class PagePicture:
    """A picture in a PDF, its resolution, and how it is turned to stand upright."""

    image: Object
    dpi: float
    orientation: int

    def drawn(self, width: float, height: float) -> bytes:
        """The operators that fill a page of this size, in points, with the picture."""
        matrix = _MATRICES[self.orientation].format(w=f"{width:.3f}", h=f"{height:.3f}")
        return f"q {matrix} cm /Picture Do Q\n".encode()


def add_picture(pdf: Pdf, data: bytes, media_type: str, frame: int, max_pixels: int) -> PagePicture:
    """Add a frame, counting from 1, of a picture file. Raises PictureUnreadable.

    Of a damaged one what is left is shown, as the worker reads it.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        with Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]]) as picture:
            if frame > 1:
                picture.seek(frame - 1)
            if picture.width * picture.height > max_pixels:
                raise PictureUnreadable
            return _added(pdf, data, media_type, picture)
    except (ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError) as error:
        raise PictureUnreadable from error
    except (SyntaxError, TypeError, ValueError, struct.error) as error:
        raise PictureUnreadable from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _added(pdf: Pdf, data: bytes, media_type: str, picture: Image.Image) -> PagePicture:
    dpi = _dpi(picture)
    orientation = picture.getexif().get(_ORIENTATION_TAG, 1)
    if media_type == JPEG and picture.mode in ("L", "RGB", "CMYK"):
        turn = orientation if orientation in _MATRICES else 1
        return PagePicture(_jpeg(pdf, data, picture), dpi, turn)
    as_it_is = _png(pdf, data) if media_type == PNG and orientation == 1 else None
    # An `or` would not do: an object of a PDF is true or false by what it holds.
    anew = _coded_anew(pdf, data, media_type, picture) if as_it_is is None else as_it_is
    return PagePicture(anew, dpi, 1)


def _coded_anew(pdf: Pdf, data: bytes, media_type: str, picture: Image.Image) -> Object:
    is_lossy = _is_lossy(data, media_type, picture)
    upright = _flat(ImageOps.exif_transpose(picture))
    if upright.mode == "1":
        return _fax(pdf, upright)
    coded = io.BytesIO()
    if is_lossy:
        upright = upright if upright.mode == "L" else upright.convert("RGB")
        upright.save(coded, "JPEG", quality=_JPEG_QUALITY)
        return _jpeg(pdf, coded.getvalue(), upright)
    upright.save(coded, "PNG")
    image = _png(pdf, coded.getvalue())
    assert image is not None, "what Pillow writes is neither interlaced nor transparent"
    return image


def _dpi(picture: Image.Image) -> float:
    try:
        dpi = float(picture.info["dpi"][0])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return _UNKNOWN_DPI
    return dpi if _PLAUSIBLE_DPI[0] <= dpi <= _PLAUSIBLE_DPI[1] else _UNKNOWN_DPI


def _is_lossy(data: bytes, media_type: str, picture: Image.Image) -> bool:
    if media_type == WEBP:
        return b"VP8L" not in data[:64]
    return media_type in _LOSSY or picture.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")


def _flat(picture: Image.Image) -> Image.Image:
    """A picture of mode 1, L, P or RGB; what is transparent becomes paper."""
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("RGB")
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value / 256).convert("L")
    if picture.mode in ("I", "F"):
        low, high = picture.getextrema()
        scale = 255 / max(float(high) - min(float(low), 0.0), 1.0)  # type: ignore[arg-type]
        return picture.point(lambda value: value * scale).convert("L")
    return picture if picture.mode in ("1", "L", "P", "RGB") else picture.convert("RGB")


def _image(pdf: Pdf, data: bytes, width: int, height: int, **entries: object) -> Object:
    return pdf.make_stream(
        data, Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height, **entries
    )


def _jpeg(pdf: Pdf, data: bytes, picture: Image.Image) -> Object:
    spaces = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
    image = _image(
        pdf,
        data,
        picture.width,
        picture.height,
        ColorSpace=spaces[picture.mode],
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    if picture.mode == "CMYK" and "adobe" in picture.info:
        image.Decode = Array([1, 0] * 4)  # Adobe's programs write their inks inverted
    return image


def _png(pdf: Pdf, data: bytes) -> Object | None:
    """The compressed rows of a PNG are what PDF calls Flate with predictor 15 (PDF 1.7, 7.4.4.4).

    None where they are not: interlaced, transparent, or a file with something wrong.
    """
    chunks = list(_chunks(data))
    names = {name for name, _ in chunks}
    if not chunks or b"tRNS" in names or b"IDAT" not in names or b"IEND" not in names:
        return None
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if interlaced or kind not in (_GREY, _RGB, _PALETTE):
        return None
    num_colors = 3 if kind == _RGB else 1
    space: Object = Name.DeviceRGB if kind == _RGB else Name.DeviceGray
    if kind == _PALETTE:
        palette = next((content for name, content in chunks if name == b"PLTE"), b"")
        if not palette:
            return None
        space = Array([Name.Indexed, Name.DeviceRGB, len(palette) // 3 - 1, String(palette)])
    return _image(
        pdf,
        b"".join(content for name, content in chunks if name == b"IDAT"),
        width,
        height,
        ColorSpace=space,
        BitsPerComponent=bits,
        Filter=Name.FlateDecode,
        DecodeParms=Dictionary(
            Predictor=15, Colors=num_colors, BitsPerComponent=bits, Columns=width
        ),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            return
        yield name, data[at + 8 : at + 8 + length]
        if name == b"IEND":
            return
        at += 12 + length


def _fax(pdf: Pdf, picture: Image.Image) -> Object:
    """Black and white, coded as group 4 faxes are (ITU-T T.6)."""
    out = io.BytesIO()
    whole = {_ROWS_PER_STRIP: picture.height}
    picture.save(out, "TIFF", compression="group4", tiffinfo=whole, strip_size=2**31 - 1)
    out.seek(0)
    with Image.open(out, formats=["TIFF"]) as coded:
        tags = coded.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[_STRIP_OFFSETS], tags[_STRIP_BYTES]
        is_white_zero = tags[262] == 0
    return _image(
        pdf,
        out.getvalue()[start : start + length],
        picture.width,
        picture.height,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=1,
        Filter=Name.CCITTFaxDecode,
        DecodeParms=Dictionary(
            K=-1, Columns=picture.width, Rows=picture.height, BlackIs1=not is_white_zero
        ),
    )
