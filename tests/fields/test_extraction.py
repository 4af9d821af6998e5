"""What a document says: found in lines of words with boxes."""

from __future__ import annotations

from datetime import date

import pytest

from shared.fields.amounts import amount_in_words, decimal_of
from shared.fields.extraction import extract
from shared.fields.found import Fields
from shared.fields.mrz import check_digit
from shared.fields.template import load_templates
from shared.fields.values import is_tax_code, iso_date, value_of
from shared.result import Box, Line, Page, Word

TODAY = date(2026, 11, 26)
TEMPLATES = load_templates()
Placed = tuple[float, float, str]


def box_of(left: float, top: float, right: float, bottom: float) -> Box:
    return (left, top), (right, top), (right, bottom), (left, bottom)


def page_of(lines: list[Placed], confidence: float = 0.99) -> Page:
    """A page of 1000 by 1400: each line by its left, its top and its text, 10 pixels a letter."""
    made = []
    for left, top, text in lines:
        words, at = [], left
        for word in text.split():
            place = box_of(at, top, at + 10 * len(word), top + 20)
            words.append(Word(text=word, confidence=confidence, box=place))
            at += 10 * len(word) + 10
        place = box_of(left, top, at - 10, top + 20)
        made.append(Line(text=text, confidence=confidence, box=place, words=tuple(words)))
    return Page(page=1, width=1000, height=1400, lines=tuple(made))


def found_in(lines: list[Placed], asked: str = "auto", confidence: float = 0.99) -> Fields:
    return extract([page_of(lines, confidence)], TEMPLATES, asked, TODAY)


def values_of(found: Fields) -> dict[str, object]:
    return {name: field.value for name, field in found.fields.items()}


LETTER: list[Placed] = [
    (80, 40, "SỞ Y TẾ BẮC NINH"),
    (60, 65, "BỆNH VIỆN ĐA KHOA TỈNH"),
    (520, 40, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    (580, 65, "Độc lập - Tự do - Hạnh phúc"),
    (100, 110, "Số: 6191/BVT-TCKT"),
    (560, 110, "Bắc Ninh, ngày 27 tháng 9 năm 2021"),
    (60, 135, "V/v đăng tải thông tin"),
    (60, 158, "trên cổng điện tử"),
    (200, 240, "Kính gửi: Cổng thông tin Quốc gia"),
    (100, 300, "Căn cứ Luật đấu giá tài sản;"),
    (80, 900, "Nơi nhận:"),
    (600, 900, "KT. GIÁM ĐỐC"),
    (600, 925, "PHÓ GIÁM ĐỐC"),
    (80, 925, "- Như trên;"),
    (80, 948, "- Lưu: VT."),
    (600, 1050, "Hạ Bá Chân"),
]


def test_an_official_letter_says_who_wrote_what_to_whom_and_when() -> None:
    found = found_in(LETTER)
    assert found.document_type == "official_document" and found.confidence > 0.9
    assert values_of(found) == {
        "number": "6191/BVT-TCKT",
        "date": "2021-09-27",
        "place": "Bắc Ninh",
        "issuing_body": "BỆNH VIỆN ĐA KHOA TỈNH",
        "subject": "V/v đăng tải thông tin trên cổng điện tử",
        "addressee": "Cổng thông tin Quốc gia",
        "signer_office": "KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC",
        "signer": "Hạ Bá Chân",
        "recipients": "- Như trên; - Lưu: VT.",
    }
    assert found.warnings == []


def test_a_field_says_where_it_stands_and_why_it_was_taken() -> None:
    found = found_in(LETTER).fields
    assert found["number"].box == box_of(140, 110, 270, 130) and found["number"].page == 1
    assert found["addressee"].why.label == "Kính gửi"
    assert found["issuing_body"].why.place == "over number"


def test_a_decision_has_a_kind_and_its_subject_stands_under_it() -> None:
    found = found_in(
        [
            (100, 40, "SỞ TƯ PHÁP"),
            (100, 110, "Số: 110/QĐ-STP"),
            (560, 110, "Tuyên Quang, ngày 28 tháng 6 năm 2018"),
            (440, 180, "QUYẾT ĐỊNH"),
            (350, 205, "Ban hành Quy chế"),
            (350, 228, "của Sở Tư pháp"),
            (300, 270, "GIÁM ĐỐC SỞ TƯ PHÁP"),
        ]
    )
    assert found.fields["kind"].value == "QUYẾT ĐỊNH"
    assert found.fields["subject"].value == "Ban hành Quy chế của Sở Tư pháp"


def test_a_kind_with_a_wrong_mark_is_as_written_and_its_value_the_known_one() -> None:
    kind = found_in([(440, 280, "QUYÉT ĐỊNH")], "official_document").fields["kind"]
    assert (kind.text, kind.value) == ("QUYÉT ĐỊNH", "QUYẾT ĐỊNH")


def test_a_doubtful_word_makes_a_doubtful_field() -> None:
    sure = found_in(LETTER).fields["number"].confidence
    doubtful = found_in(LETTER, confidence=0.6).fields["number"].confidence
    assert doubtful < 0.65 < 0.9 < sure


def test_a_date_in_the_future_is_told_and_left_as_it_is() -> None:
    found = found_in([(560, 110, "Huế, ngày 01 tháng 01 năm 2031")], "official_document")
    assert found.fields["date"].value == "2031-01-01"
    assert [warning.code for warning in found.warnings] == ["date_in_future"]
    assert found.warnings[0].found == ("2031-01-01", "2026-11-26")


def test_what_is_of_no_type_has_no_fields() -> None:
    found = found_in([(50, 50, "Ngày xửa ngày xưa"), (50, 80, "có một cô bé")])
    assert found.document_type is None and found.fields == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.250.000", 1250000), ("1,250,000.5", 1250000.5), ("33,000", 33000), ("0,5", 0.5),
        ("12.345,67 đ", 12345.67), ("1 250 000", 1250000), ("x", None), ("9" * 400, None),
        ("2 545,000", None), ("527,00010,540,000", None), ("79 1,000", 791000),
        ("1 250 000,5", 1250000.5),
    ],
)  # fmt: skip
def test_figures_are_read_as_vietnamese_and_english_write_them(text: str, number: object) -> None:
    assert decimal_of(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Một trăm hai mươi bảy nghìn đồng chẵn", 127_000),
        ("Một triệu hai trăm linh năm nghìn đồng", 1_205_000),
        ("Mười lăm triệu sáu trăm nghìn đồng", 15_600_000),
        ("Hai tỷ ba trăm triệu đồng", 2_300_000_000),
        ("Hai mươi mốt nghìn", 21_000),
        ("không có gì", 0),
        ("đồng", None),
    ],
)
def test_amounts_in_words_are_numbers(text: str, number: object) -> None:
    assert amount_in_words(text) == number


def test_tax_codes_have_a_check_digit() -> None:
    assert is_tax_code("0300849034") and is_tax_code("0300849034-001")
    assert not is_tax_code("0300849035") and not is_tax_code("03008490")


def test_dates_are_iso_or_none() -> None:
    assert iso_date("Ngày 05 tháng 3 năm 2020") == "2020-03-05"
    assert iso_date("16/08/2020-17:18") == "2020-08-16"
    assert iso_date("31/02/2020") is None


def test_an_account_in_groups_of_digits_is_one_number() -> None:
    assert value_of("number", "93695 2643568") == "936952643568"
    assert value_of("number", "12 / QĐ - BYT") == "12/QĐ-BYT"
    assert value_of("number", "FT 12 34") == "FT 12 34"


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert check_digit("L898902C3") == "6" and check_digit("740812") == "2"  # ICAO 9303-4
