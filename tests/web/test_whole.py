"""The page in front of the whole service: real reader, real pictures, every download."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.jobs.formats import FORMATS
from bench.service import RunningService
from tests.service.documents import numbered_page, numbered_pdf
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab


@pytest.fixture
def tab(make_tab: MakeTab, whole: RunningService) -> Tab:
    return make_tab(str(whole.client.base_url).rstrip("/"), locale="en-GB")


def test_a_photo_becomes_text_beside_its_picture(tab: Tab, tmp_path: Path) -> None:
    numbered_page(7).save(tmp_path / "Ảnh số 7.jpg")
    page = tab.open()
    page.locator("#files").set_input_files(tmp_path / "Ảnh số 7.jpg")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ảnh số 7.jpg")
    expect(page.locator("#page-1 .lines")).to_contain_text("7", timeout=60_000)
    expect(page.locator("#page-1 img")).to_have_js_property("naturalWidth", 800)
    box = page.locator("#page-1 polygon").first.bounding_box()
    paper = page.locator("#page-1 .paper").bounding_box()
    assert box and paper
    # The text stands at (80, 150) of 800 x 400.
    assert (box["x"] - paper["x"]) / paper["width"] == pytest.approx(0.1, abs=0.03)
    assert (box["y"] - paper["y"]) / paper["height"] == pytest.approx(0.4, abs=0.06)
    tab.screenshot(tmp_path, "whole-photo")


def test_a_pdf_of_twelve_pages_is_followed_and_downloaded(tab: Tab, tmp_path: Path) -> None:
    page = tab.open()
    document = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": numbered_pdf(12)}
    page.locator("#files").set_input_files(document)
    expect(page.locator(".head")).to_contain_text(re.compile("of 12 pages"), timeout=60_000)
    expect(page.locator(".head .badge")).to_have_text("Done", timeout=120_000)
    expect(page.locator(".sheet")).to_have_count(12)
    tab.screenshot(tmp_path, "whole-pdf")
    for name in (name for name in FORMATS if name not in ("xlsx", "csv")):  # it has no tables
        page.get_by_text("Download", exact=True).click()
        with page.expect_download() as download:
            page.locator(f'[data-format="{name}"]').click()
        assert download.value.suggested_filename.startswith("a.")
        data = download.value.path().read_bytes()
        assert data
        if name == "text":
            assert data.count(b"\f") == 11
