"""What a reader sees and does from the file to its text, with the worker's part played."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from shared.errors.documents import DocumentEncrypted
from tests.api.playing import PDF, PNG
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import (
    PICTURE,
    POEM,
    UNSURE,
    finish,
    lines_of,
    paper,
    read_by_worker,
    read_job,
)


def test_a_picture_is_uploaded_read_and_shown_beside_its_text(
    tab: Tab, played: Played, tmp_path: Path
) -> None:
    page = tab.open()
    tab.screenshot(tmp_path, "home-empty")
    page.locator("#files").set_input_files(PICTURE)
    expect(page.get_by_role("heading", level=1)).to_have_text(PICTURE["name"])
    expect(page.locator("#page-1 img")).to_have_attribute("src", re.compile("^blob:"))
    finish(played.api)
    expect(page.locator(".head .badge")).to_have_text("Xong")
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    expect(lines_of(page).first).to_have_text(POEM[0])
    expect(lines_of(page).nth(UNSURE)).to_have_class(re.compile("low"))
    expect(page.locator("#page-1 polygon.low")).to_have_count(1)
    tab.screenshot(tmp_path, "result")
    shown = page.locator("#page-1 img").evaluate("image => image.naturalWidth")
    assert shown == paper(1).width


def test_pages_come_one_by_one_while_a_document_is_read(
    tab: Tab, played: Played, tmp_path: Path
) -> None:
    job_id = played.api.submit(PDF)["id"]
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.locator(".head .badge")).to_have_text("Đang chờ")
    claim = played.api.begin(12)
    for number in range(1, 13):
        read_by_worker(played.api, claim, paper(number))
        expect(page.locator(f"#page-{number}")).to_be_attached()
        if number == 5:
            expect(page.locator(".head")).to_contain_text("5 / 12 trang")
            expect(page.locator(".head progress")).to_have_js_property("value", 5 / 12)
            expect(page.locator(".thumbnails li")).to_have_count(5)
            tab.screenshot(tmp_path, "reading")
    expect(page.locator(".head .badge")).to_have_text("Xong")
    expect(page.locator(".head progress")).to_be_hidden()


def test_without_events_the_page_polls(tab: Tab, played: Played) -> None:
    job_id = played.api.submit(PDF)["id"]
    tab.expected_statuses = {503}
    tab.page.route(
        "**/events", lambda route: route.fulfill(status=503, json={"code": "unavailable"})
    )
    page = tab.open(f"/#/jobs/{job_id}")
    finish(played.api, 3)
    expect(page.locator(".head .badge")).to_have_text("Xong", timeout=15_000)
    expect(page.locator("#page-3")).to_be_attached()
    expect(lines_of(page)).to_have_count(len(POEM) + 1)


def test_a_failed_document_says_why_in_words(tab: Tab, played: Played, tmp_path: Path) -> None:
    played.api.submit(PDF)
    played.api.worker.fail(played.api.claim(), DocumentEncrypted())
    page = tab.open()
    row = page.locator("#recent li")
    expect(row.locator(".badge")).to_have_text("Lỗi")
    expect(row).to_contain_text("mật khẩu")
    row.get_by_role("link").click()
    expect(page.locator(".head .reason")).to_contain_text("mật khẩu (ở Tùy chọn đọc)")
    expect(page.locator(".tools")).to_be_hidden()
    tab.screenshot(tmp_path, "failed")


def test_a_file_that_is_no_document_is_refused_in_words(tab: Tab, played: Played) -> None:
    tab.expected_statuses = {415}
    page = tab.open()
    page.locator("#files").set_input_files(
        {"name": "ghi chú.txt", "mimeType": "text/plain", "buffer": b"xin ch\xc3\xa0o"}
    )
    expect(page.get_by_role("alert")).to_contain_text("không phải PNG")
    expect(page.get_by_role("alert")).to_contain_text("Với Word, Excel và tương tự")
    page.get_by_role("button", name="Bỏ qua: ghi chú.txt").click()
    expect(page.locator("#uploads li")).to_have_count(0)


def test_a_job_can_be_canceled_and_erased(tab: Tab, played: Played) -> None:
    job_id = played.api.submit(PDF)["id"]
    page = tab.open(f"/#/jobs/{job_id}")
    page.get_by_role("button", name="Huỷ").click()
    expect(page.locator(".head .badge")).to_have_text("Đã huỷ")
    page.get_by_role("button", name="Xoá").click()
    page.get_by_role("dialog").get_by_role("button", name="Giữ lại").click()
    expect(page.locator(".head .badge")).to_have_text("Đã huỷ")
    page.get_by_role("button", name="Xoá").click()
    page.get_by_role("dialog").get_by_role("button", name="Xoá").click()
    expect(page.locator("#recent-note")).to_have_text("Chưa có tài liệu nào.")
    assert played.api.get(f"/v1/jobs/{job_id}").status_code == 410


def test_what_was_read_before_a_cancel_can_be_searched_copied_and_taken_away(
    tab: Tab, played: Played
) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    job_id = played.api.submit(PDF)["id"]
    claim = played.api.begin(3)
    read_by_worker(played.api, claim, paper(1))
    page = tab.open(f"/#/jobs/{job_id}")
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    page.get_by_role("button", name="Huỷ").click()
    expect(page.locator("#toast")).to_have_text("Sẽ dừng ở trang kế tiếp.")
    read_by_worker(played.api, claim, paper(2))
    played.api.worker.finish(claim)
    expect(page.locator(".head .badge")).to_have_text("Đã huỷ")
    expect(page.get_by_role("button", name="Huỷ")).to_have_count(0)
    expect(page.locator("#page-1")).to_be_visible()
    page.get_by_role("searchbox").fill("bể dâu")
    expect(page.locator("#page-1 mark.current")).to_have_text("bể dâu")
    page.get_by_role("button", name="Sao chép", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Đã sao chép.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert [text in copied for text in ("Trang số 1", "Trang số 2", "Trang số 3")] == [1, 1, 0]
    page.get_by_text("Tải về", exact=True).click()
    with page.expect_download() as download:
        page.locator('[data-format="text"]').click()
    assert download.value.path().read_text() == copied


def test_several_files_are_uploaded_and_counted(tab: Tab, played: Played, tmp_path: Path) -> None:
    page = tab.open()
    files = [{"name": f"ảnh {n}.png", "mimeType": "image/png", "buffer": PNG} for n in range(5)]
    page.locator("#files").set_input_files(files)
    expect(page.locator("#recent li")).to_have_count(5)
    for _ in range(3):
        finish(played.api)
    expect(page.locator("#batch")).to_have_text("Lần này: xong 3 / 5 tài liệu.")
    tab.screenshot(tmp_path, "home-several")
    page.get_by_role("button", name="Huỷ: ").first.click()
    expect(page.locator("#batch")).to_have_text("Lần này: xong 4 / 5 tài liệu.")


def test_files_can_be_dropped_and_pasted(tab: Tab, played: Played) -> None:
    page = tab.open()
    for event, property_name in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """([event, property, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], `${event}.png`));
                const made = new Event(event, { bubbles: true, cancelable: true });
                Object.defineProperty(made, property, { value: data });
                document.body.dispatchEvent(made);
            }""",
            [event, property_name, list(PNG)],
        )
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{event}.png")
        page.get_by_role("link", name="Tất cả tài liệu").click()
    expect(page.locator("#recent li")).to_have_count(2)


def test_the_language_is_the_browsers_and_can_be_switched(
    make_tab: MakeTab, played: Played
) -> None:
    read_job(played.api)
    page = make_tab(played.address, locale="en-GB").open()
    expect(page.get_by_role("heading", level=1)).to_have_text("Read the text in pictures and PDFs")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#recent .badge")).to_have_text("Done")
    page.get_by_role("button", name="Tiếng Việt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đọc chữ trong ảnh và PDF")
    expect(page.locator("#recent .badge")).to_have_text("Xong")
    expect(page.get_by_role("button", name="Xoá: ")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "vi")


def test_the_key_is_asked_for_and_kept_in_the_session_only(
    make_tab: MakeTab, played: Played, tmp_path: Path
) -> None:
    _, token = played.api.parts.api_keys.create("acme")
    tab = make_tab(played.address)
    tab.expected_statuses = {401}
    page = tab.open()
    dialog = page.get_by_role("dialog")
    tab.screenshot(tmp_path, "key")
    dialog.get_by_label("Khóa API").fill("dk_wrong")
    dialog.get_by_role("button", name="Dùng khóa này").click()
    expect(dialog).to_contain_text("Khóa này không đúng.")
    dialog.get_by_label("Khóa API").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator("#recent-note")).to_have_text("Chưa có tài liệu nào.")
    page.locator("#files").set_input_files(PICTURE)
    expect(page.get_by_role("heading", level=1)).to_have_text(PICTURE["name"])
    finish(played.api)
    expect(lines_of(page)).to_have_count(len(POEM) + 1)
    image = page.locator("#page-1 img")
    expect(image).to_have_js_property("naturalWidth", paper(1).width)
    kept = page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]")
    assert token in json.dumps(kept[0]) and token not in json.dumps(kept[1:])
    page.get_by_role("button", name="Quên khóa").click()
    assert page.evaluate("Object.values(sessionStorage)") == []
