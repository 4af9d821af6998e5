"""Setting right what was read: lines in their place, doubtful ones in a row, and fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.playing import PDF
from tests.fields.test_extraction import LETTER
from tests.fields.test_extraction import page_of as letter_page
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import POEM, UNSURE, lines_of, read_by_worker, read_job
from tests.web.test_access import PHONE, overflows, reach, violations


def test_a_line_is_corrected_in_its_place(tab: Tab, played: Played, tmp_path: Path) -> None:
    job_id = read_job(played.api)
    page = tab.open(f"/#/jobs/{job_id}")
    lines_of(page).nth(1).dblclick()
    editor = page.get_by_role("textbox", name=f"Chữ ở đây: {POEM[1]}")
    expect(editor).to_be_focused()
    expect(page.locator(".editor canvas")).to_be_visible()
    assert violations(page) == []
    tab.screenshot(tmp_path, "editing")
    editor.fill("Chữ tài liền với chữ tai một vần.")
    editor.press("Enter")
    expect(lines_of(page).nth(1)).to_have_text(re.compile("^Chữ tài liền với chữ tai một vần.✓"))
    expect(lines_of(page).nth(2)).to_be_focused()
    text = played.api.get(f"/v1/jobs/{job_id}/result?format=text").text
    assert "Chữ tài liền với chữ tai một vần." in text and POEM[1] not in text
    page.reload()
    lines_of(page).nth(1).dblclick()
    expect(page.locator(".editor .history li")).to_have_text(
        [re.compile("Chữ tài liền"), f"Máy đọc: “{POEM[1]}”"]
    )
    page.get_by_role("button", name="Như lúc đọc").click()
    expect(lines_of(page).nth(1)).to_have_text(POEM[1])


def test_what_is_no_text_is_struck_out_and_copied_nowhere(tab: Tab, played: Played) -> None:
    job_id = read_job(played.api)
    page = tab.open(f"/#/jobs/{job_id}")
    lines_of(page).nth(0).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    expect(lines_of(page).nth(0).locator("s")).to_have_text(POEM[0])
    assert POEM[0] not in played.api.get(f"/v1/jobs/{job_id}/result?format=text").text
    lines_of(page).nth(0).dblclick()
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    expect(lines_of(page).nth(0).locator("s")).to_have_text(POEM[0])


def test_lines_in_doubt_are_gone_through_with_the_keyboard(tab: Tab, played: Played) -> None:
    job_id = read_job(played.api, 3)
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.get_by_role("button", name=re.compile("Xem . dòng không chắc"))).to_be_visible()
    page.keyboard.press("d")
    first = page.locator(f'#page-1 [data-line="{UNSURE}"].line .editor')
    expect(first.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#page-2 .editor textarea")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#page-3 .editor textarea")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(first.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Trải qua một cuộc bể dâu, sửa")
    page.keyboard.press("Enter")
    expect(page.locator("#page-3 .editor textarea")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_have_text("Không còn dòng nào không chắc.")
    expect(page.locator(".line.low, polygon.low")).to_have_count(0)
    kinds = [
        played.api.get(f"/v1/jobs/{job_id}/pages/{number}").get_json()["lines"][UNSURE]
        for number in (1, 2, 3)
    ]
    assert [one["correction"]["kind"] for one in kinds] == ["text", "confirmed", "confirmed"]


def test_a_correction_that_is_refused_stays_open(tab: Tab, played: Played) -> None:
    job_id = read_job(played.api)
    page = tab.open(f"/#/jobs/{job_id}")
    lines_of(page).nth(0).dblclick()
    page.route(
        "**/lines/0",
        lambda route: route.fulfill(status=409, json={"code": "corrections_full", "detail": "x"}),
    )
    page.keyboard.type("mới")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("đủ số lần sửa")
    expect(page.locator(".editor textarea")).to_have_value("mới")
    tab.expected_statuses.add(409)


@pytest.fixture
def letter(played: Played) -> str:
    """An official letter that was read with its fields; its job's id."""
    job_id: str = played.api.submit(PDF, extract="auto")["id"]
    read_by_worker(played.api, played.api.begin(1), letter_page(LETTER))
    return job_id


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_fields_stand_beside_the_picture_and_are_set_right_there(
    make_tab: MakeTab, played: Played, letter: str, tmp_path: Path, options: dict[str, object]
) -> None:
    tab = make_tab(played.address, **options)
    page = tab.open(f"/#/jobs/{letter}")
    expect(page.locator(".type")).to_contain_text("Công văn")
    number = page.get_by_role("button", name=re.compile("^Số: "))
    number.focus()
    expect(page.locator("#page-1 polygon.field")).to_have_count(1)
    assert violations(page) == []
    assert not overflows(page)
    tab.screenshot(tmp_path, f"fields-{'phone' if options else 'desk'}")
    page.keyboard.press("Enter")
    page.keyboard.type("99/QĐ-BYT")
    page.keyboard.press("Enter")
    expect(number).to_contain_text("99/QĐ-BYT✓")
    date = page.get_by_role("button", name=re.compile("^Ngày: "))
    date.click()
    page.keyboard.type("ngày 1 tháng 1 năm 2999")
    page.keyboard.press("Enter")
    expect(page.locator(".warning")).to_have_count(1)
    date.click()
    page.keyboard.press("Shift+Enter")
    expect(date).to_contain_text("Không có trong tài liệu")
    expect(page.locator(".warning")).to_have_count(0)
    found = played.api.get(f"/v1/jobs/{letter}/result?extract=auto").get_json()["fields"]
    assert found["fields"]["number"]["value"] == "99/QĐ-BYT" and "date" in found["absent"]
    page.get_by_role("button", name="Văn bản", exact=True).click()
    expect(lines_of(page).first).to_be_visible()


def test_single_keys_can_be_switched_off(tab: Tab, played: Played, tmp_path: Path) -> None:
    job_id = read_job(played.api)
    page = tab.open(f"/#/jobs/{job_id}")
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Phím tắt")).to_be_visible()
    assert violations(page) == []
    tab.screenshot(tmp_path, "help")
    page.get_by_label("Dùng phím tắt một chữ").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator(".editor")).to_have_count(0)
    reach(page, ".lines li")
    page.keyboard.press("Enter")
    expect(page.locator(".editor textarea")).to_be_focused()
