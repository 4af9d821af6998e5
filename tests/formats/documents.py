"""PDF files with a text layer, true or lying, and pages as a reader would give them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from shared.result import Line, Page, Table, TableCell, Word
from tests.loading.samples import join_pdf, stream

DECREE = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Căn cứ Luật Tổ chức Chính phủ ngày 19 tháng 6 năm 2015;",
    "Theo đề nghị của Bộ trưởng Bộ Giáo dục và Đào tạo,",
    "Chính phủ ban hành Nghị định quy định chi tiết một số điều",
    "của Luật Giáo dục nghề nghiệp về việc tổ chức giảng dạy.",
)
SIZE = 12  # points
LEADING = 20


FACE = Path(__file__).parents[1] / "fonts" / "DejaVuSans.ttf"
_EM = ImageFont.truetype(str(FACE), 1000)


class Letters:
    """A font of up to 200 letters that draws what it means."""

    def __init__(self, text: str) -> None:
        self._codes = {c: code for code, c in enumerate(sorted({*text, " "}), start=33)}
        assert len(self._codes) < 200
        self._drawn = dict(zip(self._codes, self._codes, strict=True))

    def encoded(self, text: Iterable[str]) -> bytes:
        return b"<" + bytes(self._codes[c] for c in text).hex().encode() + b">"

    def objects(self, number: int) -> list[bytes]:
        """The font, numbered `number`, its map, its measures and its file, which follow."""
        drawn = [self._drawn[c] for c in self._codes]
        names = " ".join(f"/uni{ord(c):04X}" for c in drawn)
        widths = " ".join(f"{_EM.getlength(c):.0f}" for c in drawn)
        font = (
            f"<< /Type /Font /Subtype /TrueType /BaseFont /Drawn /ToUnicode {number + 1} 0 R"
            f" /FontDescriptor {number + 2} 0 R /FirstChar 33 /LastChar {32 + len(drawn)}"
            f" /Widths [{widths}] /Encoding << /Differences [33 {names}] >> >>"
        )
        measures = (
            "<< /Type /FontDescriptor /FontName /Drawn /Flags 32 /FontBBox [-200 -250 1200 1000]"
            " /ItalicAngle 0 /Ascent 928 /Descent -236 /CapHeight 730 /StemV 80"
            f" /FontFile2 {number + 3} 0 R >>"
        )
        file = FACE.read_bytes()
        return [
            font.encode(),
            stream(self._meaning().encode()),
            measures.encode(),
            stream(file, b"/Length1 %d" % len(file)),
        ]

    def _meaning(self) -> str:
        means = [f"<{code:02x}> <{c.encode('utf-16-be').hex()}>" for c, code in self._codes.items()]
        parts = [means[at : at + 100] for at in range(0, len(means), 100)]
        chars = "".join(
            f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts
        )
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
            f"1 begincodespacerange <00> <ff> endcodespacerange\n{chars}endcmap end end"
        )


class Disguise(Letters):
    """A font that shows other letters than it means: pairs of what is meant and what is drawn."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._drawn = {" ": " ", **dict(pairs)}
        self._codes = {meant: code for code, meant in enumerate(sorted(self._drawn), start=33)}


def written(
    lines: Sequence[str],
    letters: Letters,
    *,
    top: float = 700,
    mode: int = 0,
    font: str = "F",
    state: str = "",
) -> bytes:
    """The operators of lines of text, from `top` down; `mode` 3 is invisible."""
    rows = b"\n".join(
        b"1 0 0 1 60 %g Tm %s Tj" % (top - LEADING * index, letters.encoded(line))
        for index, line in enumerate(lines)
    )
    return b"BT %s %d Tr /%s %d Tf\n%s\nET\n" % (
        state.encode(),
        mode,
        font.encode(),
        SIZE,
        rows,
    )


PICTURE_DRAWN = b"q 595 0 0 842 0 0 cm /P Do Q\n"


def document(
    contents: Sequence[bytes],
    letters: Letters,
    *,
    entries: bytes = b"",
    picture: Image.Image | None = None,
    trailer: bytes = b"",
    second: Letters | None = None,
    more: Sequence[bytes] = (),
) -> bytes:
    """An A4 document whose pages draw these contents with the fonts /F and /G and the picture /P.

    `more` are objects from number 12 on; the picture is 11.
    """
    pages, font = len(contents), 3
    inside = [*letters.objects(font), *(second or letters).objects(font + 4)]
    image = font + len(inside)
    first = image + 1 + len(more)
    shown = _picture(picture or Image.new("L", (8, 8), 255))
    box = b"" if b"/MediaBox" in entries else b"/MediaBox [0 0 595 842]"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d %s /Resources << /Font << /F 3 0 R /G 7 0 R >>"
        b" /XObject << /P %d 0 R >> >> >>"
        % (b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(pages)), pages, box, image),
        *inside,
        shown,
        *more,
    ]
    for number, content in enumerate(contents):
        own = first + 2 * number
        objects += [
            b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>" % (own + 1, entries),
            stream(content),
        ]
    return join_pdf(objects, trailer)


def _picture(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60)
    space = b"DeviceGray" if picture.mode == "L" else b"DeviceRGB"
    return stream(
        out.getvalue(),
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /%s"
        b" /BitsPerComponent 8 /Filter /DCTDecode" % (*picture.size, space),
    )


def scan(text: str = "scan") -> Image.Image:
    """A picture of a page, A4 at 72 dots to the inch."""
    page = Image.new("L", (595, 842), 250)
    ImageDraw.Draw(page).text((60, 100), text, font=ImageFont.load_default(24), fill=10)
    return page


def read_page(
    lines: Sequence[str], width: int = 1654, height: int = 2339, *, number: int = 1, **more: object
) -> Page:
    """A page as a reader of 200 dots to the inch gives it: words side by side in their lines."""
    return Page(
        page=number,
        width=width,
        height=height,
        lines=tuple(line_at(text, 170, 380 + 56 * n, 34) for n, text in enumerate(lines)),
        **more,
    )


def page_with_table(
    rows: Sequence[Sequence[str | None]],
    *,
    above: Sequence[Line] = (),
    below: Sequence[Line] = (),
    number: int = 1,
) -> Page:
    """A page with a table; a line break parts the lines of a cell, None lengthens the last one."""
    lines, cells = list(above), []
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            if text is None:
                continue
            left, top, parts = 200 + 400 * column, 900 + 80 * row, text.split("\n") if text else []
            own = tuple(range(len(lines), len(lines) + len(parts)))
            lines += [line_at(part, left, top + 36 * n, 32) for n, part in enumerate(parts)]
            across = 1
            while column + across < len(texts) and texts[column + across] is None:
                across += 1
            cells.append(
                TableCell(
                    row=row,
                    column=column,
                    column_span=across,
                    text=" ".join(parts),
                    confidence=0.9 if parts else 1,
                    box=_box(left, top, left + 400 * across, top + 80),
                    lines=own,
                )
            )
    area = _box(200, 900, 200 + 400 * len(rows[0]), 900 + 80 * len(rows))
    table = Table(box=area, num_rows=len(rows), num_columns=len(rows[0]), cells=tuple(cells))
    return Page(page=number, width=1600, height=2300, lines=(*lines, *below), tables=(table,))


def line_at(text: str, left: float, top: float, height: float, *, gap: float = 0.3) -> Line:
    """A line whose letters are half as wide as high; `gap` is in heights."""
    words, x = [], left
    for word in text.split():
        width = len(word) * height / 2
        words.append(Word(text=word, confidence=0.9, box=_box(x, top, x + width, top + height)))
        x += width + gap * height
    box = _box(left, top, x - gap * height, top + height)
    return Line(text=" ".join(text.split()), confidence=0.9, box=box, words=tuple(words))


def _box(left: float, top: float, right: float, bottom: float):
    return ((left, top), (right, top), (right, bottom), (left, bottom))
