"""Markdown says what is a heading, an item and a table, and leaves all other signs as they are."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shared.formats.markdown import markdown, page_markdown
from shared.result import Line, Page
from tests.formats.documents import line_at, page_with_table


def page(*lines: Line, number: int = 1) -> Page:
    return Page(page=number, width=1600, height=2300, lines=lines)


def stack(*texts: str, top: float = 500, leading: float = 48) -> tuple[Line, ...]:
    return tuple(line_at(text, 200, top + leading * n, 32) for n, text in enumerate(texts))


BODY = stack(
    "Căn cứ Luật Giáo dục nghề nghiệp và các văn bản",
    "hướng dẫn thi hành, Bộ trưởng ban hành Thông tư",
    "này để quy định việc tổ chức giảng dạy.",
)


def test_large_lines_are_headings_of_two_levels() -> None:
    title, part = line_at("THÔNG TƯ", 500, 100, 64), line_at("Chương I", 600, 300, 44)
    text = page_markdown(page(title, part, *BODY))
    assert text.startswith("# THÔNG TƯ\n\n## Chương I\n\nCăn cứ Luật")
    assert text.count("#") == 3


def test_marks_above_letters_make_no_heading() -> None:
    higher = line_at("Ở đây chữ có dấu cao hơn", 200, 700, 38)
    assert "#" not in page_markdown(page(*BODY, higher))


def test_a_page_with_two_lines_has_no_usual_size() -> None:
    lines = (line_at("Số", 100, 100, 90), line_at("nhỏ hơn", 100, 300, 30))
    assert "#" not in page_markdown(page(*lines))


def test_lines_stay_lines_and_paragraphs_stay_apart() -> None:
    apart = stack("Đoạn thứ hai ở đây.", top=800)
    assert page_markdown(page(*BODY, *apart)) == (
        "\n".join(line.text for line in BODY) + "\n\nĐoạn thứ hai ở đây.\n"
    )


def test_bullets_and_numbers_are_items_and_keep_what_follows() -> None:
    lines = stack("Gồm có:", "• bút và giấy", "- mực", "xanh", "1. Điều một", "2) Điều hai")
    assert page_markdown(page(*lines)) == (
        "Gồm có:\n\n- bút và giấy\n- mực\n  xanh\n1. Điều một\n2) Điều hai\n"
    )


def test_a_table_stands_between_what_is_above_and_below_it() -> None:
    rows = [["STT", "Họ và tên", "Điểm"], ["1", "Nguyễn Văn An", "9,5"], ["2", "Lê Bình", ""]]
    text = page_markdown(page_with_table(rows, above=BODY, below=stack("Hết.", top=1500)))
    assert text.startswith("Căn cứ") and text.endswith(
        "\n\n| STT | Họ và tên | Điểm |\n| --- | --- | --- |\n"
        "| 1 | Nguyễn Văn An | 9,5 |\n| 2 | Lê Bình |  |\n\nHết.\n"
    )


def test_a_wrapped_cell_is_one_and_its_signs_mean_themselves() -> None:
    text = page_markdown(page_with_table([["a|b", "c"], ["hai\ndòng", "*"]]))
    assert text == "| a\\|b | c |\n| --- | --- |\n| hai dòng | \\* |\n"


def test_a_merged_cell_says_its_text_once() -> None:
    merged = page_with_table([["Năm 2024", None], ["Kế hoạch", "Thực hiện"]])
    assert page_markdown(merged).startswith("| Năm 2024 |  |\n")


def test_two_texts_beside_each_other_are_no_table() -> None:
    lines = (line_at("BỘ GIÁO DỤC", 200, 100, 32), line_at("CỘNG HÒA", 900, 100, 32), *BODY)
    text = page_markdown(page(*lines))
    assert "|" not in text and text.startswith("BỘ GIÁO DỤC\n\nCỘNG HÒA\n\n")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("2 * 3 * 4", r"2 \* 3 \* 4"),
        ("a_b_c và <b> [1](x) `y` ~~z~~ a|b", r"a\_b\_c và \<b\> \[1\](x) \`y\` \~\~z\~\~ a\|b"),
        ("# 5 không phải tiêu đề", r"\# 5 không phải tiêu đề"),
        ("=====", r"\====="),
        ("&lt;b&gt; &#38; &#x26;", r"\&lt;b\&gt; \&#38; \&#x26;"),
        ("AT&T, R & D; a&b", "AT&T, R & D; a&b"),
        ("2015. Năm ấy", r"2015\. Năm ấy"),
        ("Độc lập - Tự do 1. # + =", "Độc lập - Tự do 1. # + ="),
    ],
)
def test_signs_of_markdown_mean_themselves(text: str, escaped: str) -> None:
    assert page_markdown(page(*stack(text))) == escaped + "\n"


def test_pages_have_a_rule_between_them() -> None:
    pages = [page(*stack("một")), page(number=2), page(*stack("ba"), number=3)]
    assert "".join(markdown(pages)) == "một\n\n---\n\n\n---\n\nba\n"


@given(st.text(st.sampled_from("&;#ltgamp38x<>*_`[]()!|~\\-+=1. á"), min_size=1, max_size=30))
def test_what_was_printed_is_what_a_reader_of_the_markdown_sees(text: str) -> None:
    printed = " ".join(text.split())
    if not printed or printed[0] in "-+*" or re.match(r"\d{1,3}[.)]", printed):
        return  # may be an item of a list, whose mark becomes the list's
    shown = MarkdownIt().enable("table").render(page_markdown(page(*stack(printed))))
    assert html.unescape(re.sub(r"</?(p|ol|ul|li)>", "", shown)).strip() == printed
