"""A searchable PDF in the viewers that people have: what they select lies over the words."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from shared.result import Box, Page, bounds
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, line_at, read_page
from tests.formats.documents import scan as scanned
from tests.formats.pdf_reading import a4, made, saved
from tests.web.pdfjs import SHOW, served

_CASES = {
    "picture": (saved(a4("L"), "JPEG"), read_page(DECREE)),
    "picture on its side": (saved(a4("L"), "JPEG"), read_page(DECREE, 2339, 1654, rotation=90)),
    "cut and turned pdf": (
        document(
            [PICTURE_DRAWN],
            Letters(""),
            entries=b"/MediaBox [-50 -100 545 742] /CropBox [0 0 400 700] /Rotate 270",
            picture=scanned(),
        ),
        Page(page=1, width=1945, height=1112, lines=(line_at("Đường số 15", 300, 400, 40),)),
    ),
    "pdf of large units": (
        document([PICTURE_DRAWN], Letters(""), entries=b"/UserUnit 2", picture=scanned()),
        read_page(DECREE, 3308, 4678),
    ),
}


@pytest.fixture(params=_CASES, ids=str)
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Page, bytes]:
    """A page as it was read, and its searchable PDF."""
    content, page = _CASES[request.param]
    return page, made(content, [page], tmp_path)


def test_pdfjs_selects_each_word_over_its_box(
    browser: Browser, shown: tuple[Page, bytes], tmp_path: Path
) -> None:
    page, pdf = shown
    with served(pdf) as address:
        tab = browser.new_page()
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(address)
        found = tab.evaluate(SHOW, 1.0)
        tab.screenshot(path=tmp_path / "pdfjs.png")
        tab.close()
    assert errors == []
    words = [word for line in page.lines for word in line.words]
    assert [text for text, _ in found["words"]] == [word.text for word in words]
    scale = page.width / found["width"]
    assert page.height / found["height"] == pytest.approx(scale, rel=0.01)
    for (text, place), word in zip(found["words"], words, strict=True):
        off = np.abs(np.subtract(np.multiply(place, scale), bounds(word.box)))
        assert off.max() <= 0.35 * height(word.box), (text, place, word.box)


def test_the_browser_knows_the_faces_of_the_tests_only(browser: Browser) -> None:
    """Else a viewer would take a face of the machine, and put its words elsewhere."""
    tab = browser.new_page()
    width = """(family) => {
      const context = document.createElement("canvas").getContext("2d");
      context.font = `100px ${family}`;
      return context.measureText("Quyết định số 15, ngày 3").width;
    }"""
    own = tab.evaluate(width, "'DejaVu Sans'")
    for family in ("Helvetica", "'Liberation Serif'", "'Noto Sans'", "sans-serif", "serif"):
        assert tab.evaluate(width, family) == own, family
    assert tab.evaluate(width, "monospace") != own
    tab.close()


def height(box: Box) -> float:
    """Of a box that stands upright."""
    return bounds(box)[3] - bounds(box)[1]


def test_chromiums_viewer_marks_and_copies_the_word_that_is_clicked(
    browser: Browser, shown: tuple[Page, bytes], tmp_path: Path
) -> None:
    page, pdf = shown
    context = browser.new_context(viewport={"width": 1000, "height": 1200})
    with served(pdf) as address:
        tab = context.new_page()
        tab.goto(f"{address}/document.pdf#toolbar=0&navpanes=0")
        before = picture_of(tab, lambda grey: (grey > 180).sum() > 100_000)
        rows, columns = np.nonzero(before > 180)
        left, top = columns.min(), rows.min()
        scale = (columns.max() + 1 - left) / page.width
        word = page.lines[0].words[-1]
        box = np.add(np.multiply(bounds(word.box), scale), (left, top, left, top))
        tab.mouse.dblclick((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        after = picture_of(tab, lambda grey: (np.abs(grey - before) > 5).sum() > 20)
        tab.screenshot(path=tmp_path / "chromium.png")
        rows, columns = np.nonzero(np.abs(after - before) > 5)
        marked = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.subtract(marked, box)).max() <= 2 + 0.35 * (box[3] - box[1])
        tab.keyboard.press("Control+c")
        assert copied(tab, address) == word.text.rstrip(";,.")
    context.close()


def picture_of(tab: BrowserPage, is_there: Callable[[np.ndarray], bool]) -> np.ndarray:
    """A tab in grey (H, W) as soon as something is there, and nothing changes any more."""
    last = np.zeros((1200, 1000), int)
    for _ in range(150):
        tab.wait_for_timeout(200)
        now = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("L")).astype(int)
        if is_there(now) and (now == last).all():
            return now
        last = now
    raise TimeoutError("the viewer shows nothing new")


def copied(tab: BrowserPage, address: str) -> str:
    """What lies on the clipboard, asked by a page that may know."""
    tab.context.grant_permissions(["clipboard-read"])
    other = tab.context.new_page()
    other.goto(address)
    other.bring_to_front()
    for _ in range(50):
        text: str = other.evaluate("navigator.clipboard.readText()")
        if text:
            return text
        other.wait_for_timeout(100)
    return ""
