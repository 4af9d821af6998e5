"""A page that was read smaller than it is has the pixels of its file in its result."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from shared.result import (
    Barcode,
    Box,
    Line,
    Page,
    PageWarning,
    Table,
    TableCell,
    Word,
)
from shared.settings import Settings
from tests.worker.stories import BOX, GreyReader, make_service
from worker.enlarging import enlarged

SMALL: Box = ((10, 20), (30, 20), (30, 40), (10, 40))
TWICE_AND_THRICE: Box = ((20, 60), (60, 60), (60, 120), (20, 120))


def page_of_everything(rotation: int = 0) -> Page:
    word = Word(text="chữ", confidence=1, box=SMALL)
    line = Line(text="chữ", confidence=1, box=SMALL, words=(word,))
    cell = TableCell(row=0, column=0, text="chữ", confidence=1, box=SMALL, lines=(0,))
    return Page(
        page=7,
        width=100,
        height=200,
        rotation=rotation,  # type: ignore[arg-type]
        lines=(line,),
        tables=(Table(box=SMALL, num_rows=1, num_columns=1, cells=(cell,)),),
        barcodes=(Barcode(format="QRCode", value="1", box=SMALL),),
        warnings=(PageWarning(code="unread", detail="", box=SMALL),),
    )


def boxes_in(value: object) -> list[object]:
    match value:
        case {"box": box, **rest}:
            return [box, *boxes_in(rest)]
        case dict():
            return [box for one in value.values() for box in boxes_in(one)]
        case list() | tuple():
            return [box for one in value for box in boxes_in(one)]
    return []


@pytest.mark.parametrize(("rotation", "full"), [(0, (600, 200)), (180, (600, 200))])
def test_every_box_is_told_in_the_pixels_of_the_file(rotation: int, full: tuple[int, int]) -> None:
    page = enlarged(page_of_everything(rotation), full)
    assert (page.width, page.height, page.page, page.rotation) == (200, 600, 7, rotation)
    boxes = boxes_in(page.model_dump())
    assert len(boxes) == 6 and all(box == TWICE_AND_THRICE for box in boxes)
    assert page.lines[0].text == "chữ" and page.tables[0].cells[0].lines == (0,)


@pytest.mark.parametrize("rotation", [90, 270])
def test_a_page_that_was_turned_has_the_sides_of_its_file_exchanged(rotation: int) -> None:
    page = enlarged(page_of_everything(rotation), (200, 600))
    assert (page.width, page.height) == (200, 600)
    assert page.lines[0].box == TWICE_AND_THRICE


def test_a_page_that_was_read_as_it_is_stays_so() -> None:
    page = page_of_everything()
    assert enlarged(page, (200, 100)) is page


def test_a_job_with_a_large_photo_answers_in_the_pixels_of_the_photo(
    valkey_settings: Settings, tmp_path: Path
) -> None:
    service = make_service(valkey_settings, tmp_path)
    file = io.BytesIO()
    Image.new("L", (5000, 7000), 90).save(file, "JPEG")
    job_id = service.submit(file.getvalue(), "image/jpeg")
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    page = Page.model_validate_json(service.blobs.get("acme", job_id, "page-1.0.1.json"))
    assert (page.width, page.height) == (5000, 7000)
    assert page.lines[0].box == tuple((2 * x, 2 * y) for x, y in BOX)
    picture = Image.open(io.BytesIO(service.blobs.get("acme", job_id, "page-1.0.1.jpg")))
    assert picture.height == 1600


def test_all_parts_of_a_page_that_have_a_box_are_among_these() -> None:
    """Whoever adds another is reminded of it here."""
    parts = {
        part.__name__
        for field in Page.model_fields.values()
        for part in get_args(field.annotation)
        if hasattr(part, "model_fields")
    }
    assert parts == {"Line", "Table", "Barcode", "PageWarning"}
