"""What a page shows comes out, whatever its text layer has or lacks; what it hides does not."""

from __future__ import annotations

import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from shared.result import page_text
from tests.formats.documents import DECREE, FACE, Letters, written
from tests.loading.samples import stream
from tests.ocr.layered import (
    ENGLISH,
    TOP,
    See,
    both_languages,
    lines,
    of_layer,
    pdf,
    was_read,
    with_catalogue,
)
from worker.ocr.layer.alignment import likeness


@pytest.mark.parametrize(
    ("label", "value"),
    [("Họ và tên:", "Trần Văn Mẫu"), ("Full name:", "Robert Example"), ("Số:", "4711")],
)
@pytest.mark.parametrize("kind", ["Widget /FT /Tx /T (a)", "FreeText"])
def test_what_forms_notes_and_stamps_show_is_read_beside_the_layer(
    see: See, label: str, value: str, kind: str
) -> None:
    font = Letters("".join((*DECREE, label, value)))
    shown = b"BT /F 12 Tf 2 4 Td %s Tj ET" % font.encoded(value)
    look = stream(
        shown,
        b"/Type /XObject /Subtype /Form /BBox [0 0 150 18] /Resources << /Font << /F 3 0 R >> >>",
    )
    note = (
        f"<< /Type /Annot /Subtype /{kind} /Rect [160 101 310 119] /F 4 /AP << /N 12 0 R >> >>"
    ).encode()
    content = lines(*DECREE, font=font) + lines(label, font=font, top=105)
    made = pdf(content, font=font, entries=b"/Annots [13 0 R]", more=[look, note])
    page = see(with_catalogue(made, b"/AcroForm << /Fields [13 0 R] >>"))
    assert page.source == "mixed"
    assert page_text(page).split("\n")[: len(DECREE)] == [*DECREE]
    assert page_text(page).replace("\n", " ").endswith(f"{label} {value}")


HIDDEN = ("INTERNAL: our cost is 40 percent", "Do not show this to customers")


@pytest.mark.parametrize(
    "hide",
    [
        b"1 1 1 rg %s",
        b"q 0 0 5 5 re W n %s Q",
        b"q %s Q 0 g 0 60 460 60 re f",
        b"q %s Q 1 g 0 60 460 60 re f",
        b"/OC /Off BDC %s EMC",
    ],
    ids=["white", "clipped", "under black", "under white", "switched off"],
)
def test_what_the_page_does_not_show_is_not_on_it(see: See, hide: bytes) -> None:
    font = Letters("".join((*HIDDEN, *DECREE)))
    content = lines(*DECREE, font=font) + hide % lines(*HIDDEN, font=font, top=100)
    made = pdf(content, font=font, more=[b"<< /Type /OCG /Name (Internal) >>"])
    made = made.replace(b"/XObject <<", b"/Properties << /Off 12 0 R >> /XObject <<", 1)
    page = see(with_catalogue(made, b"/OCProperties << /OCGs [12 0 R] /D << /OFF [12 0 R] >> >>"))
    assert page_text(page) == "\n".join(DECREE)
    assert page.source == "text_layer"


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
@both_languages
def test_what_is_painted_twice_comes_once(see: See, shift: float, text: tuple[str]) -> None:
    again = b"q 1 0 0 1 %g %g cm %s Q" % (shift, -shift, lines(*text))
    page = see(pdf(lines(*text), again))
    assert page_text(page) == "\n".join(text)


def scan(*texts: str, pixels: int = 1) -> Image.Image:
    page = Image.new("L", (920 * pixels, 600 * pixels), 250)
    font = ImageFont.truetype(str(FACE), 24 * pixels)
    for number, text in enumerate(texts):
        draw = ImageDraw.Draw(page)
        draw.text((60 * pixels, (40 + 50 * number) * pixels), text, font=font, fill=20)
    return page


FULL = b"q 460 0 0 300 0 0 cm /P Do Q\n"


@pytest.mark.parametrize("over", [True, False], ids=["invisible over it", "visible under it"])
@both_languages
def test_an_old_layer_of_a_scan_is_not_believed(see: See, over: bool, text: tuple[str]) -> None:
    bad = [line.replace("o", "0").replace("ộ", "é").replace("i", "1") for line in text]
    font = Letters("".join(bad))
    old = b"".join(
        written([line], font, top=271 - 25 * n, mode=3 if over else 0) for n, line in enumerate(bad)
    )
    content = FULL + old if over else old + FULL
    page = see(pdf(content, font=font, picture=scan(*text, pixels=2)))
    assert page.source == "ocr"
    assert likeness(page_text(page), "\n".join(text)) > 0.97


@pytest.mark.parametrize("text", [("CĂN CƯỚC CÔNG DÂN", "Số: 001 234"), ("PASSPORT", "No. 4711")])
def test_a_picture_of_text_beside_a_layer_is_read(see: See, text: tuple[str, ...]) -> None:
    logo = b"q 230 0 0 150 30 -40 cm /P Do Q\n"
    page = see(pdf(lines(*DECREE), logo, picture=scan(*text)))
    assert page.source == "mixed"
    assert of_layer(page) == [*DECREE]
    assert was_read(page) == " ".join(text)


@pytest.mark.parametrize("text", [DECREE[:3], ENGLISH], ids=["Vietnamese", "English"])
def test_letters_that_were_made_outlines_are_read_beside_real_ones(
    see: See, text: tuple[str]
) -> None:
    page = see(pdf(outlined(text), lines(DECREE[3], top=100)))
    assert page.source == "mixed"
    assert of_layer(page) == [DECREE[3]]
    assert likeness(was_read(page), " ".join(text)) > 0.97


def outlined(texts: tuple[str, ...]) -> bytes:
    """The same as paths, one path a line, as drawing programs write it."""
    face = TTFont(FACE)
    glyphs, names = face.getGlyphSet(), face.getBestCmap()
    out = []
    for number, text in enumerate(texts):
        x, rows = 0.0, []
        for letter in text:
            pen = DecomposingRecordingPen(glyphs)
            glyphs[names[ord(letter)]].draw(pen)
            rows += [_operator(kind, points, x) for kind, points in pen.value]
            x += glyphs[names[ord(letter)]].width
        scale = 12 / face["head"].unitsPerEm
        place = f"q {scale:g} 0 0 {scale:g} 30 {TOP - 20 * number} cm"
        out.append("\n".join([place, *rows, "f Q\n"]))
    return "".join(out).encode()


def _operator(kind: str, points: tuple[tuple[float, float], ...], x: float) -> str:
    if kind == "closePath":
        return "h"
    if kind == "qCurveTo":
        # Polygons through the control points are near enough to be read.
        return "\n".join(f"{a + x:g} {b:g} l" for a, b in points)
    ((a, b),) = points
    return f"{a + x:g} {b:g} {'m' if kind == 'moveTo' else 'l'}"
