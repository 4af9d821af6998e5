"""The API's page: the viewer shows every operation and tries one, and asks nobody else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.api.playing import PNG
from tests.web.browsing import Tab
from tests.web.conftest import Played

MAX_PIXELS = 12_000
"""Some 60 operations in lists that open; as tables they were 44,000."""


def opened(tab: Tab) -> Page:
    tab.page.goto(f"{tab.address}/docs")
    expect(tab.page.locator(".opblock").first).to_be_visible(timeout=30_000)
    return tab.page


def test_it_shows_every_operation_with_its_examples(tab: Tab, played: Played) -> None:
    page = opened(tab)
    spec = json.loads(played.api.get("/openapi.json").text)
    wanted = {(method.upper(), path) for path, item in spec["paths"].items() for method in item}
    shown = {
        tuple(re.sub("\u200b", "", one).split("\n")[:2])
        for one in page.locator(".opblock-summary-path-description-wrapper")
        .locator("..")
        .all_inner_texts()
    }
    assert wanted <= shown
    assert page.evaluate("document.documentElement.scrollHeight") < MAX_PIXELS
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "it fits a phone"
    page.locator("#operations-Jobs-submit").get_by_role("button").first.click()
    expect(page.locator("#operations-Jobs-submit .responses-inner")).to_contain_text("job_")


def test_a_document_can_be_submitted_there(tab: Tab, played: Played, tmp_path: Path) -> None:
    page = opened(tab)
    one = page.locator("#operations-Jobs-submit")
    one.get_by_role("button").first.click()
    (tmp_path / "page.png").write_bytes(PNG)
    one.locator('input[type="file"]').set_input_files(tmp_path / "page.png")
    one.get_by_role("button", name="Execute").click()
    expect(one.locator(".live-responses-table .response-col_status").nth(1)).to_have_text("202")
    job = played.api.get("/v1/jobs").get_json()["jobs"][0]
    assert job["document"]["name"] == "page.png" and job["metadata"] == {}
