"""What a reader does with a result: compare, search, zoom, copy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml.html import fromstring
from playwright.sync_api import Route, expect

from shared.errors.documents import PageTooLarge
from shared.result import Page
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from tests.api.playing import PDF
from tests.formats.documents import page_with_table, read_page
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import (
    POEM,
    lines_of,
    paper,
    read_by_worker,
    read_job,
)


def test_hovering_a_line_or_its_text_marks_the_other(tab: Tab, played: Played) -> None:
    job_id = read_job(played.api)
    page = tab.open(f"/#/jobs/{job_id}")
    page.locator('#page-1 polygon[data-line="1"]').hover()
    expect(lines_of(page).nth(1)).to_have_class(re.compile("marked"))
    lines_of(page).nth(3).hover()
    expect(page.locator("#page-1 polygon.marked")).to_have_attribute("data-line", "3")
    page.locator('#page-1 polygon[data-line="0"]').click()
    expect(lines_of(page).nth(0)).to_be_focused()


def test_the_text_is_copied(tab: Tab, played: Played) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    job_id = read_job(played.api, 2)
    page = tab.open(f"/#/jobs/{job_id}")
    page.get_by_role("button", name="Sao chép", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Đã sao chép.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == played.api.get(f"/v1/jobs/{job_id}/result?format=text").text
    page.get_by_role("button", name="Sao chép trang 1").click()
    wanted = "\n".join((*POEM, "Trang số 1"))
    page.wait_for_function("async t => await navigator.clipboard.readText() === t", arg=wanted)


def test_the_text_is_copied_where_there_is_no_clipboard_api(
    make_tab: MakeTab, played: Played
) -> None:
    """As on plain http, off this machine."""
    job_id = read_job(played.api)
    tab = make_tab(played.address)
    tab.page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page = tab.open(f"/#/jobs/{job_id}")
    page.get_by_role("button", name="Sao chép", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Đã sao chép.")


@pytest.mark.parametrize("query", ["dau don", "ĐAU ĐỚN", "đau đớn"])
def test_search_ignores_case_and_where_none_are_typed_diacritics(
    tab: Tab, played: Played, query: str
) -> None:
    page = tab.open(f"/#/jobs/{read_job(played.api, 3)}")
    page.get_by_role("searchbox").fill(query)
    expect(page.locator(".search .count")).to_have_text("1 / 3")
    expect(page.locator("#page-1 mark.current")).to_have_text("đau đớn")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#page-2 mark.current")).to_be_in_viewport()
    page.get_by_role("searchbox").fill("đau dơn")
    expect(page.locator(".search .count")).to_have_text("Không thấy")
    expect(page.locator("mark")).to_have_count(0)


def test_a_search_may_find_a_page_that_the_events_have_not_told_of(
    tab: Tab, played: Played
) -> None:
    held: list[Route] = []
    tab.page.route(re.compile("/events"), lambda route: held.append(route))
    page = tab.open(f"/#/jobs/{read_job(played.api, 3)}")
    page.get_by_role("searchbox").fill("đau đớn")
    expect(page.locator("#page-1 mark.current")).to_have_text("đau đớn")
    for route in held:
        route.continue_()
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#page-2 mark.current")).to_be_in_viewport()


def test_lines_stand_out_below_a_threshold_that_can_be_moved(tab: Tab, played: Played) -> None:
    page = tab.open(f"/#/jobs/{read_job(played.api)}")
    expect(page.locator("li.low")).to_have_count(1)
    expect(page.locator("li.low")).to_contain_text("55 %")
    page.get_by_label("dưới", exact=True).fill("100")
    expect(page.locator("li.low")).to_have_count(len(POEM) + 1)
    page.get_by_label("dưới", exact=True).fill("50")
    expect(page.locator("li.low")).to_have_count(0)


def test_a_picture_can_be_zoomed(tab: Tab, played: Played, tmp_path: Path) -> None:
    page = tab.open(f"/#/jobs/{read_job(played.api)}")
    page.wait_for_load_state("networkidle")  # a scroll bar that comes with the picture takes room
    before = page.locator(".paper").bounding_box()
    page.get_by_role("button", name="Phóng to").click()
    page.get_by_role("button", name="Phóng to").click()
    after = page.locator(".paper").bounding_box()
    assert before and after and after["width"] == pytest.approx(2 * before["width"], rel=0.01)
    lines_of(page).nth(3).click()
    expect(page.locator("polygon.marked")).to_be_in_viewport()
    tab.screenshot(tmp_path, "zoomed")


def test_lines_stand_in_their_places_where_there_is_no_picture(tab: Tab, played: Played) -> None:
    job_id = played.api.submit(PDF)["id"]
    played.api.finish(paper(1))
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.locator("#page-1 svg text")).to_have_text([line.text for line in paper(1).lines])


def test_a_page_that_was_not_read_is_named_among_the_others(tab: Tab, played: Played) -> None:
    job_id = played.api.submit(PDF)["id"]
    claim = played.api.begin(3)
    read_by_worker(played.api, claim, paper(1))
    record = PageRecord(None, PageTooLarge.code, PageTooLarge().detail)
    played.api.worker.record(claim, 2, record, PageTimings(0.1))
    read_by_worker(played.api, claim, paper(3))
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.locator(".head .badge")).to_have_text("Xong một phần")
    expect(page.locator("#page-2")).to_contain_text("nhiều điểm ảnh")
    page.get_by_role("searchbox").fill("trang so 3")
    expect(page.locator("#page-3 mark")).to_have_text("Trang số 3")


def with_table() -> Page:
    rows = [["Mặt hàng", None, "Giá"], ["Cà phê", "sữa\nđá", "29.000"], ["Trà", "", "5.000"]]
    above, below = read_page(["BẢNG GIÁ"]).lines, read_page(["Xin cảm ơn"]).lines
    return page_with_table(rows, above=above, below=below)


def test_a_table_is_shown_as_one_and_its_lines_and_boxes_mark_each_other(
    tab: Tab, played: Played
) -> None:
    job_id = played.api.submit(PDF)["id"]
    played.api.finish(with_table())
    page = tab.open(f"/#/jobs/{job_id}")
    rows = page.locator("#page-1 table tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0).locator("th")).to_have_text(["Mặt hàng", "Giá"])
    expect(rows.nth(0).locator("th").first).to_have_attribute("colspan", "2")
    expect(rows.nth(1).locator("td")).to_have_text(["Cà phê", "sữađá", "29.000"])
    expect(lines_of(page)).to_have_text(["BẢNG GIÁ", "Xin cảm ơn"])
    rows.nth(2).locator(".line").last.hover()
    expect(page.locator("#page-1 polygon.marked")).to_have_attribute("data-line", "8")
    page.locator('#page-1 polygon[data-line="3"]').click()
    expect(rows.nth(1).locator(".line").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1).locator(".line").nth(1)).to_be_focused()
    page.get_by_role("searchbox").fill("29.000")
    expect(page.locator("#page-1 td mark")).to_have_text("29.000")


def test_a_table_is_copied_so_that_a_spreadsheet_takes_it(tab: Tab, played: Played) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    job_id = played.api.submit(PDF)["id"]
    played.api.finish(with_table())
    page = tab.open(f"/#/jobs/{job_id}")
    page.get_by_role("button", name="Sao chép bảng").click()
    expect(page.locator("#toast")).to_have_text("Đã sao chép.")
    wanted = "Mặt hàng\t\tGiá\nCà phê\tsữa đá\t29.000\nTrà\t\t5.000"
    assert page.evaluate("navigator.clipboard.readText()") == wanted
    html = page.evaluate(
        "navigator.clipboard.read().then(([i]) => i.getType('text/html')).then((b) => b.text())"
    )
    pasted = [
        [cell.get("colspan", "1") + cell.text_content() for cell in row.iter("td", "th")]
        for row in fromstring(html).iter("tr")
    ]
    assert pasted == [
        ["2Mặt hàng", "1Giá"],
        ["1Cà phê", "1sữa đá", "129.000"],
        ["1Trà", "1", "15.000"],
    ]
    page.get_by_role("button", name="Sao chép trang 1").click()
    text = played.api.get(f"/v1/jobs/{job_id}/result?format=text").text.rstrip("\n")
    page.wait_for_function("async t => await navigator.clipboard.readText() === t", arg=text)
