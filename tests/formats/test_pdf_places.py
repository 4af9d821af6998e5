"""The invisible text of a searchable PDF lies over the words, however a page is turned and cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from shared.result import Box, Line, Page, bounds
from tests.formats.documents import (
    DECREE,
    PICTURE_DRAWN,
    Letters,
    document,
    line_at,
    read_page,
    scan,
)
from tests.formats.pdf_reading import a4, made, pdftotext, saved
from tests.formats.pdf_words import words_on
from worker.loading.pdf.characters import to_pixels

LETTERS = Letters("".join(DECREE))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_letters_lie_over_their_boxes(rotation: int, tmp_path: Path) -> None:
    size = (2339, 1654) if rotation in (90, 270) else (1654, 2339)
    page = read_page(DECREE[:3], *size, rotation=rotation)
    pdf = made(saved(a4("L"), "JPEG"), [page], tmp_path)
    opened = pypdfium2.PdfDocument(pdf)[0]
    assert opened.get_rotation() == rotation, "it opens upright"
    text_page = opened.get_textpage()
    first, last = page.lines[0].words[0], page.lines[-1].words[-1]
    found = text_page.search(last.text).get_next()
    scale = opened.get_width() / page.width
    for start, word in ((0, first), (found[0], last)):
        boxes = [text_page.get_charbox(start + n, loose=True) for n in range(len(word.text))]
        device = [shown(opened, box) for box in boxes]
        around = (
            min(b[0] for b in device),
            min(b[1] for b in device),
            max(b[2] for b in device),
            max(b[3] for b in device),
        )
        wanted = [side * scale for side in bounds(word.box)]
        assert np.abs(np.subtract(around, wanted)).max() < 1.5, "points"


def shown(page: pypdfium2.PdfPage, box: tuple[float, ...]) -> tuple[float, float, float, float]:
    """A box of user space where a reader shows it: left, top, right, bottom in points."""
    left, bottom, right, top = box
    width, height = page.get_mediabox()[2:]
    return {
        0: (left, height - top, right, height - bottom),
        90: (bottom, left, top, right),
        180: (width - right, bottom, width - left, top),
        270: (height - top, width - right, height - bottom, width - left),
    }[page.get_rotation()]


@pytest.mark.parametrize(
    "entries",
    [
        b"/Rotate 90",
        b"/Rotate 180",
        b"/Rotate -90",
        b"/CropBox [100 200 500 800]",
        b"/MediaBox [-50 -100 545 742] /CropBox [0 0 400 700] /Rotate 270",
        b"/UserUnit 2",
        b"/MediaBox [595 842 0 0]",
    ],
    ids=lambda entries: entries.decode(),
)
def test_odd_boxes_shift_nothing(entries: bytes, tmp_path: Path) -> None:
    content = document([PICTURE_DRAWN], LETTERS, entries=entries, picture=scan())
    width, height = (
        round(side * 200 / 72) for side in pypdfium2.PdfDocument(content)[0].get_size()
    )
    page = Page(page=1, width=width, height=height, lines=(line_at("Đường số", 300, 400, 40),))
    pdf = made(content, [page], tmp_path)
    assert pdftotext(pdf).split() == ["Đường", "số"]
    opened = pypdfium2.PdfDocument(pdf)[0]
    text_page = opened.get_textpage()
    left, bottom, right, top = text_page.get_charbox(0, loose=True)
    place = to_pixels(opened.raw, width, height)((left, bottom, right, top))
    assert np.abs(np.subtract(place, (300, 400, 320, 440))).max() < 2


@pytest.mark.parametrize("slope", [-0.08, 0.02, 0.08, 0.25])
def test_words_of_a_page_that_was_photographed_askew_stay_whole(
    slope: float, tmp_path: Path
) -> None:
    def askew(box: Box) -> Box:
        moved = [(x, y + slope * (x - 800)) for x, y in box]
        return moved[0], moved[1], moved[2], moved[3]

    lines = [
        Line(
            text=line.text,
            confidence=0.9,
            box=askew(line.box),
            words=tuple(word.model_copy(update={"box": askew(word.box)}) for word in line.words),
        )
        for line in (line_at(text, 170, 600 + 80 * n, 34) for n, text in enumerate(DECREE))
    ]
    page = Page(page=1, width=1654, height=2339, lines=tuple(lines))
    pdf = made(saved(a4("L"), "JPEG"), [page], tmp_path)
    wanted = " ".join(DECREE).split()
    assert pdftotext(pdf, "-raw").split() == wanted
    if abs(slope) < 0.1:
        assert sorted(pdftotext(pdf).split()) == sorted(wanted)
    words = [word for line in page.lines for word in line.words]
    found = dict(words_on(pypdfium2.PdfDocument(pdf)[0], page))
    for word in words:
        left, top, right, bottom = bounds(word.box)
        if word.text in found and wanted.count(word.text) == 1:
            off = np.subtract(found[word.text], (left, top, right, bottom))
            assert np.abs(off).max() <= 0.4 * 34, word


def test_a_dash_that_touches_its_neighbour_is_a_word(tmp_path: Path) -> None:
    line = line_at("Độc lập - Tự do – Hạnh phúc 5 cây", 170, 400, 34, gap=0.0)
    page = Page(page=1, width=1654, height=2339, lines=(line,))
    pdf = made(saved(a4("L"), "JPEG"), [page], tmp_path)
    assert pdftotext(pdf, "-raw").split() == pdftotext(pdf).split() == line.text.split()


def test_a_page_that_changes_its_state_and_forgets_it_moves_no_text(tmp_path: Path) -> None:
    content = document([b"q q 0.1 0 0 0.1 300 300 cm " + PICTURE_DRAWN], LETTERS, picture=scan())
    pdf = made(content, [read_page(["Một dòng"])], tmp_path)
    box = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_charbox(0, loose=True)
    assert box[0] == pytest.approx(170 * 595 / 1654, abs=1)
