"""hOCR 1.2: a web page whose classes and titles say where everything stands.

https://kba.github.io/hocr-spec/1.2/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.formats.xml import escaped
from shared.result import Box, Line, Page, Word, bounds, paragraphs

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="vi" lang="vi">
<head>
<meta charset="utf-8" />
<title>{name}</title>
<meta name="ocr-system" content="docchu {model}" />
<meta name="ocr-capabilities" content="ocr_page ocr_par ocr_line ocrx_word ocrp_wconf ocrp_lang" />
<meta name="ocr-langs" content="vi" />
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"


def hocr(pages: Iterable[Page], name: str, model: str) -> Iterator[str]:
    """A document, page by page; `name` is that of the file, `model` that of the recogniser."""
    yield _HEAD.format(name=escaped(name), model=escaped(model))
    for page in pages:
        yield page_hocr(page, name)
    yield _TAIL


def page_hocr(page: Page, name: str) -> str:
    """One page as an element of class `ocr_page`, boxes in its pixels."""
    # In `title` a quoted value ends at the next quote, and there is no way to escape one.
    image = name.replace('"', "").replace("\\", "")
    title = f'image "{image}"; bbox 0 0 {page.width} {page.height}; ppageno {page.page - 1}'
    rows = [f'<div class="ocr_page" id="page_{page.page}" title="{escaped(title)}">']
    number = 0
    for index, lines in enumerate(paragraphs(page), start=1):
        rows.append(
            f'<p class="ocr_par" id="par_{page.page}_{index}" title="{_around(lines)}" lang="vi">'
        )
        for line in lines:
            number += 1
            rows.append(_line(line, f"{page.page}_{number}"))
        rows.append("</p>")
    return "\n".join([*rows, "</div>\n"])


def _line(line: Line, number: str) -> str:
    words = line.words or (Word(text=line.text, confidence=line.confidence, box=line.box),)
    spans = " ".join(_word(word, f"{number}_{index}") for index, word in enumerate(words, start=1))
    title = f"{_bbox(line.box)}; x_confs {_percent(line.confidence)}"
    return f'<span class="ocr_line" id="line_{number}" title="{title}">{spans}</span>'


def _word(word: Word, number: str) -> str:
    title = f"{_bbox(word.box)}; x_wconf {_percent(word.confidence)}"
    return f'<span class="ocrx_word" id="word_{number}" title="{title}">{escaped(word.text)}</span>'


def _bbox(*boxes: Box) -> str:
    sides = [bounds(box) for box in boxes]
    left, top = min(s[0] for s in sides), min(s[1] for s in sides)
    right, bottom = max(s[2] for s in sides), max(s[3] for s in sides)
    return f"bbox {max(0, round(left))} {max(0, round(top))} {round(right)} {round(bottom)}"


def _around(lines: list[Line]) -> str:
    return _bbox(*(line.box for line in lines))


def _percent(confidence: float) -> int:
    return round(100 * confidence)
