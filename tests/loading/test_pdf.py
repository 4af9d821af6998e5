"""A PDF page is rendered as a reader would show it, and never larger than it may be."""

from __future__ import annotations

import dataclasses
import io
import os
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from shared.errors.documents import (
    DocumentDamaged,
    DocumentEncrypted,
    DynamicForm,
    PageTooLarge,
    TooManyPages,
)
from tests.formats.documents import PICTURE_DRAWN, Letters, document, scan
from tests.loading.conftest import LIMITS, Count, Load
from tests.loading.samples import RED, WHITE, join_pdf, locked_pdf, pdf, stream, written
from worker.loading.pool import Asker, PageLoader

PDF = "application/pdf"


def red_at(picture: np.ndarray) -> str:
    """Where the painted corner of the sample page has gone."""
    is_red = (picture == RED).all(axis=2)
    rows, columns = np.nonzero(is_red)
    height, width = is_red.shape
    across = "left" if columns.mean() < width / 2 else "right"
    return f"{'top' if rows.mean() < height / 2 else 'bottom'} {across}"


def test_a_page_is_rendered_at_two_hundred_dots_per_inch_on_white(load: Load) -> None:
    page = load(pdf(size=(144, 288)))  # 2 by 4 inches
    assert page.damage is None
    assert page.picture.shape == (800, 400, 3)
    assert page.picture.dtype == np.uint8
    assert (page.picture[-200:, :200] == RED).all()
    assert (page.picture[:-201] == WHITE).all()


@pytest.mark.parametrize("width", [71.3, 72.1, 99.99])
def test_pages_of_odd_widths_are_not_sheared(load: Load, width: float) -> None:
    page = load(pdf(size=(width, 144), content=b"0 g 36 0 18 144 re f"))
    inked = page.picture[:, :, 0] < 128
    assert (inked == inked[0]).all()
    assert 48 <= inked[0].sum() <= 52


@pytest.mark.parametrize(
    ("degrees", "where"), [(90, "top left"), (180, "top right"), (270, "bottom right")]
)
def test_a_page_is_turned_as_it_says(load: Load, degrees: int, where: str) -> None:
    page = load(pdf(entries=b"/Rotate %d" % degrees))
    assert page.picture.shape == ((800, 400, 3) if degrees == 180 else (400, 800, 3))
    assert red_at(page.picture) == where


def test_only_what_lies_in_the_crop_box_is_shown(load: Load) -> None:
    page = load(pdf(entries=b"/CropBox [36 36 108 108]"))
    assert page.picture.shape == (200, 200, 3)
    assert (page.picture == RED).all(axis=2).sum() == 100 * 100


@pytest.mark.parametrize(
    ("unit", "shape"),
    [
        (b"2", (1600, 800)),
        (b"0.5", (400, 200)),
        (b"0", (800, 400)),
        (b"-3", (800, 400)),
        (b"/Inch", (800, 400)),
        (b"0.0001", (800, 400)),
    ],
)
def test_a_page_has_the_size_that_its_units_give_it(
    load: Load, unit: bytes, shape: tuple[int, int]
) -> None:
    picture = load(pdf(entries=b"/UserUnit " + unit)).picture
    assert picture.shape[:2] == shape
    assert red_at(picture) == "bottom left"


def test_units_are_found_where_the_page_is_packed_away_and_locked(load: Load) -> None:
    opened = pikepdf.open(io.BytesIO(pdf(2, entries=b"/UserUnit 2")))
    del opened.pages[1]["/UserUnit"]
    for lock in (None, pikepdf.Encryption(owner="no printing", user="")):
        out = io.BytesIO()
        modes = pikepdf.ObjectStreamMode
        opened.save(out, object_stream_mode=modes.generate, encryption=lock)
        assert b"UserUnit" not in out.getvalue()
        heights = [load(out.getvalue(), page).picture.shape[0] for page in (1, 2)]
        assert heights == [1600, 800]


def test_large_units_refuse_no_page_that_is_read_without_them(load: Load) -> None:
    assert load(pdf(size=(720, 720), entries=b"/UserUnit 50")).picture.shape[0] > 1390


def test_annotations_and_form_fields_are_drawn(load: Load) -> None:
    look = stream(b"1 0 0 rg 0 0 36 36 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 36 36]")
    stamp = b"<< /Type /Annot /Subtype /Stamp /Rect [0 252 36 288] /F 4 /AP << /N 4 0 R >> >>"
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (An) /Rect [108 0 144 36] /F 4"
        b" /AP << /N 4 0 R >> >>"
    )
    content = pdf(
        content=b"",
        entries=b"/Annots [5 0 R 6 0 R]",
        catalogue=b"/AcroForm << /Fields [6 0 R] >>",
        more=[look, stamp, field],
    )
    picture = load(content).picture
    assert (picture[10:90, 10:90] == RED).all()  # the stamp, top left
    field_area = picture[-90:-10, -90:-10]
    assert not (field_area == WHITE).all()  # the field, bottom right


def test_a_poster_is_rendered_more_coarsely_and_stays_within_the_limit(load: Load) -> None:
    page = load(pdf(size=(720, 720)))  # 10 inches: 4 million pixels at 200 dpi, of 2 allowed
    height, width, _ = page.picture.shape
    assert 0.98 * LIMITS.max_page_pixels < height * width <= LIMITS.max_page_pixels


@pytest.mark.parametrize("size", [(1100, 1100), (14400, 14400), (200, 14400), (1e7, 1e7)])
def test_a_page_too_large_even_at_a_hundred_dpi_is_refused(load: Load, count: Count, size) -> None:
    assert count(pdf(size=size)) == 1
    with pytest.raises(PageTooLarge) as refusal:
        load(pdf(size=size))
    assert refusal.value.facts["max_page_pixels"] == LIMITS.max_page_pixels


@pytest.mark.parametrize("size", [(0, 0), (-5, 5), (1e38, 1e38), (0.001, 0.001)])
def test_absurd_boxes_give_a_page_or_an_error_but_no_harm(load: Load, size) -> None:
    try:
        picture = load(pdf(size=size)).picture
    except (DocumentDamaged, PageTooLarge):
        return
    assert picture.shape[0] * picture.shape[1] <= LIMITS.max_page_pixels


def test_every_page_of_a_document_is_its_own(load: Load, count: Count) -> None:
    kids = b"/Type /Pages /Kids [3 0 R 5 0 R 7 0 R] /Count 3"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< %s >>" % kids]
    for number in range(3):
        box = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 72 %d]" % (72 * (number + 1))
        objects += [b"<< %s /Contents %d 0 R >>" % (box, 4 + 2 * number), stream(b"")]
    content = join_pdf(objects)
    assert count(content) == 3
    heights = [load(content, page).picture.shape[0] for page in (3, 1, 2, 3)]
    assert heights == [600, 200, 400, 600]
    with pytest.raises(DocumentDamaged):
        load(content, 4)


def test_a_document_that_wants_a_password_is_encrypted(load: Load, count: Count) -> None:
    with pytest.raises(DocumentEncrypted):
        count(locked_pdf(b"secret"))
    with pytest.raises(DocumentEncrypted):
        load(locked_pdf(b"secret"))


def test_a_document_that_only_its_owner_locked_is_read(load: Load, count: Count) -> None:
    content = locked_pdf(b"", owner_password=b"no printing")
    assert count(content) == 1
    assert red_at(load(content).picture) == "bottom left"


def test_an_unknown_lock_is_encrypted_too(count: Count) -> None:
    lock = [b"<< /Filter /Acme /V 9 /R 9 >>"]
    with pytest.raises(DocumentEncrypted):
        count(pdf(more=lock, trailer=b"/Encrypt 4 0 R /ID [<00> <00>]"))


def test_too_many_pages_are_told_with_their_number(count: Count) -> None:
    assert count(pdf(20)) == 20
    with pytest.raises(TooManyPages) as refusal:
        count(pdf(21))
    assert refusal.value.facts == {"num_pages": 21, "max_pages": 20}


@pytest.mark.parametrize("content", [b"%PDF-1.4\n", b"%PDF-1.4\nhello %%EOF", pdf(0)])
def test_a_document_without_pages_is_damaged(count: Count, content: bytes) -> None:
    with pytest.raises(DocumentDamaged):
        count(content)


def test_wrong_offsets_are_repaired(load: Load, count: Count) -> None:
    content = pdf(2).replace(b"%PDF-1.4\n", b"%PDF-1.4\n% one line more than the table knows\n")
    assert count(content) == 2
    page = load(content, 2)
    assert page.damage is None
    assert red_at(page.picture) == "bottom left"


def test_lines_before_and_after_the_document_do_no_harm(load: Load) -> None:
    content = b"HTTP/1.1 200 OK\r\n\r\n" + pdf() + b"\r\n--boundary--\r\n" * 99
    assert load(content).damage is None


def test_of_a_document_that_is_cut_short_the_pages_before_are_read(
    load: Load, count: Count
) -> None:
    content = pdf(3)
    third = content.rindex(b"/Type /Page ")
    cut = content[: third + 20]
    assert count(cut) == 3
    for page in (1, 2):
        loaded = load(cut, page)
        assert "cut short" in str(loaded.damage)
        assert red_at(loaded.picture) == "bottom left"
    with pytest.raises(DocumentDamaged):
        load(cut, 3)


def test_a_document_that_changes_on_disk_is_opened_anew(loader: PageLoader, tmp_path: Path) -> None:
    path = written(tmp_path, pdf(size=(72, 72)))
    assert loader.load(path, PDF, 1).picture.shape == (200, 200, 3)
    replacement = written(tmp_path, pdf(size=(72, 90)), "new")
    os.replace(replacement, path)
    assert loader.load(path, PDF, 1).picture.shape == (250, 200, 3)


def test_the_resolution_can_be_set(tmp_path: Path) -> None:
    limits = dataclasses.replace(LIMITS, pdf_dpi=300)
    with PageLoader(limits, num_processes=1) as loader:
        page = loader.load(written(tmp_path, pdf(size=(72, 72))), PDF, 1)
    assert page.picture.shape == (300, 300, 3)


@pytest.mark.parametrize(
    ("pixels", "shown"),
    [((1000, 500), (500, 1000)), ((300, 150), (150, 300)), ((60, 30), (84, 167))],
    ids=["1,200 dpi", "360 dpi", "coarse"],
)
def test_a_small_page_is_rendered_as_finely_as_its_picture(
    load: Load, pixels: tuple[int, int], shown: tuple[int, int]
) -> None:
    content = document(
        [b"q 60 0 0 30 0 0 cm /P Do Q"],
        Letters("a"),
        entries=b"/MediaBox [0 0 60 30]",
        picture=Image.new("L", pixels, 128),
    )
    assert load(content).picture.shape[:2] == pytest.approx(shown, abs=1)


def test_a_fine_picture_makes_no_page_larger_than_it_may_be(load: Load) -> None:
    content = document(
        [b"q 2 0 0 1 0 0 cm /P Do Q"],
        Letters("a"),
        entries=b"/MediaBox [0 0 60 30]",
        picture=Image.new("L", (1000, 500), 128),
    )
    height, width, _ = load(content).picture.shape
    assert 0.9 * LIMITS.max_page_pixels < height * width <= LIMITS.max_page_pixels


@pytest.mark.parametrize("xfa", [b"(form)", b"[(template) (form)]"])
def test_a_form_that_only_its_program_can_show_is_told(count: Count, xfa: bytes) -> None:
    form = b"/AcroForm << /Fields [] /XFA %s >>" % xfa
    with pytest.raises(DynamicForm):
        count(pdf(catalogue=form + b" /NeedsRendering true"))
    assert count(pdf(catalogue=form)) == 1, "a static one has pages of its own"


@pytest.mark.parametrize("state", [b"/OFF [4 0 R]", b"/BaseState /OFF"])
def test_layers_that_are_switched_off_are_not_drawn(load: Load, state: bytes) -> None:
    content = pdf(
        content=b"/OC /Off BDC 1 0 0 rg 0 0 72 72 re f EMC",
        entries=b"/Resources << /Properties << /Off 4 0 R >> >>",
        catalogue=b"/OCProperties << /OCGs [4 0 R] /D << %s >> >>" % state,
        more=[b"<< /Type /OCG /Name (a) >>"],
    )
    assert (load(content).picture == WHITE).all()
    assert not (
        load(content.replace(state, b"/ON [4 0 R]".ljust(len(state)))).picture == WHITE
    ).all()


def test_a_locked_document_opens_with_its_password_and_no_other(
    loader: PageLoader, tmp_path: Path
) -> None:
    path = written(tmp_path, locked_pdf(b"secret"))
    for wrong in (None, "", "public"):
        with pytest.raises(DocumentEncrypted):
            loader.load(path, PDF, 1, Asker(password=wrong))
    assert (loader.load(path, PDF, 1, Asker(password="secret")).picture == RED).any()
    with pytest.raises(DocumentEncrypted):
        loader.load(path, PDF, 1), "what one job may open stays locked for the next"
    assert "secret" not in repr(Asker(password="secret"))


def test_a_document_with_an_empty_password_opens_by_itself(load: Load) -> None:
    assert (load(locked_pdf(b"")).picture == RED).any()


def test_a_pdf_with_a_printers_lines_before_its_header_is_read(load: Load, count: Count) -> None:
    lines = b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n" + b"x" * 700 + b"\r\n"
    content = lines + document([PICTURE_DRAWN], Letters("a"), picture=scan())
    assert count(content) == 1
    assert load(content).picture.min() < 128, "the scan is there"
