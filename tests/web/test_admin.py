"""The operators' page shows what `docchu admin` shows, and asks for a key where there are any."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.test_access import PHONE, overflows, violations


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, PHONE], ids=["dark", "phone"])
def test_it_shows_what_waits_and_what_went_wrong(
    make_tab: MakeTab, played: Played, options: dict[str, object]
) -> None:
    job = played.api.submit()
    played.api.parts.pauses.pause("default")
    played.api.client.delete(played.api.submit()["links"]["self"])
    page = make_tab(played.address, **options).open("/admin")
    waiting = page.get_by_role("region", name="Waiting")
    expect(waiting.get_by_role("row").nth(1)).to_contain_text("default")
    expect(page.get_by_text("Memory of the job store")).to_contain_text(re.compile(r"[1-9]\d* MB"))
    expect(page.get_by_role("region", name="Audit log")).to_contain_text("erase")
    assert violations(page) == [] and not overflows(page)
    played.api.client.post(f"{job['links']['self']}/cancel")
    expect(page.get_by_role("region", name="Audit log")).to_contain_text("cancel", timeout=20_000)


def test_with_keys_it_asks_for_one_of_an_admin(tab: Tab, played: Played) -> None:
    _, admin = played.api.parts.api_keys.create("ops", role="admin")
    _, other = played.api.parts.api_keys.create("acme")
    tab.expected_statuses = {401, 403}
    page = tab.open("/admin")
    expect(page.get_by_role("status")).to_contain_text("wants an API key")
    for key in (other, admin):
        expect(page.get_by_label("A key of the role")).to_be_visible()
        page.get_by_label("A key of the role").fill(key)
        page.get_by_role("button", name="Look").click()
        if key == other:
            expect(page.get_by_role("status")).to_contain_text("another role")
    expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_visible()
    expect(page.get_by_label("A key of the role")).to_be_hidden()
