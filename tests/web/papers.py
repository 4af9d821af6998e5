"""Documents for the page's tests: pages with lines that are known, and pictures that show them."""

from __future__ import annotations

import io
import unicodedata

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Locator
from playwright.sync_api import Page as BrowserPage

from shared.blobs import picture_name
from shared.result import Line, Page, Word
from tests.api.playing import PDF, Api

WIDTH, HEIGHT, LEADING = 600, 840, 40
POEM = (
    "Trăm năm trong cõi người ta,",
    "Chữ tài chữ mệnh khéo là ghét nhau.",
    "Trải qua một cuộc bể dâu,",
    "Những điều trông thấy mà đau đớn lòng.",
)
UNSURE = 2
"""The index of the line of a paper that is read without confidence."""


def paper(number: int, lines: tuple[str, ...] = POEM) -> Page:
    """A page with these lines and its number as the last one."""
    read = [
        _line(text, 60 + index * LEADING, 0.55 if index == UNSURE else 0.97)
        for index, text in enumerate((*lines, f"Trang số {number}"))
    ]
    return Page(page=number, width=WIDTH, height=HEIGHT, lines=tuple(read))


def picture_of(page: Page, kind: str = "JPEG") -> bytes:
    """The page as somebody would see it."""
    picture = Image.new("RGB", (page.width, page.height), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(22)
    for line in page.lines:
        draw.text(line.box[0], _ascii(line.text), font=font, fill="black")
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def read_by_worker(api: Api, claim, page: Page) -> None:  # type: ignore[no-untyped-def]
    """What a worker does with a page: its picture, its result, its record."""
    name = picture_name(f"page-{page.page}.0.1.json")
    api.parts.blobs.put_passing(claim.tenant, claim.job_id, name, picture_of(page))
    api.read(claim, page)


def _ascii(text: str) -> str:
    """Pillow's own font has no Vietnamese letters, and Debian may have no other one."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return plain.encode("ascii", "ignore").decode()


def _line(text: str, top: float, confidence: float) -> Line:
    right = 50 + 12.5 * len(text)
    box = ((50.0, top), (right, top), (right, top + 28), (50.0, top + 28))
    words = tuple(Word(text=word, confidence=confidence, box=box) for word in text.split())
    return Line(text=text, confidence=confidence, box=box, words=words)


PICTURE = {
    "name": "Truyện Kiều.png",
    "mimeType": "image/png",
    "buffer": picture_of(paper(1), "PNG"),
}


def finish(api: Api, num_pages: int = 1) -> None:
    """Read the next document."""
    claim = api.begin(num_pages)
    for number in range(1, num_pages + 1):
        read_by_worker(api, claim, paper(number))


def read_job(api: Api, num_pages: int = 1, data: bytes = PDF) -> str:
    """A document that has been read; its job's id."""
    job_id: str = api.submit(data)["id"]
    finish(api, num_pages)
    return job_id


def lines_of(page: BrowserPage, number: int = 1) -> Locator:
    """The lines of a page's text."""
    return page.locator(f"#page-{number} .lines li")
