"""What was read: pages of lines of words (design: HTTP API, the result), as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docchu.jobs import Model, PageProblem

Json = Mapping[str, Any]
Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
"""A quadrilateral in page pixels: top left, top right, bottom right, bottom left of the text."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line. Confidence is between 0 and 1.

    `alternatives` are what else it may be: what was seen where the language decided a mark.
    """

    text: str
    confidence: float
    box: Box
    alternatives: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, json: Json) -> Word:
        """Take one of a line's `words`."""
        alternatives = tuple(json.get("alternatives", ()))
        return cls(json["text"], json["confidence"], _box(json["box"]), alternatives)


@dataclass(frozen=True, slots=True)
class Line:
    """One text line and its words."""

    text: str
    confidence: float
    box: Box
    words: tuple[Word, ...]

    @classmethod
    def from_json(cls, json: Json) -> Line:
        """Take one of a page's `lines`."""
        words = tuple(Word.from_json(word) for word in json["words"])
        return cls(json["text"], json["confidence"], _box(json["box"]), words)


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was read, lines in reading order; `page` counts from 1.

    `width` and `height` are pixels after turning the picture by `rotation` degrees clockwise, and
    boxes are in those pixels. `source` is `ocr` or `text_layer`.
    """

    page: int
    width: int
    height: int
    rotation: int
    source: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The text of the page, a line each, with an empty line between paragraphs."""
        rows: list[str] = []
        for index, line in enumerate(self.lines):
            if index and _starts_paragraph(self.lines[index - 1], line):
                rows.append("")
            rows.append(line.text)
        return "\n".join(rows)

    @classmethod
    def from_json(cls, json: Json) -> Page:
        """Take one of a result's `pages`."""
        return cls(
            page=json["page"],
            width=json["width"],
            height=json["height"],
            rotation=json.get("rotation", 0),
            source=json.get("source", "ocr"),
            lines=tuple(Line.from_json(line) for line in json["lines"]),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """The text of a document. `problems` names the pages that are missing or not whole."""

    job_id: str
    model: Model | None
    pages: tuple[Page, ...]
    problems: tuple[PageProblem, ...] = field(default=())

    @property
    def text(self) -> str:
        """The text of all pages, the same that the service gives as `format=text`."""
        return "\n\f".join(page.text for page in self.pages) + "\n"

    @classmethod
    def from_json(cls, json: Json, problems: tuple[PageProblem, ...] = ()) -> Result:
        """Take the service's JSON of a result; its job tells the problems."""
        pages = tuple(Page.from_json(page) for page in json["pages"])
        return cls(json["job_id"], Model.from_json(json.get("model")), pages, problems)


def _box(corners: Any) -> Box:
    one, two, three, four = ((float(x), float(y)) for x, y in corners)
    return one, two, three, four


def _starts_paragraph(above: Line, below: Line) -> bool:
    # The service's own rule (shared/result.py), told again because the client stands alone: the gap
    # is clearly more than the leading of running text, or the text goes on in another column.
    top, bottom = _vertical_span(above)
    next_top, _ = _vertical_span(below)
    gap = next_top - bottom
    return gap < -(bottom - top) or gap > 0.9 * (bottom - top)


def _vertical_span(line: Line) -> tuple[float, float]:
    ys = [y for _, y in line.box]
    return min(ys), max(ys)
