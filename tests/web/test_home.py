"""The first view: options, a sample, names, turns; the neighbours in a batch, and the tools."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.api.playing import PDF
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import PICTURE, finish, read_job
from tests.web.test_access import PHONE, overflows, violations


def _jobs(played: Played) -> list[dict[str, object]]:
    found: list[dict[str, object]] = played.api.get("/v1/jobs").get_json()["jobs"]
    return found


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_reading_options_go_with_what_comes_in(
    make_tab: MakeTab, played: Played, tmp_path: Path, options: dict[str, object]
) -> None:
    tab = make_tab(played.address, **options)
    page = tab.open()
    page.get_by_text("Tùy chọn đọc").click()
    page.get_by_role("textbox", name="Trang").fill("1-2")
    page.get_by_label("Trường thông tin").select_option(label="Hóa đơn GTGT")
    page.get_by_label("Chữ có sẵn trong PDF").select_option("ignore")
    page.get_by_label("Dấu không rõ").select_option("off")
    page.get_by_label("Mật khẩu").fill("bí mật")
    expect(page.locator("#chosen")).to_have_text("đã chọn 5")
    assert violations(page) == []
    assert not overflows(page)
    tab.screenshot(tmp_path, f"options-{'phone' if options else 'desk'}")
    document = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": PDF}
    page.locator("#files").set_input_files(document)  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1)).to_have_text("a.pdf")
    (job,) = _jobs(played)
    asked = {"pages": "1-2", "extract": "vat_invoice"}
    asked |= {"text_layer": "ignore", "language_model": "off"}
    assert asked.items() <= job["options"].items()  # type: ignore[attr-defined]
    assert [path.name for path in played.api.stored() if path.name == "password"] == ["password"]


def test_an_empty_page_offers_a_sample(tab: Tab, played: Played) -> None:
    page = tab.open()
    page.get_by_role("button", name="Thử với tài liệu mẫu").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hóa đơn mẫu.jpg")
    (job,) = _jobs(played)
    assert job["document"]["media_type"] == "image/jpeg"  # type: ignore[index]
    assert job["options"]["extract"] == "auto"  # type: ignore[index]
    finish(played.api)
    page.get_by_role("link", name="Tất cả tài liệu").click()
    expect(page.locator("#recent li")).to_have_count(1)
    expect(page.locator("#sample")).to_be_hidden()


def test_documents_are_rows_with_a_picture_and_found_by_name_and_text(
    tab: Tab, played: Played
) -> None:
    for name in ("hóa đơn.pdf", "thư.pdf"):
        played.api.submit(
            PDF, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        )
        finish(played.api)
    page = tab.open()
    expect(page.locator("#recent li .miniature[data-shown]")).to_have_count(2)
    sizes = page.locator("#recent img").evaluate_all("all => all.map((one) => one.naturalHeight)")
    assert sizes == [160, 160]
    heights = page.locator("#recent li").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert max(heights) < 80
    box = page.get_by_role("searchbox", name="Tìm trong nội dung và tên")
    box.fill("hoa don")
    expect(page.locator("#recent li")).to_have_count(1)
    expect(page.locator("#recent li")).to_contain_text("hóa đơn.pdf")
    expect(page.locator("#recent .place")).to_have_count(0)
    box.fill('"be dau" tai')
    expect(page.locator("#recent li")).to_have_count(2)
    places = ["Trang 1: Trải qua một cuộc bể dâu,", "Trang 1: Chữ tài chữ mệnh khéo là ghét nhau."]
    expect(page.locator("#recent li").first.locator(".place")).to_have_text(places[::-1])
    assert violations(page) == []
    box.fill("không có")
    expect(page.locator("#recent-note")).to_have_text("Không có tài liệu nào như vậy.")


def test_who_waits_is_told_its_place_and_how_long(tab: Tab, played: Played) -> None:
    for _ in range(3):
        played.api.submit(PDF)
    page = tab.open()
    expect(page.locator("#recent li").first).to_contain_text("thứ 3 trong hàng chờ")
    page.locator("#recent li a").first.click()
    expect(page.locator(".head")).to_contain_text("thứ 3 trong hàng chờ")


def test_in_a_batch_one_goes_to_the_next_document_and_back(tab: Tab, played: Played) -> None:
    batch = played.api.client.post("/v1/batches").get_json()["id"]
    for name in ("một", "hai", "ba"):
        played.api.submit(PDF, batch_id=batch, custom_id=name)
    first = played.api.get(f"/v1/batches/{batch}/jobs").get_json()["jobs"][0]["id"]
    page = tab.open(f"/#/jobs/{first}")
    title = page.get_by_role("heading", level=1)
    expect(page.get_by_role("link", name="Tài liệu trước")).to_have_count(0)
    page.get_by_role("link", name="Tài liệu sau").click()
    expect(title).to_have_text("hai")
    expect(page.get_by_role("link", name="Tài liệu trước")).to_be_visible()
    page.keyboard.press("n")
    expect(title).to_have_text("ba")
    expect(page.get_by_role("link", name="Tài liệu sau")).to_have_count(0)
    expect(page.get_by_role("link", name="Tài liệu trước")).to_be_visible()
    page.keyboard.press("p")
    expect(title).to_have_text("hai")


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_the_tools_are_one_line_and_picture_and_text_are_seen_at_once(
    make_tab: MakeTab, played: Played, width: int
) -> None:
    job_id = read_job(played.api)
    tab = make_tab(played.address, viewport={"width": width, "height": 800})
    page = tab.open(f"/#/jobs/{job_id}")
    expect(page.locator("#page-1 img[src]")).to_be_attached()
    tops = page.locator(".tools > *").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((r) => (r.top + r.bottom) / 2)"
    )
    assert max(tops) - min(tops) < 4
    for part in ("#page-1 .picture", "#page-1 .line"):
        expect(page.locator(part).first).to_be_in_viewport()
    assert not overflows(page)
    page.evaluate("scrollTo(0, 300)")
    assert page.locator(".tools").evaluate("one => one.getBoundingClientRect().top") >= 0


def test_the_page_has_a_face_of_its_own(tab: Tab) -> None:
    assert PICTURE
    page = tab.open()
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter((one) => one.status === 'loaded').map((one) => one.family)"
    )
    assert any("Be Vietnam Pro" in name for name in loaded)
