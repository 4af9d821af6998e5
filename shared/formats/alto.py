"""ALTO 4.4, the XML of libraries and archives: pages, blocks, lines and words with their places.

https://www.loc.gov/standards/alto/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from shared.formats.xml import escaped
from shared.result import Box, Line, Page, Word, bounds, paragraphs

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# \
http://www.loc.gov/standards/alto/v4/alto-4-4.xsd" SCHEMAVERSION="4.4">
<Description>
<MeasurementUnit>pixel</MeasurementUnit>
<sourceImageInformation><fileName>{name}</fileName></sourceImageInformation>
<Processing ID="reading"><processingSoftware><softwareName>docchu</softwareName>\
<softwareVersion>{model}</softwareVersion></processingSoftware></Processing>
</Description>
<Layout>
"""
_TAIL = "</Layout>\n</alto>\n"


def alto(pages: Iterable[Page], name: str, model: str) -> Iterator[str]:
    """A document, page by page; `name` is that of the file, `model` that of the recogniser.

    A document without a page that was read gets one empty page: the schema wants one.
    """
    yield _HEAD.format(name=escaped(name), model=escaped(model))
    is_empty = True
    for page in pages:
        is_empty = False
        yield page_alto(page)
    if is_empty:
        yield '<Page ID="page_0" PHYSICAL_IMG_NR="0"/>\n'
    yield _TAIL


def page_alto(page: Page) -> str:
    """One `Page` element, boxes in its pixels."""
    size = f'WIDTH="{page.width}" HEIGHT="{page.height}"'
    number = page.page
    rows = [
        f'<Page ID="page_{number}" PHYSICAL_IMG_NR="{number}" {size} PROCESSINGREFS="reading">',
        f'<PrintSpace HPOS="0" VPOS="0" {size}>',
    ]
    for index, lines in enumerate(paragraphs(page), start=1):
        place = _place(*(line.box for line in lines))
        rows.append(f'<TextBlock ID="block_{number}_{index}" {place} LANG="vi">')
        rows.extend(_line(line) for line in lines)
        rows.append("</TextBlock>")
    return "\n".join([*rows, "</PrintSpace>", "</Page>\n"])


def _line(line: Line) -> str:
    words = line.words or (Word(text=line.text, confidence=line.confidence, box=line.box),)
    parts = [_word(words[0])]
    for before, word in pairwise(words):
        parts += [_space(before, word), _word(word)]
    return f"<TextLine {_place(line.box)}>{''.join(parts)}</TextLine>"


def _word(word: Word) -> str:
    confidence = round(word.confidence, 3)
    return f'<String {_place(word.box)} WC="{confidence}" CONTENT="{escaped(word.text)}"/>'


def _space(before: Word, after: Word) -> str:
    start, end = bounds(before.box)[2], bounds(after.box)[0]
    top = bounds(before.box)[1]
    return f'<SP HPOS="{start:g}" VPOS="{top:g}" WIDTH="{max(0.0, round(end - start, 1)):g}"/>'


def _place(*boxes: Box) -> str:
    sides = [bounds(box) for box in boxes]
    left, top = min(s[0] for s in sides), min(s[1] for s in sides)
    width, height = max(s[2] for s in sides) - left, max(s[3] for s in sides) - top
    return (
        f'HPOS="{round(left, 1)}" VPOS="{round(top, 1)}"'
        f' WIDTH="{round(width, 1)}" HEIGHT="{round(height, 1)}"'
    )
