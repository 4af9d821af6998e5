"""Tables come out cell by cell; what is none is not taken for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from shared.result import Page, Table, page_text
from tests.ocr.drawn_tables import Cell, Paper, Row, is_drawn, photographed, right, scanned
from worker.ocr.detection.sheet import Sheet
from worker.ocr.reader import Reader
from worker.ocr.tables.grid import ruled_grids

INVOICE = [
    ["STT", "Tên hàng hóa", "ĐVT", "Số lượng", "Đơn giá", "Thành tiền"],
    ["1", "Giấy in khổ A4", "Ram", *right("10", "85.000", "850.000")],
    ["2", "Mực in chính hãng", "Hộp", *right("2", "1.250.000", "2.500.000")],
    ["3", "Bút bi Thiên Long", "Cây", *right("50", "4.500", "225.000")],
]
WIDE = (80, 330, 120, 160, 180, 190)
TOTAL = [[Cell("Tổng cộng", across=5, align="right"), *right("3.575.000")]]
PAYROLL = [
    ["Mã số", "Họ và tên", "Chức vụ", "Thực lĩnh"],
    ["NV01", "Nguyễn Văn An", "Trưởng phòng", *right("17.000.000")],
    ["NV02", "Trần Thị Ngọc", "Kế toán", *right("11.300.000")],
    ["NV03", "Lê Hoàng Nam", "Bảo vệ", *right("7.500.000")],
]
FOUR = (160, 330, 300, 270)
MERGED = [
    [Cell("Đơn vị", down=2), Cell("Năm 2024", across=2, align="center"), Cell("Ghi chú", down=2)],
    ["Kế hoạch", "Thực hiện"],
    ["Phường Bến Nghé", *right("1.250", "1.302"), ""],
    ["Phường Đa Kao", *right("980", "875"), "Sáp nhập"],
]
WRAPPED = [
    ["Lĩnh vực", "Nghiên cứu định lượng", "Nghiên cứu định tính"],
    [
        "Kích thước mẫu",
        "Đủ lớn và đáp ứng yêu cầu thống kê",
        "Tùy vào khả năng khai thác thông tin của người nghiên cứu và của đối tượng khảo sát",
    ],
    ["Chọn mẫu", "Chọn ngẫu nhiên", "Chọn có mục đích"],
]
TITLE = [
    [Cell("LỊCH HỌC TUẦN NÀY", across=4, align="center")],
    ["Buổi", "Thứ hai", "Thứ ba", "Thứ tư"],
    ["Sáng", "Toán", "Văn học", "Vật lý"],
    ["Chiều", "", "Thể dục", "Tiếng Anh"],
]
STATEMENT = [
    ["Date", "Description", "Debit", "Credit", "Balance"],
    ["02 Oct", "Opening balance", "", "", *right("2,410.50")],
    ["05 Oct", "Harbour Bakery", *right("18.20"), "", *right("2,392.30")],
    ["09 Oct", "Salary", "", *right("1,950.00", "4,342.30")],
    ["12 Oct", "Rent October", *right("900.00"), "", *right("3,442.30")],
]
LEDGER = [
    ["Ngày", "Nội dung", "Thu", "Chi", "Tồn quỹ"],
    ["02/10", "Số dư đầu kỳ", "", "", *right("12.410.000")],
    ["05/10", "Mua văn phòng phẩm", "", *right("1.850.000", "10.560.000")],
    ["09/10", "Thu tiền thuê nhà", *right("9.500.000"), "", *right("20.060.000")],
    ["12/10", "Trả tiền điện", "", *right("2.300.000", "17.760.000")],
]
"""As workbooks set them: figures to the right, their heads to the left."""
FIVE = (150, 360, 170, 170, 190)


def invoice(*, ruled: bool) -> Paper:
    paper = Paper().text("HÓA ĐƠN BÁN HÀNG", left=480, bold=True)
    paper.text("Đơn vị bán hàng: Công ty TNHH Thương mại An Phát").gap()
    paper.table(INVOICE + (TOTAL if ruled else []), WIDE, ruled=ruled)
    return paper.text("Số tiền viết bằng chữ: Ba triệu năm trăm bảy mươi lăm nghìn đồng.")


def payroll(*, ruled: bool) -> Paper:
    paper = Paper().text("BẢNG THANH TOÁN TIỀN LƯƠNG", left=400, bold=True).gap()
    return paper.table(PAYROLL, FOUR, ruled=ruled).text("Ngày 31 tháng 3 năm 2026", left=800)


def two_tables() -> Paper:
    paper = Paper().text("1. Lương tháng ba", bold=True).table(PAYROLL, FOUR)
    paper.text("Số liệu do phòng kế toán cung cấp và đã được kiểm tra.")
    return paper.text("2. Lịch học", bold=True).table(TITLE, (160, 300, 300, 300))


def merged() -> Paper:
    return Paper().text("BÁO CÁO KẾT QUẢ THU", bold=True).table(MERGED, (330, 220, 220, 260))


def wrapped(*, ruled: bool) -> Paper:
    paper = Paper().text("Phụ lục: so sánh hai phương pháp", bold=True)
    return paper.table(WRAPPED, (260, 370, 430), ruled=ruled)


def title_row() -> Paper:
    return Paper().gap().table(TITLE, (160, 300, 300, 300))


def ledger(rows: Sequence[Row]) -> Paper:
    return Paper().text("2026 / IV", bold=True).gap().table(rows, FIVE, ruled=False)


PAGES: dict[str, tuple[Callable[[], Paper], Callable[[np.ndarray], np.ndarray] | None]] = {
    "an invoice with ruling lines": (lambda: invoice(ruled=True), None),
    "an invoice without": (lambda: invoice(ruled=False), None),
    "a payroll with ruling lines, scanned askew": (lambda: payroll(ruled=True), scanned),
    "a payroll without, scanned askew": (lambda: payroll(ruled=False), scanned),
    "a payroll with ruling lines, photographed": (lambda: payroll(ruled=True), photographed),
    "a payroll without, photographed": (lambda: payroll(ruled=False), photographed),
    "merged cells in the head": (merged, None),
    "merged cells, scanned": (merged, lambda page: scanned(page, -1.5)),
    "wrapped cells": (lambda: wrapped(ruled=True), None),
    "a head row over all columns, empty cells": (title_row, None),
    "two tables": (two_tables, None),
    "a statement without, heads to the left": (lambda: ledger(STATEMENT), None),
    "a ledger without, heads to the left": (lambda: ledger(LEDGER), None),
    "a ledger without, scanned askew": (lambda: ledger(LEDGER), scanned),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_table_comes_out_cell_by_cell(name: str, reader: Reader) -> None:
    drawn, seen = PAGES[name]
    paper = drawn()
    page = reader.read(seen(paper.picture) if seen else paper.picture).page
    assert len(page.tables) == len(paper.tables)
    for table, cells in zip(page.tables, paper.tables, strict=True):
        assert is_drawn(table, cells), table.rows
        _is_whole(page, table)


def _is_whole(page: Page, table: Table) -> None:
    """Every place is in one cell; the lines of a cell are its text and stand in its area."""
    places = [
        (cell.row + down, cell.column + across)
        for cell in table.cells
        for down in range(cell.row_span)
        for across in range(cell.column_span)
    ]
    assert sorted(places) == [
        (row, column) for row in range(table.num_rows) for column in range(table.num_columns)
    ]
    for cell in table.cells:
        lines = [page.lines[number] for number in cell.lines]
        assert " ".join(line.text for line in lines) == cell.text
        for line in lines:
            x, y = np.mean(line.box, axis=0)
            xs, ys = zip(*cell.box, strict=True)
            assert min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)
            assert cell.confidence <= line.confidence + 1e-9


def test_text_takes_the_cells_row_by_row_and_what_is_around_stays_around(reader: Reader) -> None:
    page = reader.read(wrapped(ruled=True).text("Nguồn: tác giả tổng hợp.").picture).page
    assert page_text(page).split("\n") == [
        "Phụ lục: so sánh hai phương pháp",
        "",
        *("\t".join(row) for row in WRAPPED),
        "",
        "Nguồn: tác giả tổng hợp.",
    ]


def frames() -> Paper:
    paper = Paper()
    return paper.table([["Lưu ý: đề nghị quý khách kiểm tra kỹ hàng hóa"]], (1000,)).table(
        [["Khi nhận hàng xin ký vào phiếu giao hàng này"]], (1000,)
    )


def form() -> Paper:
    paper = Paper().text("PHIẾU ĐĂNG KÝ", bold=True)
    for pair in (
        ("Họ và tên: Nguyễn Văn Hải", "Ngày sinh: 12/03/1985"),
        ("Quê quán: Nam Định", "Giới tính: Nam"),
        ("Địa chỉ: 25 Trần Phú", "Điện thoại: 0912345678"),
        ("Nghề nghiệp: giáo viên", "Mã số: 10234"),
    ):
        paper.beside((80, pair[0]), (700, pair[1]))
    return paper


def letterhead() -> Paper:
    paper = Paper().beside((80, "SỞ TÀI CHÍNH BÌNH DƯƠNG"), (560, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA"))
    paper.beside((160, "Số: 125/STC-NS"), (600, "Độc lập - Tự do - Hạnh phúc"))
    paper.beside((80, "Về việc bổ sung dự toán"), (600, "ngày 12 tháng 3 năm 2026")).gap(60)
    return paper.text("Sở Tài chính thông báo dự toán chi bổ sung cho các đơn vị.")


def columns() -> Paper:
    paper = Paper()
    for number in range(12):
        texts = (f"dòng chữ thứ {number} của cột này", f"và dòng {number} của cột bên kia")
        paper.beside((80, texts[0]), (660, texts[1]))
    return paper


def signatures() -> Paper:
    paper = Paper().text("Biên bản được lập thành hai bản có giá trị như nhau.").gap(40)
    lefts = (100, 480, 900)
    for texts in (
        ("NGƯỜI LẬP", "KẾ TOÁN TRƯỞNG", "GIÁM ĐỐC"),
        ("(Ký, họ tên)", "(Ký, họ tên)", "(Ký, đóng dấu)"),
    ):
        paper.beside(*zip(lefts, texts, strict=True))
    return paper.gap(50).beside(
        *zip(lefts, ("Lê Thị Thu", "Phan Văn Minh", "Đặng Quốc Hùng"), strict=True)
    )


def totals() -> Paper:
    paper = Paper().text("PHIẾU THU", bold=True).text("Nội dung: thu tiền bán hàng đợt hai")
    for label, amount in (("Tạm tính", "4.079.000"), ("Thuế", "407.900"), ("Cộng", "4.486.900")):
        paper.beside((640, label), (1000, amount))
    return paper


def chart() -> Paper:
    paper = Paper().text("Doanh thu theo tháng", bold=True)
    base = 700
    for value in range(0, 5):
        y = base - 100 * value
        paper.draw.line((160, y, 1100, y), "gray", 2)
        paper.draw.text((80, y - 12), str(value * 100), "black")
    for number, height in enumerate((310, 180, 260, 390, 120, 220)):
        left = 200 + 150 * number
        paper.draw.rectangle((left, base - height, left + 80, base), "steelblue")
    paper.y = base + 20
    return paper.beside(*((210 + 150 * number, f"T{number + 1}") for number in range(6)))


@pytest.mark.parametrize("drawn", [frames, form, letterhead, columns, signatures, totals, chart])
@pytest.mark.parametrize("seen", [lambda page: page, scanned], ids=["clean", "scanned"])
def test_what_is_no_table_is_not_taken_for_one(
    drawn: Callable[[], Paper], seen: Callable[[np.ndarray], np.ndarray], reader: Reader
) -> None:
    assert reader.read(seen(drawn().picture)).page.tables == ()


def test_graph_paper_is_no_table_and_is_not_gone_through_square_by_square() -> None:
    paper = np.full((2339, 1654, 3), 255, np.uint8)
    paper[::12] = paper[:, ::12] = 90
    line = np.array(((100, 0), (900, 0), (900, 22), (100, 22)), np.float32)
    quads = np.array([np.add(line, (0, top)) for top in range(50, 2300, 40)], np.float32)
    assert ruled_grids(Sheet(paper, quads)) == []
