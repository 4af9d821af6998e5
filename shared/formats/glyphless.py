"""The font of the invisible text: every character has the same bare glyph, and a meaning.

A reader selects by the widths and the height of the font and copies by its ToUnicode map (PDF 1.7,
9.10.3), so nothing needs to be drawn and no real font is shipped.
"""

from __future__ import annotations

import zlib
from base64 import b85decode
from collections.abc import Iterable

from pikepdf import Array, Dictionary, Name, Object, Pdf, String

ADVANCE = 0.5
"""Width of every character, in font sizes. The font is one size high, all above the baseline."""

# A TrueType font of 708 bytes, packed. Its one glyph is 500 of 1000 units wide and a line there and
# back: it has no surface, but it has a box, and PDFium overlooks a text without one.
_FONT = b85decode(
    b"c-n<hF-yZx5dK~gqt>Dhf=(rZO2MHh;-u(M?WRz5a?lWCGbAQ7Ewr1HIEk~fql=5PgQKH=KoG2ZT?CEaOKNB<=!JK8-*"
    b"@-!?j3;ukijWb7~4CA#bUIv4v0M2L(4M*WDycy5-(NU=5gj}_LKOLc*?QOqr(1ej{XhLvO_|BgF^p>XU6er4bi3taZaV"
    b"XzGbqW#19gCW+Px<=8GX><HYprv%Tq6VtM~Q@WUG86y;jRA!p^exH3i###Y{;sx29P&EL&;ThWgBxN<DKlVqkMfIci4C"
    b"B+K*MHOvsVE`Kbm!9ftlz4h0nW1kI#4#j$N_)#!Pf&~4YBGabi?I<!iH@GTI%R+Q#;<3M1;LR&)Yg}b=-BGy3XG={Di|"
    b"b6d>vz$lpVEUG6v>4zJgI~c6=Q<>=u2?a_UCOZ3d2Ohhf>S)LpZh&?$=|d|3P()LE?r7fl32E^Pi$A<DEB#$1@F_GJIg"
    b"RsUZ1H`SqDd;"
)
_MAX_RANGES = 100  # in one block of a CMap


def encoded(text: str) -> bytes:
    """Text as codes of the font, two bytes each; what has no such code becomes U+FFFD."""
    codes = (ord(c) if ord(c) < 0x10000 else 0xFFFD for c in text)
    return b"".join(code.to_bytes(2, "big") for code in codes)


def add_font(pdf: Pdf) -> Object:
    """Add the font to a document; `give_meaning` completes it."""
    file = pdf.make_stream(zlib.decompress(_FONT))
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name.DocchuGlyphless,
        Flags=4,  # symbolic: it has an encoding of its own
        FontBBox=Array([0, 0, 500, 1000]),
        ItalicAngle=0,
        Ascent=1000,
        Descent=0,
        CapHeight=1000,
        StemV=80,
        FontFile2=file,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name.DocchuGlyphless,
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=500,
        CIDToGIDMap=pdf.make_stream(b"\x00\x01" * 0x10000),
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name.DocchuGlyphless,
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
    )
    return pdf.make_indirect(font)


def give_meaning(pdf: Pdf, font: Object, high_bytes: Iterable[int]) -> None:
    """Say what the codes mean; `high_bytes` are the first bytes of those that are used."""
    font.ToUnicode = pdf.make_stream(_to_unicode(high_bytes))


def _to_unicode(high_bytes: Iterable[int]) -> bytes:
    """A CMap that gives each code itself, a range for each first byte: ranges may not span two."""
    ranges = [b"<%02X00> <%02XFF> <%02X00>" % (high, high, high) for high in sorted(high_bytes)]
    blocks = []
    for start in range(0, len(ranges), _MAX_RANGES):
        part = ranges[start : start + _MAX_RANGES]
        blocks.append(b"%d beginbfrange\n%s\nendbfrange\n" % (len(part), b"\n".join(part)))
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        b"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + b"".join(blocks)
        + b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
