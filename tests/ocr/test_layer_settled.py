"""Where a text layer is in doubt or says what is not shown, the picture settles it."""

from __future__ import annotations

import pytest

from shared.result import page_text
from tests.formats.documents import DECREE, Disguise, Letters, written
from tests.ocr.layered import (
    ENGLISH,
    LETTERS,
    TOP,
    Lying,
    See,
    both_languages,
    lines,
    lying,
    of_layer,
    pdf,
    permuted,
    was_read,
)
from worker.ocr.layer.alignment import likeness


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


@pytest.mark.parametrize("gap", [136, 142])
@pytest.mark.parametrize(
    "text", ["MỤC LỤC|VĂN BẢN PHÁP LUẬT", "TABLE|OF CONTENTS", "Biên bản|bàn giao mặt bằng"]
)
def test_a_space_that_a_layer_has_lost_is_read(see: See, text: str, gap: int) -> None:
    font = Letters(text)
    parts = (b" -%d " % gap).join(map(font.encoded, text.split("|")))
    page = see(pdf(b"BT /F 14 Tf 1 0 0 1 30 250 Tm [%s] TJ ET" % parts, font=font))
    assert page_text(page) == text.replace("|", " ")


@pytest.mark.parametrize("text", ["Arial|Bold", "Ngày|Sinh", "Tên|Trường"])
def test_a_space_without_any_room_is_none(see: See, text: str) -> None:
    font = Letters(text.replace("|", " "))
    first, last = text.split("|")
    parts = font.encoded(first + " "), font.encoded(last)
    page = see(pdf(b"BT /F 14 Tf 1 0 0 1 30 250 Tm [%s 318 %s] TJ ET" % parts, font=font))
    assert page_text(page) == first + last


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


@pytest.mark.parametrize("table", [CP1258, VIQR], ids=["Windows-1258", "VIQR"])
def test_letters_in_pieces_are_put_together_by_the_picture(see: See, table: dict[int, str]) -> None:
    """One glyph that says several letters: the base and its marks apart."""
    codes = {(c, c.translate(table)): c for c in sorted(set("".join(DECREE)) - {" "})}
    font = Lying(codes)
    page = see(pdf(lines(*DECREE, font=font), font=font))
    assert likeness(page_text(page), "\n".join(DECREE)) > 0.98


def test_of_two_fonts_only_the_broken_one_is_read(see: See) -> None:
    heading = ["QUYẾT ĐỊNH BỔ NHIỆM CÁN BỘ"]
    codes = {(c, chr(ord("!") + n)): c for n, c in enumerate(sorted({*heading[0]} - {" "}))}
    broken = Lying(codes)
    content = written(heading, broken, top=270, font="G") + lines(*DECREE, top=240)
    page = see(pdf(content, second=broken))
    assert page.source == "mixed"
    assert was_read(page) == heading[0]
    assert of_layer(page) == [*DECREE]


@both_languages
@pytest.mark.parametrize("gap", ["\u200b", "\u2060", "x"])
def test_spaces_that_the_layer_does_not_have_are_read(see: See, text: tuple[str], gap: str) -> None:
    codes = {(c, c): c for c in sorted(set("".join(text)) - {" "})} | {(" ", gap): "\u4e00"}
    font = Lying(codes)
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
