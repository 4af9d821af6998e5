"""What stands in rows is read across, from boxes and their words alone."""

from __future__ import annotations

from time import process_time

from tests.ocr.test_layout import Text, pieces, read
from worker.ocr.layout.rows import cells_of
from worker.ocr.tables.strips import cut


def test_the_rows_of_a_receipt_are_read_across() -> None:
    texts: list[Text] = [
        (0, 0, "Bánh gạo one one ngọt 230g"),
        (60, 30, "1"),
        (200, 30, "GOI"),
        (320, 30, "19,000"),
        (460, 30, "19,000"),
        (0, 70, "Tổng cộng:"),
        (460, 70, "19,000"),
        (0, 100, "Tiền khách trả:"),
        (450, 100, "20,000"),
    ]
    assert read(texts) == [
        "Bánh gạo one one ngọt 230g",
        "1 GOI 19,000 19,000",
        "Tổng cộng: 19,000",
        "Tiền khách trả: 20,000",
    ]


def test_the_rows_of_a_table_are_read_across() -> None:
    rows = [
        (str(number), name, "Phòng Kế toán", "12/03/1985")
        for number, name in enumerate(("Trần Thị Bình", "Lê Hữu Dũng", "Phạm Quốc An"), start=1)
    ]
    texts = [
        (x, 40.0 * y, cell)
        for y, row in enumerate(rows)
        for x, cell in zip((0, 60, 300, 520), row, strict=True)
    ]
    assert " ".join(read(texts)) == " ".join(cell for row in rows for cell in row)


def test_labels_with_values_on_both_sides_of_a_form_are_read_across() -> None:
    texts: list[Text] = [
        (0, 0, "Họ và tên: Nguyễn Văn Hải"),
        (400, 0, "Ngày sinh: 12/03/1985"),
        (0, 40, "Quê quán: Nam Định"),
        (400, 40, "Giới tính: Nam"),
    ]
    assert read(texts) == [text for _, _, text in texts]


def test_a_list_with_amounts_is_read_across() -> None:
    texts: list[Text] = [(0, 0, "Gồm:"), (400, 0, "Giá")]
    for row, (item, price) in enumerate((("- Phở bò", "50.000"), ("- Bún chả", "45.000")), 1):
        texts += [(0, 30.0 * row, item), (400, 30.0 * row, price)]
    assert read(texts) == ["Gồm: Giá", "- Phở bò 50.000", "- Bún chả 45.000"]


def test_only_a_text_that_goes_over_a_strip_is_cut() -> None:
    cells = cells_of(pieces([(0, 0, "Gạo 12"), (300, 0, "trắng")]))
    first, second, whole = cut(cells, [(32, 38)], blank=8)
    assert [first.piece.text, second.piece.text] == ["Gạo", "12"]
    assert whole is cells[1]  # with the box that it was found in


def test_a_full_page_of_cells_takes_no_time_to_speak_of() -> None:
    texts = [(60.0 * x, 30.0 * y, "12,5") for y in range(100) for x in range(20)]
    start = process_time()
    assert len(read(texts)) == 100
    assert process_time() - start < 20
