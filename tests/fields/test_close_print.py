"""What stands so close that the reading took it for one: heads, columns, blocks and paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.fields.extraction import extract
from shared.fields.measuring import measure
from shared.result import Page, Table, TableCell
from tests.fields.test_extraction import TEMPLATES, TODAY, Placed, box_of, found_in, page_of


def test_headings_that_run_into_each_other_are_two_columns() -> None:
    found = found_in(
        [
            (280, 90, "HÓA ĐƠN BÁN LẺ"),
            (50, 200, "Tên hàng"), (420, 200, "SL Đơn giáThành tiền"),
            (50, 230, "Giấy in A4"),
            (420, 260, "2"), (450, 260, "6,000"), (540, 260, "12,000"),
            (50, 290, "Mực in"),
            (410, 320, "11"), (460, 320, "7,00077,000"),
            (50, 390, "Tổng cộng:"), (540, 390, "89,000"),
        ]
    )  # fmt: skip
    assert found.document_type == "receipt" and found.warnings == []
    assert [{name: cell.value for name, cell in item.items()} for item in found.items] == [
        {"name": "Giấy in A4", "quantity": 2, "price": 6_000, "amount": 12_000},
        {"name": "Mực in", "quantity": 11, "price": 7_000, "amount": 77_000},
    ]


def page_with_a_table(name: str, sums: str = "") -> Page:
    """Lines of an invoice and their table; the sum's goes over all columns."""
    lines: list[Placed] = [
        (300, 40, "HÓA ĐƠN GIÁ TRỊ GIA TĂNG"),
        (50, 320, "STT Tên hàng hóa"), (450, 320, "Số lượng"), (660, 320, "Đơn giá"),
        (55, 350, name), (490, 350, "4"), (670, 350, "520.000"),
        (600, 380, sums),
    ]  # fmt: skip
    page = page_of([line for line in lines if line[2]])
    cells = tuple(
        TableCell(row=at // 3, column=at % 3, text=line.text, confidence=1, box=line.box,
                  lines=(at + 1,), column_span=3 if at == 6 else 1)
        for at, line in enumerate(page.lines[1:])
    )  # fmt: skip
    table = Table(box=box_of(50, 320, 900, 370), num_rows=3, num_columns=3, cells=cells)
    return page.model_copy(update={"tables": (table,)})


def items_of(page: Page) -> list[dict[str, object]]:
    items = extract([page], TEMPLATES, "vat_invoice", TODAY).items
    return [{name: cell.value for name, cell in item.items()} for item in items]


NOTEBOOK = {"name": "Sổ tay bìa da", "quantity": 4, "price": 520_000}


def test_lines_that_tell_more_columns_apart_than_the_table_are_taken() -> None:
    assert items_of(page_with_a_table("1 Sổ tay bìa da")) == [NOTEBOOK]


def test_a_sum_whose_text_was_not_read_is_of_no_column() -> None:
    assert items_of(page_with_a_table("Sổ tay bìa da", "2.080.000")) == [NOTEBOOK]


def test_the_motto_is_a_line_of_its_own_beside_a_body_that_it_nearly_touches() -> None:
    found = found_in(
        [
            (60, 40, "BỘ GIÁO DỤC VÀ ĐÀO TẠO CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
            (60, 65, "TRƯỜNG ĐẠI HỌC KHÁNH HÒA Độc lập - Tự do - Hạnh phúc"),
            (100, 110, "Số: 4674/KH-ĐH Khánh Hòa, ngày 22 tháng 10 năm 2020"),
        ]
    ).fields
    assert (found["number"].value, found["place"].value) == ("4674/KH-ĐH", "Khánh Hòa")
    assert found["date"].value == "2020-10-22"
    assert found["issuing_body"].value == "TRƯỜNG ĐẠI HỌC KHÁNH HÒA"
    assert found["issuing_body"].box == box_of(60, 65, 300, 85)


@pytest.mark.parametrize(
    "subject", [["Thu hồi đất để xây trường"], ["Thu hồi đất để xây", "trường"]]
)
def test_a_subject_ends_where_a_paragraph_begins(subject: list[str]) -> None:
    lines: list[Placed] = [(440, 180, "THÔNG BÁO")]
    lines += [(350, 205 + 18 * number, text) for number, text in enumerate(subject)]
    below = lines[-1][1] + 20
    lines.append((200, below + 11, "Trong quá trình thực hiện, nếu có vướng mắc"))
    found = found_in(lines, "official_document").fields
    assert found["subject"].value == "Thu hồi đất để xây trường"


def test_a_value_goes_on_over_lines_that_are_evenly_far_apart() -> None:
    lines: list[Placed] = [(50, 40, "CĂN CƯỚC CÔNG DÂN"), (300, 340, "Nơi thường trú")]
    lines += [(300, 370, "Số 1 Trần Phú,"), (300, 392, "Phường 2,"), (300, 426, "Giấy khác")]
    found = found_in(lines, "identity_card").fields
    assert found["residence"].value == "Số 1 Trần Phú, Phường 2,"


@pytest.mark.parametrize(
    ("name", "is_sure"),
    [
        ("Dương Đức Tâm", True),
        ("TS. Đỗ Kim Long", True),
        ("Đương Đức Tâm", False),  # a stroke of the seal went through the D
    ],
)
def test_a_signer_whose_family_name_nobody_has_is_not_sure(name: str, is_sure: bool) -> None:
    lines: list[Placed] = [(600, 900, "GIÁM ĐỐC"), (600, 1050, name)]
    signer = found_in(lines, "official_document").fields["signer"]
    assert signer.value == name and (signer.confidence > 0.9) == is_sure


def test_who_signs_a_short_letter_is_found_high_up_the_page() -> None:
    lines: list[Placed] = [(600, 380, "HIỆU TRƯỞNG"), (600, 500, "Vũ Thu An")]
    found = found_in(lines, "official_document").fields
    assert (found["signer_office"].value, found["signer"].value) == ("HIỆU TRƯỞNG", "Vũ Thu An")


def test_a_labelled_field_that_the_template_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    page = page_of([(300, 90, "HÓA ĐƠN BÁN LẺ")])
    (tmp_path / "a.result.json").write_text(f'{{"pages": [{page.model_dump_json()}]}}', "utf-8")
    label = {"type": "receipt", "fields": {"totl": 5}}
    (tmp_path / "a.json").write_text(json.dumps(label), "utf-8")
    score = measure(tmp_path, TEMPLATES, "http://127.0.0.1:9", "").scores["receipt"]["totl"]
    assert score.numbers[0] == 0 and score.wrong == ["a: 5 was not found"]
