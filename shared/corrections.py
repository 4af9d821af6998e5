"""A page with what people set right in it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal

from shared.result import Box, Correction, CorrectionVersion, Line, Page, Table, Word

Reading = Literal["original", "corrected"]
"""Which version of a result: as it was read, or with what people set right."""
_Versions = tuple[CorrectionVersion, ...]


def fit_text(text: str) -> str:
    """A text as lines have it: NFC, single spaces, nothing that cannot be printed."""
    kept = (one for one in text if one.isspace() or unicodedata.category(one) not in _UNPRINTED)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


_UNPRINTED = frozenset({"Cc", "Cs", "Cn", "Co"})


def corrected(page: Page, versions: Mapping[int, _Versions]) -> Page:
    """The page with the newest versions of its lines. A line that is no text is empty: the others
    keep their places."""
    lines = list(page.lines)
    for place, said in versions.items():
        if place < len(lines):
            lines[place] = corrected_line(lines[place], said)
    tables = tuple(_table(table, lines, versions) for table in page.tables)
    return page.model_copy(update={"lines": tuple(lines), "tables": tables})


def corrected_line(line: Line, versions: _Versions) -> Line:
    """The line as its newest version says."""
    correction = Correction.of(versions, original=line.text)
    changed: dict[str, object] = {"correction": correction}
    if correction.kind == "not_text":
        changed |= {"text": "", "words": (), "confidence": 1.0}
    elif correction.kind != "as_read":
        text = correction.text or line.text
        changed |= {"text": text, "words": tuple(_words(line, text)), "confidence": 1.0}
    return line.model_copy(update=changed)


def text_only(page: Page) -> Page:
    """The page without the lines that are no text."""
    kept = [place for place, line in enumerate(page.lines) if line.text]
    if len(kept) == len(page.lines):
        return page
    places = {old: new for new, old in enumerate(kept)}
    tables = []
    for table in page.tables:
        cells = []
        for cell in table.cells:
            own = tuple(places[at] for at in cell.lines if at in places)
            cells.append(cell.model_copy(update={"lines": own}))
        tables.append(table.model_copy(update={"cells": tuple(cells)}))
    lines = tuple(page.lines[place] for place in kept)
    return page.model_copy(update={"lines": lines, "tables": tuple(tables)})


def _table(table: Table, lines: list[Line], versions: Mapping[int, _Versions]) -> Table:
    cells = []
    for cell in table.cells:
        if any(place in versions for place in cell.lines):
            own = [lines[at] for at in cell.lines]
            text = " ".join(line.text for line in own if line.text)
            sure = math.prod(one.confidence for one in own)
            cell = cell.model_copy(update={"text": text, "confidence": sure})
        cells.append(cell)
    return table.model_copy(update={"cells": tuple(cells)})


def _words(line: Line, text: str) -> Iterator[Word]:
    """The words of a text where those of the line stand that it had."""
    old, new = line.words, text.split()
    matcher = SequenceMatcher(None, [word.text for word in old], new, autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        if end - start == last - first:
            boxes = [word.box for word in old[start:end]]
        else:
            boxes = _spread(_room(line, start, end), new[first:last])
        for word, box in zip(new[first:last], boxes, strict=True):
            yield Word(text=word, confidence=1.0, box=box)


def _room(line: Line, start: int, end: int) -> Box:
    """Where words stand in their line, or the gap that has none."""
    if end > start:
        first, last = line.words[start].box, line.words[end - 1].box
        return first[0], last[1], last[2], first[3]
    left = line.words[start - 1].box if start else line.box
    right = line.words[start].box if start < len(line.words) else line.box
    corners = (1, 2) if start else (0, 3)
    others = (0, 3) if start < len(line.words) else (1, 2)
    return left[corners[0]], right[others[0]], right[others[1]], left[corners[1]]


def _spread(room: Box, words: list[str]) -> list[Box]:
    """Boxes side by side, as wide as their words are long."""
    total = sum(len(word) for word in words) + max(len(words) - 1, 0)
    boxes, at = [], 0
    for word in words:
        left, right = at / total, (at + len(word)) / total
        at += len(word) + 1
        boxes.append(
            (_on(room, 0, left), _on(room, 0, right), _on(room, 3, right), _on(room, 3, left))
        )
    return boxes


def _on(room: Box, side: Literal[0, 3], share: float) -> tuple[float, float]:
    """A point on the upper (0) or the lower (3) edge."""
    (x, y), (to_x, to_y) = room[side], room[1 if side == 0 else 2]
    return x + share * (to_x - x), y + share * (to_y - y)
