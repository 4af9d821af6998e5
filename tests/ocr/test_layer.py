"""The picture decides, the text layer is a hint: what a page shows is what comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from shared.result import Page, page_text
from tests.formats.documents import DECREE, FACE, Disguise, Letters, document, written
from tests.loading.samples import stream
from worker.hints import BULK_SAMPLES, SAMPLES
from worker.loading.limits import LoadLimits
from worker.loading.pool import PageLoader
from worker.ocr.layer.alignment import likeness
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reader

PDF = "application/pdf"
ENGLISH = (
    "The office staff found a sufficient flow of different files.",
    "Please pay the sum of 1,250.00 euros within thirty days.",
    "Late payments are charged with interest from the due date.",
)
BOX = b"/MediaBox [0 0 460 300] "
LETTERS = Letters("".join((*DECREE, *ENGLISH)))
TOP = 250
See = Callable[..., Page]


@pytest.fixture(scope="module")
def loader() -> Iterator[PageLoader]:
    with PageLoader(LoadLimits(), num_processes=1) as loader:
        yield loader


@pytest.fixture
def see(reader: Reader, loader: PageLoader, tmp_path: Path) -> See:
    """The page of a document that is given by its bytes; `samples` None: its layer is no hint."""

    def see(content: bytes, samples: int | None = SAMPLES) -> Page:
        path = tmp_path / "document"
        path.write_bytes(content)
        words = loader.layer(path, 1)
        picture = loader.load(path, PDF, 1).picture
        hint = None if samples is None else Hint(words, samples)
        return reader.read(picture, hint=hint).page

    return see


def of_layer(page: Page) -> list[str]:
    return [line.text for line in page.lines if line.source == "text_layer"]


def was_read(page: Page) -> str:
    return " ".join(line.text for line in page.lines if line.source == "ocr")


def pdf(*contents: bytes, font: Letters = LETTERS, entries: bytes = b"", **more: object) -> bytes:
    return document([b"".join(contents)], font, entries=BOX + entries, **more)  # type: ignore[arg-type]


def lines(*texts: str, font: Letters = LETTERS, top: float = TOP, **more: object) -> bytes:
    return written(texts, font, top=top, **more)  # type: ignore[arg-type]


# The suite has an hour: what is told twice is told in Vietnamese, and by `make acceptance` in both.
both_languages = pytest.mark.parametrize(
    "text",
    [
        pytest.param(DECREE, id="Vietnamese"),
        pytest.param(ENGLISH, id="English", marks=pytest.mark.acceptance),
    ],
)


@both_languages
@pytest.mark.parametrize("samples", [BULK_SAMPLES, SAMPLES])
def test_a_sound_layer_gives_its_exact_text(see: See, text: tuple[str], samples: int) -> None:
    page = see(pdf(lines(*text)), samples)
    assert page.source == "text_layer"
    assert page_text(page) == "\n".join(text)
    certain = {word.text for line in page.lines for word in line.words if word.confidence == 1}
    others = {word.text for line in page.lines for word in line.words if word.confidence < 1}
    assert certain, "what was read and agreed"
    assert others or samples == SAMPLES, "and not what nobody looked at"


def test_the_layer_of_a_page_that_lies_on_its_side_is_turned_with_it(see: See) -> None:
    turned = b"q 0 1 -1 0 460 0 cm %s Q" % lines(*DECREE)
    page = see(document([turned], LETTERS, entries=b"/MediaBox [0 0 460 460] "))
    assert page.rotation == 90
    assert page_text(page) == "\n".join(DECREE)
    assert page.source == "text_layer"


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


@pytest.mark.parametrize("code", ["\ue001", "\ufffd", "\x1c"])
@pytest.mark.parametrize("letter", ["ị", "ộ", "H"])
def test_a_letter_without_a_meaning_is_read_and_the_rest_is_taken(
    see: See, code: str, letter: str
) -> None:
    meant = [line.replace(letter, code) for line in DECREE]
    drawn = {c: c for c in "".join(DECREE)} | {code: letter}
    font = Disguise(drawn.items())
    page = see(pdf(lines(*meant, font=font), font=font))
    assert page.source == "mixed"
    assert page_text(page) == "\n".join(DECREE)
    assert all(line.source == "ocr" or letter not in line.text for line in page.lines)


def permuted(text: str, by: int) -> str:
    """Every letter another one, as where glyph numbers were taken for codes."""
    return "".join(chr(33 + (ord(c) - 33 + by) % 90) if c != " " else c for c in text)


CP1258 = str.maketrans(
    {"ộ": "ôò", "Ộ": "ÔÒ", "à": "aÌ", "ò": "oÌ", "Ò": "OÌ", "ã": "aÞ", "Ã": "AÞ", "ủ": "uÒ"}
)
VIQR = str.maketrans({"ộ": "o^.", "ậ": "a^.", "ă": "a(", "ứ": "u+'", "ế": "e^'", "ị": "i."})
_QUESTIONS = str.maketrans(dict.fromkeys("ộòãủăứậổíếềịẩấơưđĐỘÒÃỘỦĨỆạúà", "?"))


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        (ENGLISH, [permuted(line, 3) for line in ENGLISH]),
        (ENGLISH, [permuted(line, 29) for line in ENGLISH]),
        (ENGLISH, [line.translate(str.maketrans("aeiou", "eioua")) for line in ENGLISH]),
        (DECREE, [line.translate(_QUESTIONS) for line in DECREE]),
        (DECREE, [line.replace("ộ", "é").replace("ị", "Þ").replace("ế", "¸") for line in DECREE]),
        (DECREE[:1], ["UNC># M/8L / @* @9B; KLH ,Q# D*1T!"]),
        (DECREE[1:2], ["§éc lËp - Tù do - H¹nh phóc"]),
        (["Số 4711"], ["S¯ 4711"]),
        (["QUYẾT ĐỊNH"], ["QUYŠT Ð˜NH"]),
    ],
    ids=["shifted", "far", "vowels", "?", "marks", "heading", "TCVN3", "number", "VISCII"],
)
def test_a_font_that_says_what_it_does_not_show_is_read(
    see: See, shown: list[str], meant: list[str]
) -> None:
    page = see(lying(shown, meant))
    assert page.source in ("ocr", "mixed")
    assert likeness(page_text(page).replace("\n", " "), " ".join(shown)) > 0.97


@pytest.mark.parametrize(
    "text",
    [
        "Mitarbeiter arbeiten in über 100 Ländern für schöne Dinge",
        "Výbava na přání a další doplňky",
        "Kişisel bilgilerin korunması için gerekli önlemler",
    ],
    ids=["German", "Czech", "Turkish"],
)
def test_letters_that_the_reader_cannot_write_do_not_contradict_a_layer(
    see: See, text: str
) -> None:
    page = see(pdf(lines(text, font=Letters(text)), font=Letters(text)))
    assert (page.source, page_text(page)) == ("text_layer", text)


RAISED = {
    "area": "Diện tích đất là 120 m^2 và 35 m^3 cát vàng",
    "note": "Theo Điều 15^1 của Luật Đất đai năm 2024",
    "notes": "as was shown before^12 and by others^3 as well",
}


@pytest.mark.parametrize("text", RAISED.values(), ids=RAISED)
def test_a_small_digit_above_the_line_is_no_digit_of_the_number_before(see: See, text: str) -> None:
    font = Letters(text)
    parts = [
        b"/F %d Tf %d Ts %s Tj" % (*((7, 5) if number % 2 else (12, 0)), font.encoded(part))
        for number, part in enumerate(re.split(r"\^(\d+)", text))
    ]
    page = see(pdf(b"BT 1 0 0 1 30 250 Tm %s ET" % b" ".join(parts), font=font))
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    wanted = re.sub(r"\^(\d+)", lambda found: found[1].translate(raised), text)
    assert (page.source, page_text(page)) == ("text_layer", wanted)


@pytest.mark.parametrize("gap", [136, 142])
@pytest.mark.parametrize(
    "text", ["MỤC LỤC|VĂN BẢN PHÁP LUẬT", "TABLE|OF CONTENTS", "Biên bản|bàn giao mặt bằng"]
)
def test_a_space_that_a_layer_has_lost_is_read(see: See, text: str, gap: int) -> None:
    font = Letters(text)
    parts = (b" -%d " % gap).join(map(font.encoded, text.split("|")))
    page = see(pdf(b"BT /F 14 Tf 1 0 0 1 30 250 Tm [%s] TJ ET" % parts, font=font))
    assert page_text(page) == text.replace("|", " ")


@pytest.mark.parametrize("text", ["Mã số thuế 0301|452923", "Account no. VN12|34AB56"])
def test_letters_of_a_code_that_are_set_apart_are_of_one_word(see: See, text: str) -> None:
    font = Letters(text)
    parts = b" -136 ".join(map(font.encoded, text.split("|")))
    page = see(pdf(b"BT /F 14 Tf 1 0 0 1 30 250 Tm [%s] TJ ET" % parts, font=font))
    assert page_text(page) == text.replace("|", "")


@pytest.mark.parametrize(
    "text",
    [
        "The inter|national organi|sation of trade",
        "Donau|dampf|schiff und Eisen|bahn",
        "Sáu ki|lô|mét và ba mươi xen|ti|mét",
    ],
)
def test_a_hyphen_that_takes_no_room_is_none(see: See, text: str) -> None:
    page = see(lying([text.replace("|", "\u200b")], [text.replace("|", "\u00ad")]))
    assert page_text(page) == text.replace("|", "")


MINUTES = (
    "Hôm nay, ngày 18 tháng 11 năm 2026, tại phường Vĩnh Hải,",
    "Công ty Cổ phần Xây dựng Phú Khánh giao công trình và",
    "Ban quản lý chợ Vĩnh Hải nhận, hai bên cùng ký tên.",
)


@pytest.mark.parametrize(
    "lost",
    [("ạảự", "aaư"), ("ảợ", "aơ"), ("ôộâ", "ooa")],
    ids=["below and above", "hooks", "circumflexes"],
)
def test_marks_that_a_font_does_not_tell_are_read(see: See, lost: tuple[str, str]) -> None:
    """One letter is told for several; wherever it was asked about, it may have been right."""
    page = see(lying([*MINUTES], [line.translate(str.maketrans(*lost)) for line in MINUTES]))
    assert page_text(page).replace("\n", " ") == " ".join(MINUTES)


def lying(shown: list[str], meant: list[str]) -> bytes:
    """Lines that show one text and say another, glyph by glyph of what is shown."""
    codes: dict[tuple[str, str], str] = {}
    private = iter(range(0x4E00, 0x4FFF))
    rows = []
    for line, other in zip(shown, meant, strict=True):
        padded = other.ljust(len(line))[: len(line)] if len(other) != len(line) else other
        rows.append(
            "".join(
                codes.setdefault(pair, chr(next(private)))
                for pair in zip(line, padded, strict=True)
            )
        )
    font = _Lying(codes)
    return pdf(lines(*rows, font=font), font=font)


class _Lying(Letters):
    def __init__(self, codes: dict[tuple[str, str], str]) -> None:
        super().__init__("".join(codes.values()))
        self._drawn = {" ": " "} | {code: drawn for (drawn, _), code in codes.items()}
        self._means = {" ": " "} | {code: meant for (_, meant), code in codes.items()}

    def _meaning(self) -> str:
        return super()._meaning() if not hasattr(self, "_means") else self._mapped()

    def _mapped(self) -> str:
        codes, self._codes = self._codes, {}
        text = ""
        for code, number in codes.items():
            meant = self._means[code].encode("utf-16-be").hex()
            text += f"1 beginbfchar\n<{number:02x}> <{meant}>\nendbfchar\n"
        self._codes = codes
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
            f"1 begincodespacerange <00> <ff> endcodespacerange\n{text}endcmap end end"
        )


@pytest.mark.parametrize("table", [CP1258, VIQR], ids=["Windows-1258", "VIQR"])
def test_letters_in_pieces_are_put_together_by_the_picture(see: See, table: dict[int, str]) -> None:
    """One glyph that says several letters: the base and its marks apart."""
    codes = {(c, c.translate(table)): c for c in sorted(set("".join(DECREE)) - {" "})}
    font = _Lying(codes)
    page = see(pdf(lines(*DECREE, font=font), font=font))
    assert likeness(page_text(page), "\n".join(DECREE)) > 0.98


def test_of_two_fonts_only_the_broken_one_is_read(see: See) -> None:
    heading = ["QUYẾT ĐỊNH BỔ NHIỆM CÁN BỘ"]
    codes = {(c, chr(ord("!") + n)): c for n, c in enumerate(sorted({*heading[0]} - {" "}))}
    broken = _Lying(codes)
    content = written(heading, broken, top=270, font="G") + lines(*DECREE, top=240)
    page = see(pdf(content, second=broken))
    assert page.source == "mixed"
    assert was_read(page) == heading[0]
    assert of_layer(page) == [*DECREE]


@both_languages
@pytest.mark.parametrize("gap", ["\u200b", "\u2060", "x"])
def test_spaces_that_the_layer_does_not_have_are_read(see: See, text: tuple[str], gap: str) -> None:
    codes = {(c, c): c for c in sorted(set("".join(text)) - {" "})} | {(" ", gap): "\u4e00"}
    font = _Lying(codes)
    page = see(pdf(lines(*(line.replace(" ", "\u4e00") for line in text), font=font), font=font))
    assert page.source == "ocr"
    assert likeness(page_text(page), "\n".join(text)) > 0.98


@pytest.mark.parametrize("gap", [130, 150])
def test_spaces_inside_syllables_are_settled_by_the_picture(see: See, gap: int) -> None:
    """Small gaps round accented letters, of which PDFium makes spaces."""
    shown = [DECREE[0], DECREE[3], DECREE[4]]
    rows = []
    for number, line in enumerate(shown):
        parts = [
            (f" -{gap} " if ord(c) > 0x1E00 else " ") + LETTERS.encoded(c).decode() for c in line
        ]
        rows.append(f"1 0 0 1 30 {TOP - 20 * number} Tm [{''.join(parts)}] TJ\n")
    page = see(pdf(f"BT /F 12 Tf\n{''.join(rows)}ET".encode()))
    assert likeness(page_text(page), "\n".join(shown)) > 0.97


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
@both_languages
def test_what_is_painted_twice_comes_once(see: See, shift: float, text: tuple[str]) -> None:
    again = b"q 1 0 0 1 %g %g cm %s Q" % (shift, -shift, lines(*text))
    page = see(pdf(lines(*text), again))
    assert page_text(page) == "\n".join(text)


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


def with_catalogue(made: bytes, entries: bytes) -> bytes:
    """The same with more in its catalogue; its offsets are found anew."""
    start = b"<< /Type /Catalog /Pages 2 0 R"
    return made.replace(start, start + b" " + entries, 1)


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


def test_a_layer_that_is_trusted_is_taken_unseen(see: See) -> None:
    page = see(lying([*ENGLISH], [permuted(line, 3) for line in ENGLISH]), samples=0)
    assert page.source == "text_layer"
    assert likeness(page_text(page), "\n".join(ENGLISH)) < 0.5
    assert max(line.confidence for line in page.lines) < 1, "nobody confirmed it"


def test_a_layer_costs_far_fewer_pixels_than_reading(
    reader: Reader, see: See, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the recogniser is given, with the hint and without, of the same page."""
    content = document([written(DECREE * 6, LETTERS, top=800)], LETTERS)
    given: list[int] = []
    submit = reader._batcher.submit

    def counted(key, payloads, *, pixels, **asker):  # type: ignore[no-untyped-def]
        if key.task == "recognize":
            given.append(pixels * len(payloads))
        return submit(key, payloads, pixels=pixels, **asker)

    monkeypatch.setattr(reader._batcher, "submit", counted)
    costs = {}
    for samples in (None, SAMPLES, BULK_SAMPLES):
        given.clear()
        see(content, samples)
        costs[samples] = sum(given)
    assert 4 * costs[SAMPLES] < costs[None] and 0 < costs[BULK_SAMPLES] < costs[SAMPLES]
