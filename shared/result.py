"""What was read: pages of lines of words, and their JSON form (design: HTTP API, the result)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
"""A quadrilateral in page pixels: top left, top right, bottom right, bottom left of the text as it
is read, on the page as it is returned (after `rotation`)."""
Confidence = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(_Part):
    """One word of a line; `confidence` is the chance that it is right.

    `alternatives` are what else it may be: what was seen where the language decided a mark. The
    field is there only where there are any.
    """

    text: str
    confidence: Confidence
    box: Box
    alternatives: tuple[str, ...] = Field(default=(), exclude_if=lambda words: not words)


class Line(_Part):
    """One text line; `text` is NFC and equals the words joined by single spaces.

    `confidence` is the chance that all its words are right.
    """

    text: str
    confidence: Confidence
    box: Box
    words: tuple[Word, ...]


class Page(_Part):
    """One page as it was read, lines in reading order.

    `width` and `height` are pixels after turning the picture by `rotation` degrees clockwise;
    boxes are in those pixels. `page` counts from 1.
    """

    page: int
    width: int
    height: int
    rotation: Literal[0, 90, 180, 270] = 0
    source: Literal["ocr", "text_layer"] = "ocr"
    lines: tuple[Line, ...]


def page_text(page: Page) -> str:
    """The text of a page, a line each, with an empty line between paragraphs."""
    return "\n\n".join("\n".join(line.text for line in lines) for lines in paragraphs(page))


def paragraphs(page: Page) -> list[list[Line]]:
    """The lines of a page by paragraph."""
    found: list[list[Line]] = []
    for index, line in enumerate(page.lines):
        if index == 0 or _starts_paragraph(page.lines[index - 1], line):
            found.append([])
        found[-1].append(line)
    return found


def document_text(pages: list[Page]) -> str:
    """The text of a whole document, a form feed between pages as `pdftotext` writes it."""
    return "\n\f".join(page_text(page) for page in pages) + "\n"


def _starts_paragraph(above: Line, below: Line) -> bool:
    """Whether the gap between two lines is clearly more than the leading of running text."""
    top, bottom = _vertical_span(above)
    next_top, _ = _vertical_span(below)
    gap = next_top - bottom
    return gap < -(bottom - top) or gap > 0.9 * (bottom - top)


def bounds(box: Box) -> tuple[float, float, float, float]:
    """The upright rectangle around a box: left, top, right, bottom."""
    xs, ys = [x for x, _ in box], [y for _, y in box]
    return min(xs), min(ys), max(xs), max(ys)


def _vertical_span(line: Line) -> tuple[float, float]:
    _, top, _, bottom = bounds(line.box)
    return top, bottom
