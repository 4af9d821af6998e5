"""Small PDF files of every kind that people send, with what stands on them and where it is from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from tests.formats.documents import DECREE, Disguise, Letters, document

OWN, READ, BOTH = "text_layer", "ocr", "mixed"
_LINES = (DECREE[0], DECREE[3].rstrip(","), DECREE[4][:28])
DIGITAL = " ".join(_LINES)
SCANNED = "Page number 7 of the contract"
_LETTERS = Letters("".join(DECREE))
_BOX = b"/MediaBox [0 0 420 300] "
_UPRIGHT = {90: b"0 1 -1 0 420 0", 180: b"-1 0 0 -1 420 300", 270: b"0 -1 1 0 0 300"}
"""Matrices under which what is drawn stands upright on a page of a /Rotate."""


@dataclass(frozen=True)
class Sent:
    """A PDF; for each page its source and its text, signs above letters left out of account."""

    name: str
    content: bytes
    pages: Sequence[tuple[str, str]]
    size: tuple[int, int] = (420, 300)
    """Width and height in points of the pages as they are read."""


def typed(mode: int = 0) -> bytes:
    """The operators of the digital text; `mode` 3 is invisible."""
    rows = b"\n".join(
        b"1 0 0 1 30 %d Tm %s Tj" % (220 - 40 * n, _LETTERS.encoded(line))
        for n, line in enumerate(_LINES)
    )
    return b"BT %d Tr /F 9 Tf\n%s\nET\n" % (mode, rows)


def photographed(width: int = 420, height: int = 300, degrees: int = 0) -> Image.Image:
    """A scan of so many points at 150 dots to the inch, turned counter-clockwise."""
    page = Image.new("L", (width * 150 // 72, height * 150 // 72), 250)
    font = ImageFont.load_default(48)
    for n, text in enumerate(("Page number 7", "of the contract")):
        ImageDraw.Draw(page).text((60, 120 + 120 * n), text, font=font, fill=20)
    return page.rotate(degrees, expand=True)


def scan(width: int = 420, height: int = 300, left: int = 0, bottom: int = 0) -> bytes:
    """The operators that draw the picture over so much of the page."""
    return b"q %d 0 0 %d %d %d cm /P Do Q\n" % (width, height, left, bottom)


def pdf(*contents: bytes, entries: bytes = b"", picture: Image.Image | None = None) -> bytes:
    """A document of these pages."""
    box = b"" if b"/MediaBox" in entries else _BOX
    return document(contents, _LETTERS, entries=box + entries, picture=picture or photographed())


def disguised(shown: str, meant: str, pattern: str = ".") -> bytes:
    """A page that shows one text and would be copied as another; `pattern` is a letter of that."""
    pieces = re.findall(pattern, meant)
    font = Disguise(zip(pieces, shown, strict=True))
    return document([b"BT /F 11 Tf 30 200 Td %s Tj ET" % font.encoded(pieces)], font, entries=_BOX)


def sound() -> list[Sent]:
    """Documents whose own text is right, scans without any, and both in one."""
    paper = Image.new("L", (9, 9), 240)
    within = b"/CropBox [20 30 400 280] "
    return [
        Sent("digital", pdf(typed()), [(OWN, DIGITAL)]),
        Sent("digital, three pages", pdf(*[typed()] * 3), [(OWN, DIGITAL)] * 3),
        Sent("scanned", pdf(scan()), [(READ, SCANNED)]),
        Sent("scanned, two pages", pdf(scan(), scan()), [(READ, SCANNED)] * 2),
        Sent(
            "mixed",
            pdf(typed(), scan(), b"", typed()),
            [(OWN, DIGITAL), (READ, SCANNED), (READ, ""), (OWN, DIGITAL)],
        ),
        Sent(
            "a little text over a coloured page",
            pdf(scan() + typed(), picture=paper),
            [(OWN, DIGITAL)],
        ),
        Sent("digital, cut", pdf(typed(), entries=within), [(OWN, DIGITAL)], (380, 250)),
        Sent("scanned, cut", pdf(scan(), entries=within), [(READ, SCANNED)], (380, 250)),
        Sent(
            "digital, box off its origin",
            pdf(turned(b"1 0 0 1 -100 -50", typed()), entries=b"/MediaBox [-100 -50 320 250]"),
            [(OWN, DIGITAL)],
        ),
        Sent(
            "scanned, box upside down and off its origin",
            pdf(scan(left=50, bottom=70), entries=b"/MediaBox [470 370 50 70]"),
            [(READ, SCANNED)],
        ),
        Sent(
            "digital, large units",
            pdf(typed(), entries=b"/UserUnit 2"),
            [(OWN, DIGITAL)],
            (840, 600),
        ),
        Sent(
            "scanned, large units",
            pdf(scan(), entries=b"/UserUnit 1.5"),
            [(READ, SCANNED)],
            (630, 450),
        ),
        Sent(
            "scanned, small units",
            pdf(scan(), entries=b"/UserUnit 0.5"),
            [(READ, SCANNED)],
            (210, 150),
        ),
    ]


def lying() -> list[Sent]:
    """Documents whose own text is not what they show."""
    plain = "Cong hoa xa hoi chu nghia Viet Nam Doc lap Tu do Hanh phuc"
    tcvn3 = "Céng hßa x· héi chñ nghÜa ViÖt Nam §éc lËp Tù do H¹nh phóc"
    vni = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam Ñoäc laäp Töï do Haïnh phuùc"
    english = "the words that this page shows when somebody reads it"
    cipher = "".join(chr(ord(c) + 3) if c.isalpha() else c for c in english)
    private = "".join(chr(0xE000 + ord(c)) if c.isalpha() else c for c in plain)
    stamp = b"BT /F 11 Tf 300 20 Td %s Tj ET\n" % _LETTERS.encoded("phúc")
    return [
        Sent("a word over a scan", pdf(scan() + stamp), [(BOTH, f"{SCANNED} phúc")]),
        Sent("read before, invisibly", pdf(scan() + typed(3)), [(READ, SCANNED)]),
        Sent("text under a scan", pdf(typed() + scan()), [(READ, SCANNED)]),
        Sent(
            "invisible beside visible",
            pdf(typed() + turned(b"1 0 0 1 0 -90", typed(3))),
            [(OWN, DIGITAL)],
        ),
        Sent("TCVN3", disguised(plain, tcvn3), [(READ, plain)]),
        Sent("VNI", disguised(plain, vni, "[aeouyôöAEOUY][øùûõïâàáåãäêèéúüë]|."), [(READ, plain)]),
        Sent("cipher", disguised(english, cipher), [(READ, english)]),
        Sent("letters without a meaning", disguised(plain, private), [(READ, plain)]),
    ]


def turned(matrix: bytes, content: bytes) -> bytes:
    """The operators under another matrix."""
    return b"q %s cm %s Q\n" % (matrix, content)


def rotated() -> list[Sent]:
    """Documents whose pages say that they are turned, or are without saying so."""
    high = photographed(300, 420)
    said = [
        Sent(
            f"digital, turned by {degrees}",
            pdf(turned(matrix, typed()), entries=b"/Rotate %d" % degrees),
            [(OWN, DIGITAL)],
            (420, 300) if degrees == 180 else (300, 420),
        )
        for degrees, matrix in _UPRIGHT.items()
    ]
    return [
        *said,
        Sent(
            "scanned, turned by 90",
            pdf(turned(_UPRIGHT[90], scan(300, 420)), entries=b"/Rotate 90", picture=high),
            [(READ, SCANNED)],
            (300, 420),
        ),
        Sent(
            "scanned, turned by 270 and cut",
            pdf(
                turned(_UPRIGHT[270], scan(300, 420)),
                entries=b"/Rotate 270 /CropBox [10 20 400 290]",
                picture=high,
            ),
            [(READ, SCANNED)],
            (270, 390),
        ),
        Sent(
            "scanned on its side",
            pdf(scan(), picture=photographed(300, 420, 90)),
            [(READ, SCANNED)],
            (300, 420),
        ),
        Sent(
            "scanned upside down", pdf(scan(), picture=photographed(degrees=180)), [(READ, SCANNED)]
        ),
        Sent(
            "scanned upside down and turned",
            pdf(scan(), picture=photographed(degrees=180), entries=b"/Rotate 180"),
            [(READ, SCANNED)],
        ),
        Sent(
            "digital, on its side",
            pdf(turned(_UPRIGHT[90], typed())),
            [(OWN, DIGITAL)],
            (300, 420),
        ),
    ]


def long() -> Sent:
    """Forty pages, of which one is a scan."""
    pages = [typed()] * 40
    pages[24] = scan()
    expected = [(OWN, DIGITAL)] * 40
    expected[24] = (READ, SCANNED)
    return Sent("forty pages", pdf(*pages), expected)
