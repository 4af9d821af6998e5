"""When the service, or a part of the page, is not there: it is said, and the page goes on after."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, expect

from tests.api.playing import PDF
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.line import Line
from tests.web.papers import POEM, lines_of, paper, read_by_worker, read_job

LONG = 60_000  # ms: the page looks every few seconds


@pytest.fixture
def line(played: Played) -> Iterator[Line]:
    """A line to the service that can be cut."""
    made = Line(int(played.address.rsplit(":")[-1]))
    yield made
    made.release()
    made.cut()


@pytest.fixture
def far(make_tab: MakeTab, line: Line) -> Tab:
    """A tab at the other end of the line."""
    tab = make_tab(line.address)
    tab.expects_cuts = True
    return tab


@pytest.mark.parametrize("script", ["viewer.js", "sheet.js"])
def test_a_view_whose_script_cannot_be_fetched_says_so_and_can_be_tried_again(
    tab: Tab, played: Played, script: str
) -> None:
    tab.expects_cuts = True
    job_id = read_job(played.api)
    page = tab.open()
    page.route(f"**/{script}", lambda route: route.abort())
    page.locator("#recent li a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Không tải được phần này của trang.")
    page.unroute(f"**/{script}")
    page.get_by_role("button", name="Thử lại").click()
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    assert job_id in page.url


def test_from_a_view_that_cannot_be_fetched_the_way_back_is_open(tab: Tab, played: Played) -> None:
    tab.expects_cuts = True
    batch_id = played.api.client.post("/v1/batches").get_json()["id"]
    page = tab.open(f"/#/jobs/{read_job(played.api)}")
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    page.route("**/batch.js", lambda route: route.abort())
    page.evaluate("id => (location.hash = `#/batches/${id}`)", batch_id)
    expect(page.get_by_role("heading", level=1)).to_have_text("Không tải được phần này của trang.")
    page.get_by_role("link", name="Tất cả tài liệu").click()
    expect(page.locator("#recent li")).to_have_count(1)


def test_a_language_that_cannot_be_fetched_changes_nothing(tab: Tab) -> None:
    tab.expects_cuts = True
    page = tab.open()
    page.route("**/en.js", lambda route: route.abort())
    page.get_by_role("button", name="English").click()
    expect(page.locator("#toast")).to_have_text("Không liên lạc được với dịch vụ.")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.reload()
    expect(page.locator("html.ready")).to_have_attribute("lang", "vi")


@pytest.mark.parametrize("script", ["main.js", "rows.js", "vi.js"])
def test_a_page_that_cannot_start_says_so(tab: Tab, script: str) -> None:
    tab.expects_cuts = True
    tab.page.route(f"**/{script}", lambda route: route.abort())
    tab.page.goto(tab.address)
    expect(tab.page.locator(".stuck")).to_be_visible(timeout=LONG)
    tab.page.unroute(f"**/{script}")
    tab.page.get_by_role("link", name="Tải lại").click()
    expect(tab.page.locator("html.ready")).to_be_attached()
    expect(tab.page.locator(".stuck")).to_be_hidden()


@pytest.mark.parametrize(("stop", "go_on"), [("cut", "mend"), ("hold", "release")])
def test_a_service_away_in_the_middle_of_a_document_is_told_and_it_goes_on_after(
    far: Tab, played: Played, line: Line, stop: str, go_on: str
) -> None:
    job_id = played.api.submit(PDF)["id"]
    claim = played.api.begin(3)
    page = far.open(f"/#/jobs/{job_id}")
    read_by_worker(played.api, claim, paper(1))
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    getattr(line, stop)()
    expect(page.locator("#absent")).to_be_visible(timeout=LONG)
    expect(page.locator("#absent")).to_contain_text("Không liên lạc được với dịch vụ.")
    read_by_worker(played.api, claim, paper(2))
    getattr(line, go_on)()
    expect(lines_of(page, 2)).to_have_count(len(POEM) + 1, timeout=LONG)
    expect(page.locator("#absent")).to_be_hidden()
    read_by_worker(played.api, claim, paper(3))
    expect(page.locator("#page-3")).to_be_attached()
    expect(page.locator(".head .badge")).to_have_text("Xong")


def test_the_list_goes_on_after_the_service_was_away(far: Tab, played: Played, line: Line) -> None:
    played.api.submit(PDF)
    claim = played.api.begin(1)
    page = far.open()
    expect(page.locator("#recent .badge")).to_have_text("Đang đọc")
    line.cut()
    expect(page.locator("#absent")).to_be_visible(timeout=LONG)
    read_by_worker(played.api, claim, paper(1))
    line.mend()
    expect(page.locator("#recent .badge")).to_have_text("Xong", timeout=LONG)
    expect(page.locator("#absent")).to_be_hidden()


def test_closing_the_tab_during_an_upload_warns(far: Tab, line: Line) -> None:
    heard: list[str] = []

    def stay(dialog: Dialog) -> None:
        heard.append(dialog.type)
        dialog.dismiss()

    page = far.open()
    page.on("dialog", stay)
    page.locator("#recent-title").click()  # browsers ask only for those who have done something
    line.hold()
    big = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": PDF + os.urandom(3_000_000)}
    page.locator("#files").set_input_files([big, big | {"name": "b.pdf"}])
    expect(page.locator("#uploads li")).to_have_count(2)
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert heard == ["beforeunload"] and not page.is_closed()
    line.release()
    expect(page.locator("#recent li")).to_have_count(2, timeout=LONG)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert heard == ["beforeunload"]
