"""Reading order, from boxes and their words alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from worker.ocr.layout.layout import lines_in_order
from worker.ocr.layout.pieces import Piece, pieces_of
from worker.ocr.recognition.calibration import chance_of_line
from worker.ocr.recognition.ctc import Span

LETTER = 10
HEIGHT = 24
Text = tuple[float, float, str]
"""Left, top, text."""


def pieces(texts: Sequence[Text], degrees: float = 0) -> list[Piece]:
    """Pieces as they are read from lines of 10-pixel letters, on a page tilted by some degrees."""
    angle = math.radians(degrees)
    turn = np.array(((math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))))
    found: list[Piece] = []
    for left, top, text in texts:
        right, bottom = left + LETTER * len(text), top + HEIGHT
        quad = np.array(((left, top), (right, top), (right, bottom), (left, bottom))) @ turn
        found += pieces_of([(quad.astype(np.float32), words(text), "ocr")])
    return found


def words(text: str) -> list[Span]:
    starts = [i for i, c in enumerate(text) if c != " " and (i == 0 or text[i - 1] == " ")]
    parts = zip(starts, text.split(), strict=True)
    length = len(text)
    return [Span(word, 0.9, at / length, (at + len(word)) / length, 0.9) for at, word in parts]


def read(texts: Sequence[Text], degrees: float = 0) -> list[str]:
    return [line.text for line in lines_in_order(pieces(texts, degrees))]


HEADER: list[Text] = [
    (60, 0, "CHÍNH PHỦ"),
    (300, 0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    (380, 30, "Độc lập - Tự do - Hạnh phúc"),
    (40, 80, "Số: 30/2020/NĐ-CP"),
    (350, 80, "Hà Nội, ngày 05 tháng 3 năm 2020"),
    (260, 140, "NGHỊ ĐỊNH"),
    (0, 180, "Căn cứ Luật Tổ chức Chính phủ ngày 19 tháng 6 năm 2015;"),
]
IN_ORDER = [HEADER[i][2] for i in (0, 3, 1, 2, 4, 5, 6)]


def test_nothing_read_is_no_lines() -> None:
    assert lines_in_order([]) == ()


@pytest.mark.parametrize("degrees", [-12, -2, 0, 5])
def test_a_two_column_header_is_read_left_first_however_the_page_is_tilted(degrees: float) -> None:
    assert read(HEADER, degrees) == IN_ORDER


def test_the_order_in_which_boxes_were_found_does_not_matter() -> None:
    assert read(HEADER[::-1]) == IN_ORDER


def test_a_header_that_was_found_as_one_box_is_parted_at_its_gap() -> None:
    texts: list[Text] = [
        (0, 0, "UBND TỈNH TUYÊN QUANG     CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (40, 30, "SỞ TƯ PHÁP"),
        (330, 30, "Độc lập - Tự do - Hạnh phúc"),
    ]
    assert read(texts) == [
        "UBND TỈNH TUYÊN QUANG",
        "SỞ TƯ PHÁP",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
    ]


def test_running_text_with_wide_spaces_stays_one_line() -> None:
    text = "Căn   cứ   Nghị   định   số   13/2018/NĐ-CP   của   Chính   phủ"
    assert read([(0, 0, text), (0, 30, text)]) == [" ".join(text.split())] * 2


def test_three_columns_of_text_are_read_one_after_the_other() -> None:
    texts = [
        (column * 400.0, 100 + 30.0 * row, f"dòng chữ thứ {row} của cột {column} nằm đây")
        for row in range(8)
        for column in range(3)
    ]
    by_column = sorted(texts, key=lambda text: (text[0], text[1]))
    assert read(texts) == [text for _, _, text in by_column]


def test_columns_whose_lines_are_out_of_step_are_read_one_after_the_other() -> None:
    texts = [
        (column * 500.0, 30.0 * row + 11 * column, f"dòng chữ thứ {row} của cột {column} nằm đây")
        for row in range(8)
        for column in range(2)
    ]
    by_column = sorted(texts, key=lambda text: (text[0], text[1]))
    assert read(texts) == [text for _, _, text in by_column]


def test_a_short_last_line_above_two_columns_stays_with_its_paragraph() -> None:
    texts: list[Text] = [
        (0, 0, "Một đoạn văn chạy hết chiều ngang của trang giấy này rồi xuống"),
        (0, 30, "dòng mới."),
        *HEADER_BELOW,
    ]
    assert read(texts)[:2] == [text for _, _, text in texts[:2]]


HEADER_BELOW: list[Text] = [
    (0, 100, "Nơi nhận gồm"),
    (400, 100, "KT. CHỦ TỊCH"),
    (0, 130, "Như Điều 3"),
    (400, 130, "PHÓ CHỦ TỊCH"),
]


def letterhead(gap: int, left: Sequence[str], right: Sequence[str]) -> list[Text]:
    """Two blocks of centred lines, their first lines found as one where they nearly touch."""
    widths = [LETTER * max(map(len, block)) for block in (left, right)]
    texts: list[Text] = []
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        start = (widths[0] - LETTER * len(one)) / 2
        begin = widths[0] + gap + (widths[1] - LETTER * len(other)) / 2
        if row == 0:
            texts.append((start, 0, f"{one}{' ' * (gap // LETTER)}{other}"))
        else:
            texts += [(start, 30.0 * row, one), (begin, 30.0 * row, other)]
    below = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015 của Quốc hội;"
    return [*texts, (0, 140, below), (0, 170, below)]


LETTERHEADS = [
    (
        ("ỦY BAN NHÂN DÂN THÀNH PHỐ CẦN THƠ", "SỞ TÀI CHÍNH", "Số: 4711/QĐ-STC"),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Ngày 12/5/2026"),
    ),
    (
        ("TRƯỜNG ĐẠI HỌC VÍ DỤ", "PHÒNG ĐÀO TẠO"),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
    ),
    (
        ("THE UNITED COUNTIES OF EXAMPLE", "Ministry of Works", "Ref. 4711/26"),
        ("OFFICE OF THE CHIEF INSPECTOR", "Harbour Road 12, Port Example", "12 May 2026"),
    ),
]


@pytest.mark.parametrize("gap", [10, 20, 40])
@pytest.mark.parametrize(("left", "right"), LETTERHEADS)
def test_a_letterhead_whose_blocks_nearly_touch_is_read_block_by_block(
    left: Sequence[str], right: Sequence[str], gap: int
) -> None:
    assert read(letterhead(gap, left, right))[:-2] == [*left, *right]


def test_running_text_above_two_blocks_stays_whole() -> None:
    texts: list[Text] = [
        (0, 0, "Các ông, bà có tên tại Điều 1 và Thủ trưởng các đơn vị có liên quan thi hành"),
        *((x, y + 30, text) for x, y, text in HEADER[:3]),
    ]
    assert read(texts)[0] == texts[0][2]


@pytest.mark.parametrize(
    ("heading", "items", "signs", "apart"),
    [
        ("Nơi nhận:", ("- Như Điều 3;", "- Lưu: VT."), ("GIÁM ĐỐC", "Trần Thị Bình"), 150),
        ("Nơi nhận:", ("- Như trên;", "- Các phòng;", "- Lưu."), ("CHỦ TỊCH", "Lê An"), 60),
        ("Copies to:", ("- the Ministry;", "- file."), ("Director", "Robert Example"), 120),
        ("Enclosed:", ("• two plans;", "• a list."), ("Yours sincerely,", "Ann Example"), 90),
    ],
)
def test_recipients_are_read_before_who_signs_beside_them(
    heading: str, items: Sequence[str], signs: tuple[str, str], apart: float
) -> None:
    texts: list[Text] = [(0, 0, heading), (500, 0, signs[0]), (480, apart, signs[1])]
    texts += [(0, 26.0 * number, item) for number, item in enumerate(items, start=1)]
    assert read(texts) == [heading, *items, *signs]


@pytest.mark.parametrize(
    "steps",
    [
        (
            ("Bước 1", "Nộp hồ sơ tại", "bộ phận một cửa"),
            ("Bước 2", "Cán bộ kiểm tra", "hồ sơ đã nộp"),
            ("Bước 3", "Nhận kết quả", "sau năm ngày"),
        ),
        (
            ("Step 1", "Open the lid", "of the machine"),
            ("Step 2", "Put the paper", "in the tray"),
            ("Step 3", "Press the green", "button once"),
        ),
        (
            ("1. Nộp hồ sơ tại bộ", "phận một cửa"),
            ("2. Cán bộ kiểm tra", "và thẩm định"),
            ("3. Trả kết quả cho", "người nộp"),
            ("4. Lưu hồ sơ trong", "năm năm"),
        ),
    ],
)
def test_steps_side_by_side_are_read_one_after_the_other(steps: Sequence[Sequence[str]]) -> None:
    texts = [
        (300.0 * column, 30.0 * row, text)
        for column, step in enumerate(steps)
        for row, text in enumerate(step)
    ]
    assert read(texts) == [text for step in steps for text in step]


def test_a_line_joined_of_pieces_holds_them_and_their_words() -> None:
    (line,) = lines_in_order(pieces([(0, 0, "Tổng cộng:"), (400, 2, "127,000")]))
    assert line.text == "Tổng cộng: 127,000"
    assert [word.text for word in line.words] == ["Tổng", "cộng:", "127,000"]
    assert line.confidence == chance_of_line([0.9, 0.9, 0.9])
    assert min(x for x, _ in line.box) <= 0
    assert max(x for x, _ in line.box) >= 470
    assert max(y for _, y in line.box) >= 26
