"""The page for everybody: keyboard, screen reader, phone, dark mode, long documents, slow lines."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import PICTURE, POEM, finish, lines_of, read_job

pytestmark = pytest.mark.acceptance  # whole services, or many pages

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
FIRST_PAINT_BYTES = 150_000  # half of it is the typeface


def violations(page: Page) -> list[str]:
    """What axe-core holds against a page, serious or worse."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']][:3]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_no_view_has_a_serious_fault_of_accessibility(
    make_tab: MakeTab, played: Played, tmp_path: Path, scheme: str, options: dict[str, object]
) -> None:
    job_id = read_job(played.api, 3)
    played.api.submit()
    tab = make_tab(played.address, color_scheme=scheme, **options)
    page = tab.open()
    name = f"{'phone' if options else 'desk'}-{scheme}"
    expect(page.locator("#recent li")).to_have_count(2)
    assert violations(page) == []
    tab.screenshot(tmp_path, f"home-{name}")
    page.locator("#recent li a").nth(1).click()
    expect(lines_of(page, 1)).to_have_count(len(POEM) + 1)
    page.get_by_role("searchbox").fill("trong")
    expect(page.locator("#page-1 mark.current")).to_be_visible()
    page.get_by_role("button", name="Phóng to").click()
    page.get_by_text("Tải về", exact=True).click()
    assert violations(page) == []
    assert not overflows(page)
    tab.screenshot(tmp_path, f"result-{name}")
    page.get_by_role("button", name="Xoá").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    assert job_id in page.url


def test_everything_can_be_done_with_the_keyboard_alone(tab: Tab, played: Played) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    # Heard from the start: a key is faster than Chromium is in handing the dialog to us.
    tab.page.on("filechooser", lambda chooser: None)
    page = tab.open()
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.locator("#choose")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(PICTURE)
    expect(page.get_by_role("heading", level=1)).to_have_text(PICTURE["name"])
    finish(played.api)
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    reach(page, "input[type=search]")
    keys.type("be dau")
    expect(page.locator("mark.current")).to_have_text("bể dâu")
    reach(page, ".tools > button")
    keys.press("Enter")
    expect(page.locator("#toast")).to_have_text("Đã sao chép.")
    reach(page, "summary")
    keys.press("Enter")
    reach(page, '[data-format="text"]')
    with page.expect_download():
        keys.press("Enter")
    reach(page, ".lines li")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(lines_of(page).nth(2)).to_be_focused()
    expect(page.locator("polygon.marked")).to_have_attribute("data-line", "2")
    reach(page, ".head .danger", back=True)
    keys.press("Enter")
    reach(page, "dialog .danger")
    keys.press("Enter")
    expect(page.locator("#recent-note")).to_have_text("Chưa có tài liệu nào.")


def reach(page: Page, selector: str, back: bool = False) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(40):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    pytest.fail(f"{selector} cannot be reached")


def test_on_a_phone_nothing_is_cut_off_and_tapping_marks(
    make_tab: MakeTab, played: Played, tmp_path: Path
) -> None:
    tab = make_tab(played.address, **PHONE)
    page = tab.open()
    expect(page.get_by_role("button", name="Chụp ảnh")).to_be_visible()
    assert not overflows(page)
    page.locator("#camera").set_input_files(PICTURE)
    expect(page.get_by_role("heading", level=1)).to_have_text(PICTURE["name"])
    finish(played.api)
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    assert not overflows(page)
    page.locator('#page-1 polygon[data-line="1"]').tap()
    expect(lines_of(page).nth(1)).to_have_class(re.compile("marked"))
    expect(lines_of(page).nth(1)).to_be_in_viewport()
    tab.screenshot(tmp_path, "phone-marked")


def overflows(page: Page) -> bool:
    """Whether the page is wider than the screen."""
    # Not `innerWidth`: on a phone that grows with what is shown.
    wide: bool = page.evaluate("document.documentElement.scrollWidth > screen.width")
    return wide


def test_a_long_document_scrolls_without_all_its_pages(make_tab: MakeTab, played: Played) -> None:
    job_id = read_job(played.api, 300)
    tab = make_tab(played.address)
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.locator(".sheet")).to_have_count(300)
    expect(lines_of(page, 1)).to_have_count(len(POEM) + 1)
    assert asked(tab, "image") < 20 and asked(tab, "page") < 20
    page.get_by_role("button", name="Trang 250", exact=True).click()
    expect(page.locator("#page-250 .lines li").last).to_have_text("Trang số 250")
    expect(page.locator("#page-250 h2")).to_be_in_viewport()
    page.get_by_role("searchbox").fill("trang số 123")
    expect(page.locator("#page-123 mark.current")).to_be_in_viewport()
    assert asked(tab, "image") < 100 and asked(tab, "page") < 100
    decoded = page.evaluate("document.querySelectorAll('.paper img[src]').length")
    assert decoded < 20, "pictures that are far away are let go"


def asked(tab: Tab, what: str) -> int:
    """How many pages, or pictures of them, were asked for."""
    pattern = r"/pages/\d+/image$" if what == "image" else r"/pages/\d+$"
    return sum(1 for request in tab.requests if re.search(pattern, urlsplit(request.url).path))


def test_the_first_view_is_small(tab: Tab) -> None:
    page = tab.open()
    expect(page.locator("#recent-note")).to_have_text("Chưa có tài liệu nào.")
    sizes = [request.sizes() for request in tab.requests]
    transferred = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    print(f"first view: {transferred} bytes in {len(sizes)} answers")
    assert transferred < FIRST_PAINT_BYTES
