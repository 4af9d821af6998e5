"""The shipped types beside official documents, and what does not fit in them."""

from __future__ import annotations

from datetime import date

import pytest

from shared.fields import mrz
from shared.fields.extraction import extract
from shared.fields.found import Fields
from shared.fields.mrz import check_digit
from shared.result import Barcode, Page
from tests.fields.test_extraction import (
    TEMPLATES,
    TODAY,
    Placed,
    box_of,
    found_in,
    page_of,
    values_of,
)


def invoice(tax_code: str = "0300849034", amount: str = "33.000", words: str = "") -> Fields:
    """A small invoice; what is given may be wrong."""
    words = words or "Một trăm mười nghìn đồng"
    lines: list[Placed] = [
        (300, 40, "HÓA ĐƠN GIÁ TRỊ GIA TĂNG"),
        (350, 70, "Ngày 16 tháng 08 năm 2024"),
        (700, 70, "Ký hiệu: 1C24TAB"),
        (700, 100, "Số: 00000127"),
        (50, 140, "Đơn vị bán hàng: CÔNG TY TNHH AN PHÚ"),
        (50, 170, f"Mã số thuế: {tax_code}"),
        (50, 200, "Họ tên người mua hàng: Lê Văn An"),
        (50, 230, "Tên đơn vị: CÔNG TY CỔ PHẦN SAO MAI"),
        (50, 260, "Mã số thuế: 0300849034"),
        (50, 320, "STT"), (120, 320, "Tên hàng hóa"), (450, 320, "ĐVT"), (530, 320, "Số lượng"),
        (660, 320, "Đơn giá"), (800, 320, "Thành tiền"),
        (60, 350, "1"), (120, 350, "Giấy in A4"), (450, 350, "Ram"), (590, 350, "1"),
        (670, 350, "33.000"), (840, 350, amount),
        (60, 380, "2"), (120, 380, "Mực in"), (450, 380, "Hộp"), (590, 380, "2"),
        (670, 380, "33.500"), (840, 380, "67.000"),
        (600, 420, "Cộng tiền hàng:"), (840, 420, "100.000"),
        (400, 450, "Thuế suất GTGT: 10% Tiền thuế GTGT:"), (850, 450, "10.000"),
        (500, 480, "Tổng cộng tiền thanh toán:"), (840, 480, "110.000"),
        (50, 510, f"Số tiền viết bằng chữ: {words}."),
    ]  # fmt: skip
    return found_in(lines)


def test_an_invoice_has_its_parties_its_lines_and_its_sums() -> None:
    found = invoice()
    assert found.document_type == "vat_invoice"
    assert values_of(found) == {
        "symbol": "1C24TAB", "number": "00000127", "date": "2024-08-16",
        "seller": "CÔNG TY TNHH AN PHÚ", "seller_tax_code": "0300849034",
        "buyer": "CÔNG TY CỔ PHẦN SAO MAI", "buyer_tax_code": "0300849034",
        "subtotal": 100_000, "vat_rate": "10%", "vat_amount": 10_000, "total": 110_000,
        "amount_in_words": 110_000,
    }  # fmt: skip
    lines = [{name: value.value for name, value in item.items()} for item in found.items]
    assert lines == [
        {"name": "Giấy in A4", "unit": "Ram", "quantity": 1, "price": 33_000, "amount": 33_000},
        {"name": "Mực in", "unit": "Hộp", "quantity": 2, "price": 33_500, "amount": 67_000},
    ]
    assert found.warnings == []


def test_a_tax_code_that_fails_its_check_is_told_and_left_as_it_is() -> None:
    found = invoice(tax_code="0300849035")
    assert found.fields["seller_tax_code"].value == "0300849035"
    assert found.fields["seller_tax_code"].confidence < 0.2
    assert [(told.code, told.fields) for told in found.warnings] == [
        ("check_failed", ("seller_tax_code",))
    ]


def test_lines_that_do_not_add_up_are_told_with_both_sides() -> None:
    told = {warning.code: warning.found for warning in invoice(amount="38.000").warnings}
    assert told == {"sum_differs": ("105000", "100000"), "product_differs": ("33000", "38000")}


def test_words_that_differ_from_the_figure_are_told_with_both_sides() -> None:
    (told,) = invoice(words="Một trăm nghìn đồng").warnings
    assert (told.code, told.found) == ("words_differ", ("100000", "110000"))


@pytest.mark.parametrize(
    ("heads", "seller"),
    [
        (("HÓA ĐƠN BÁN HÀNG SỐ 0004711",), None),
        (("PHIẾU THANH TOÁN", "BÁCH HÓA AN PHÚ"), "BÁCH HÓA AN PHÚ"),
        (("BÁCH HÓA AN PHÚ", "HÓA ĐƠN BÁN LẺ"), "BÁCH HÓA AN PHÚ"),
        (("PHỞ SỐ 9", "SỐ 0004711"), "PHỞ SỐ 9"),
        (("BIÊN NHẬN", "NGÀY 16 THÁNG 8", "TIỆM LIÊN HOA"), "TIỆM LIÊN HOA"),
    ],
)
def test_what_a_receipt_calls_itself_is_not_its_seller(
    heads: tuple[str, ...], seller: str | None
) -> None:
    lines: list[Placed] = [(300, 40 + 30 * row, head) for row, head in enumerate(heads)]
    lines += [(100, 400, "Tổng cộng"), (600, 400, "44.000"), (100, 700, "Cảm ơn quý khách")]
    lines += [(100, 430, "Tiền khách đưa"), (600, 430, "50.000")]
    found = found_in(lines)
    assert found.document_type == "receipt"
    assert values_of(found).get("seller") == seller


def test_a_receipt_with_names_above_their_figures_has_its_lines() -> None:
    found = found_in(
        [
            (300, 30, "MINIMART ANAN"),
            (280, 90, "HÓA ĐƠN BÁN HÀNG"),
            (50, 130, "Số HĐ: HD123456"),
            (50, 160, "Ngày: 16/08/2020 17:18"),
            (50, 200, "Tên hàng"), (400, 200, "SL"),
            (550, 200, "Đơn giá"), (700, 200, "Thành tiền"),
            (50, 230, "Bánh gạo ngọt 230g"),
            (410, 260, "2"), (560, 260, "19,000"), (740, 260, "38,000"),
            (50, 290, "Nước khoáng 500ml"),
            (410, 320, "1"), (560, 320, "6,000"), (740, 320, "6,000"),
            (50, 360, "Tổng cộng:"), (740, 360, "44,000"),
            (50, 390, "Tiền khách đưa:"), (740, 390, "50,000"),
        ]
    )  # fmt: skip
    assert found.document_type == "receipt" and found.warnings == []
    assert values_of(found) == {
        "seller": "MINIMART ANAN", "number": "HD123456", "date": "2020-08-16", "total": 44_000,
    }  # fmt: skip
    lines = [(item["name"].value, item["quantity"].value) for item in found.items]
    assert lines == [("Bánh gạo ngọt 230g", 2), ("Nước khoáng 500ml", 1)]


def test_a_name_ends_before_its_figures_and_a_long_one_stands_above_them() -> None:
    found = found_in(
        [
            (280, 90, "HÓA ĐƠN BÁN LẺ"),
            (50, 200, "Tên hàng"), (420, 200, "SL"),
            (550, 200, "Đơn giá"), (700, 200, "Thành tiền"),
            (50, 230, "Nước khoáng tinh khiết 500ml"),
            (420, 230, "2"), (560, 230, "6,000"), (740, 230, "12,000"),
            (50, 260, "Dịch vụ bảo trì máy chủ"),
            (420, 290, "1"), (560, 290, "70,000"), (740, 290, "70,000"),
            (50, 320, "Sổ tay"), (420, 320, "1"), (560, 320, "9,000"), (740, 320, "9,000"),
            (50, 350, "bìa da"),
            (50, 390, "Tổng cộng:"), (740, 390, "91,000"),
            (50, 420, "Tiền khách đưa:"), (740, 420, "100,000"),
        ]
    )  # fmt: skip
    assert found.document_type == "receipt" and found.warnings == []
    lines = [(item["name"].value, item["quantity"].value) for item in found.items]
    assert lines == [
        ("Nước khoáng tinh khiết 500ml", 2), ("Dịch vụ bảo trì máy chủ", 1), ("Sổ tay bìa da", 1),
    ]  # fmt: skip


CARD: list[Placed] = [
    (400, 60, "CĂN CƯỚC CÔNG DÂN"),
    (300, 120, "Số / No.: 001099012345"),
    (300, 160, "Họ và tên / Full name:"),
    (300, 190, "LÊ THỊ BÌNH"),
    (300, 220, "Ngày sinh / Date of birth: 02/09/1999"),
    (300, 250, "Giới tính / Sex: Nữ Quốc tịch / Nationality: Việt Nam"),
    (300, 280, "Quê quán / Place of origin:"),
    (300, 310, "Phường 1, Cà Mau"),
    (300, 340, "Nơi thường trú / Place of residence:"),
    (300, 370, "Số 1 Trần Phú, Cà Mau"),
]


def card_with(code: str) -> Fields:
    """A card with its QR code."""
    codes = (Barcode(format="QRCode", value=code, box=box_of(800, 50, 900, 150)),)
    page: Page = page_of(CARD).model_copy(update={"barcodes": codes})
    return extract([page], TEMPLATES, "auto", TODAY)


def test_a_card_says_who_it_is() -> None:
    found = found_in(CARD)
    assert found.document_type == "identity_card"
    assert values_of(found) == {
        "number": "001099012345", "name": "LÊ THỊ BÌNH", "birth_date": "1999-09-02", "sex": "Nữ",
        "nationality": "Việt Nam", "origin": "Phường 1, Cà Mau",
        "residence": "Số 1 Trần Phú, Cà Mau",
    }  # fmt: skip


def test_the_code_of_a_card_is_the_check_of_what_was_read() -> None:
    plain = found_in(CARD).fields["number"].confidence
    same = card_with("001099012345||Lê Thị Bình|02091999|Nữ|Số 1 Trần Phú|01012021")
    assert same.warnings == [] and same.fields["number"].confidence > plain
    other = card_with("001099012346||Lê Thị Bình|02091999|Nữ|Số 1 Trần Phú|01012021")
    assert [(told.code, told.found) for told in other.warnings] == [
        ("values_differ", ("001099012345", "001099012346"))
    ]
    assert other.fields["number"].value == "001099012345"


def test_a_passport_is_read_by_its_machine_readable_lines() -> None:
    number, born, until = (part + check_digit(part) for part in ("B1234567<", "990902", "340101"))
    low = f"{number}VNM{born}F{until}" + "<" * 14 + "00"
    lines: list[Placed] = [(50, 50, "HỘ CHIẾU / PASSPORT")]
    lines += [(50, 700, "P<VNMLE<<THI<BINH".ljust(44, "<")), (50, 730, low)]
    found = found_in(lines)
    assert found.document_type == "passport"
    assert found.fields["number"].value == "B1234567"
    assert found.fields["name"].value == "LE THI BINH"
    assert found.fields["birth_date"].value == "1999-09-02"
    assert found.fields["expiry_date"].value == "2034-01-01"
    wrong = found_in([*lines[:2], (50, 730, low.replace("B1234567", "B1234568"))])
    assert [told.fields for told in wrong.warnings] == [("number",)]
    assert wrong.fields["number"].value == "B1234568"


def test_a_bar_in_machine_readable_lines_is_an_i() -> None:
    low = "".join(part + check_digit(part) for part in ("B1234567<", "990902", "340101"))
    low = f"{low[:10]}VNM{low[10:17]}F{low[17:]}" + "<" * 14 + "00"
    lines: list[Placed] = [(50, 50, "HỘ CHIẾU / PASSPORT"), (50, 730, low)]
    lines.append((50, 700, "P<VNMLE<<THl <B|NH<MAl".ljust(45, "<")))
    assert found_in(lines).fields["name"].value == "LE THI BINH MAI"


def test_a_name_in_machine_readable_lines_has_no_digits() -> None:
    assert mrz._value("name", "", "D0, QU0C AN", TODAY) == "DO QUOC AN"
    assert mrz._value("document_number", "", "C0158", TODAY) == "C0158"


def test_a_transfer_says_who_paid_whom_how_much() -> None:
    found = found_in(
        [
            (300, 40, "ỦY NHIỆM CHI"),
            (50, 100, "Mã giao dịch: FT123456"), (50, 140, "Ngày giao dịch: 05/01/2024"),
            (50, 180, "Tên người chuyển:"), (400, 180, "LE VAN AN"),
            (50, 220, "Tài khoản chuyển:"), (400, 220, "0123456789"),
            (50, 260, "Tên người hưởng:"), (400, 260, "TRAN THI HA"),
            (50, 300, "Tài khoản hưởng:"), (400, 300, "9876543210"),
            (50, 340, "Số tiền:"), (400, 340, "1,500,000 VND"),
            (50, 380, "Số tiền bằng chữ:"), (400, 380, "Một triệu năm trăm nghìn đồng"),
        ]
    )  # fmt: skip
    assert found.document_type == "bank_slip" and found.warnings == []
    assert values_of(found) == {
        "number": "FT123456", "date": "2024-01-05", "sender": "LE VAN AN",
        "sender_account": "0123456789", "receiver": "TRAN THI HA",
        "receiver_account": "9876543210", "amount": 1_500_000, "amount_in_words": 1_500_000,
    }  # fmt: skip


def test_days_are_measured_from_the_one_that_is_given() -> None:
    lines: list[Placed] = [(560, 110, "Huế, ngày 01 tháng 01 năm 2026")]
    page = page_of(lines)
    assert extract([page], TEMPLATES, "official_document", date(2026, 1, 1)).warnings == []
