"""Many documents at once: a zip, a folder or many files, followed and taken away as a batch."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from keeper.batches import DueBatches
from keeper.unpacking.services import make_unpacker
from shared.blobs import open_blobs
from shared.errors.documents import DocumentEncrypted
from shared.settings import Settings
from shared.store.scripts import connect
from tests.api.playing import PNG
from tests.web.browsing import Tab
from tests.web.conftest import MakeTab, Played
from tests.web.papers import finish
from tests.web.test_access import PHONE, overflows, reach, violations

NAMES = ("hồ sơ/một.png", "hồ sơ/hai.png", "ghi chú.txt", "rỗng.png")


class Keeper:
    """What the keeper does for batches, when the test says so."""

    def __init__(self, settings: Settings) -> None:
        client = connect(settings.store_url)
        blobs = open_blobs(settings)
        self._unpacker = make_unpacker(settings, client)
        self.due_batches = DueBatches.make(settings, client, blobs)

    def unpack(self) -> None:
        """Take an upload apart: a job for each document in it."""
        assert self._unpacker.turn()
        self.due_batches.process_due_batches()


@pytest.fixture
def keeper(played: Played, tmp_path: Path) -> Keeper:
    """A keeper of the API's batches."""
    settings = played.api.parts.settings
    own = {"data_dir": tmp_path, "redis_url": settings.store_url}
    return Keeper(settings.model_copy(update=own))


def zipped(names: tuple[str, ...] = NAMES) -> dict[str, object]:
    """A zip of two pictures and two files that are none."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            content = {"ghi chú.txt": b"xin ch\xc3\xa0o", "rỗng.png": b""}.get(name, PNG)
            archive.writestr(name, content + name.encode() if content == PNG else content)
    return {"name": "kho.zip", "mimeType": "application/zip", "buffer": out.getvalue()}


def upload(page: Page, keeper: Keeper) -> None:
    """Send the zip from the first view, and unpack it."""
    page.locator("#files").set_input_files(zipped())
    expect(page.get_by_role("heading", level=1)).to_have_text("kho.zip")
    keeper.unpack()


def test_a_zip_is_followed_to_its_end_and_taken_away(
    tab: Tab, played: Played, keeper: Keeper, tmp_path: Path
) -> None:
    page = tab.open()
    page.locator("#files").set_input_files(zipped())
    expect(page.get_by_role("heading", level=1)).to_have_text("kho.zip")
    expect(page.locator(".head")).to_contain_text("Đang mở phần vừa tải lên")
    keeper.unpack()
    expect(page.locator("#job .rows li")).to_have_count(4)
    expect(page.locator(".head")).to_contain_text("2 đang chờ, 2 lỗi")
    finish(played.api)
    expect(page.locator(".head")).to_contain_text("1 đang chờ, 1 xong, 2 lỗi")
    tab.screenshot(tmp_path, "batch-running")
    finish(played.api)
    expect(page.locator(".head .badge")).to_have_text("Đã xong")
    expect(page.locator(".head progress")).to_be_hidden()
    rows = page.locator("#job .rows li")
    expect(rows.filter(has_text="ghi chú.txt")).to_contain_text("Tệp này không phải PNG")
    expect(rows.filter(has_text="rỗng.png")).to_contain_text("Tệp này rỗng.")
    tab.screenshot(tmp_path, "batch")
    data = download(page, "zip-text")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "Trăm năm" in archive.read("hồ sơ/một.png.txt").decode()
    lines = [json.loads(line) for line in download(page, "ndjson").splitlines() if line]
    assert [line["custom_id"] for line in lines] == list(NAMES)


def download(page: Page, kind: str) -> bytes:
    """What a choice of the download menu brings."""
    page.get_by_text("Tải về", exact=True).click()
    with page.expect_download() as brought:
        page.locator(f'[data-format="{kind}"]').click()
    return brought.value.path().read_bytes()


def test_a_document_of_a_batch_leads_back_to_it(tab: Tab, played: Played, keeper: Keeper) -> None:
    page = tab.open()
    upload(page, keeper)
    finish(played.api)
    page.get_by_role("link", name="hồ sơ/một.png").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("hồ sơ/một.png")
    page.get_by_role("link", name="Lô tài liệu").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("kho.zip")


def test_only_those_of_a_kind_are_shown(tab: Tab, keeper: Keeper) -> None:
    page = tab.open()
    upload(page, keeper)
    page.get_by_label("Hiện").select_option("failed")
    expect(page.locator("#job .rows li")).to_have_count(2)
    page.get_by_label("Hiện").select_option("succeeded")
    expect(page.locator("#job .rows li")).to_have_count(0)
    expect(page.get_by_text("Không có tài liệu nào như vậy.")).to_be_visible()


def test_many_files_and_folders_are_one_batch_under_their_names(
    tab: Tab, played: Played, keeper: Keeper, tmp_path: Path
) -> None:
    page = tab.open()
    many = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": PNG} for n in range(21)]
    page.locator("#files").set_input_files(many)  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1)).to_have_text("21 tệp")
    keeper.unpack()
    expect(page.locator("#job .rows li")).to_have_count(21)
    folder = tmp_path / "ảnh"
    (folder / "2024").mkdir(parents=True)
    for name in ("a.png", "2024/b.png", ".DS_Store"):
        (folder / name).write_bytes(PNG)
    page.get_by_role("link", name="Tất cả tài liệu").click()
    page.locator("#folder").set_input_files(folder)
    expect(page.get_by_role("heading", level=1)).to_have_text("ảnh")
    keeper.unpack()
    expect(page.locator("#job .rows a")).to_have_count(2)
    assert sorted(page.locator("#job .rows a").all_inner_texts()) == ["ảnh/2024/b.png", "ảnh/a.png"]


def test_recent_batches_stand_apart_from_recent_documents(
    tab: Tab, played: Played, keeper: Keeper, tmp_path: Path
) -> None:
    page = tab.open()
    upload(page, keeper)
    played.api.submit()
    page.get_by_role("link", name="Tất cả tài liệu").click()
    row = page.locator("#recent-batches li")
    expect(row).to_contain_text("2 đang chờ, 2 lỗi")
    expect(page.locator("#recent li")).to_have_count(1)
    tab.screenshot(tmp_path, "home-batches")
    page.get_by_role("button", name="Huỷ: kho.zip").click()
    expect(page.locator("#toast")).to_have_class(re.compile("shown"))
    keeper.due_batches.process_due_batches()
    expect(row.locator(".badge")).to_have_text("Đã huỷ")
    page.get_by_role("button", name="Xoá: kho.zip").click()
    page.get_by_role("dialog").get_by_role("button", name="Xoá").click()
    expect(page.locator("#batches")).to_be_hidden()


def test_a_batch_that_takes_more_can_be_closed(tab: Tab, played: Played) -> None:
    batch = played.api.client.post("/v1/batches", json={"metadata": {"name": "Công văn"}})
    page = tab.open(f"/#/batches/{batch.get_json()['id']}")
    expect(page.locator(".head .badge")).to_have_text("Còn nhận thêm")
    page.get_by_role("button", name="Không nhận thêm nữa").click()
    expect(page.locator(".head .badge")).to_have_text("Đã xong")
    expect(page.get_by_role("button", name="Không nhận thêm nữa")).to_have_count(0)


def test_what_failed_can_be_read_again(tab: Tab, played: Played, keeper: Keeper) -> None:
    page = tab.open()
    upload(page, keeper)
    played.api.worker.fail(played.api.claim(), DocumentEncrypted())
    finish(played.api)
    keeper.due_batches.process_due_batches()
    expect(page.locator(".head .badge")).to_have_text("Đã xong")
    page.get_by_role("button", name="Đọc lại tài liệu lỗi").click()
    expect(page.locator(".head .badge")).to_have_text("Đang đọc")
    keeper.due_batches.process_due_batches()
    expect(page.locator(".head")).to_contain_text("1 đang chờ, 1 xong, 2 lỗi")
    finish(played.api)
    keeper.due_batches.process_due_batches()
    expect(page.locator(".head")).to_contain_text("2 xong, 2 lỗi")
    expect(page.locator(".head .badge")).to_have_text("Đã xong")


def test_an_upload_that_is_no_zip_says_so(tab: Tab, keeper: Keeper) -> None:
    page = tab.open()
    broken = {**zipped(), "buffer": zipped()["buffer"][:200]}  # type: ignore[index]
    page.locator("#files").set_input_files(broken)  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1)).to_have_text("kho.zip")
    keeper.unpack()
    expect(page.locator(".head .reason")).to_have_text("Tệp zip bị hỏng hoặc bị cắt cụt.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_the_batch_view_is_for_everybody(
    make_tab: MakeTab,
    played: Played,
    keeper: Keeper,
    tmp_path: Path,
    scheme: str,
    options: dict[str, object],
) -> None:
    tab = make_tab(played.address, color_scheme=scheme, locale="en-GB", **options)
    page = tab.open()
    upload(page, keeper)
    expect(page.locator(".head")).to_contain_text("2 waiting, 2 failed")
    page.get_by_text("Download", exact=True).click()
    assert violations(page) == []
    assert not overflows(page)
    tab.screenshot(tmp_path, f"batch-{'phone' if options else 'desk'}-{scheme}")
    page.get_by_role("link", name="All documents").click()
    expect(page.locator("#recent-batches li")).to_have_count(1)
    assert violations(page) == []
    assert not overflows(page)


def test_a_batch_can_be_used_with_the_keyboard_alone(
    tab: Tab, played: Played, keeper: Keeper
) -> None:
    page = tab.open()
    upload(page, keeper)
    expect(page.locator("#job .rows li")).to_have_count(4)
    reach(page, "#kind")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#job .rows li")).to_have_count(2)
    reach(page, "summary")
    page.keyboard.press("Enter")
    reach(page, '[data-format="ndjson"]')
    with page.expect_download():
        page.keyboard.press("Enter")
    reach(page, ".head .danger", back=True)
    page.keyboard.press("Enter")
    reach(page, "dialog .danger")
    page.keyboard.press("Enter")
    expect(page.locator("#recent-note")).to_have_text("Chưa có tài liệu nào.")
