"""A searchable PDF looks as the document did; its text is what was read."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from shared.formats.pdf import SourceUnusable
from shared.result import Page, document_text
from tests.formats.documents import (
    DECREE,
    PICTURE_DRAWN,
    Letters,
    document,
    line_at,
    read_page,
    scan,
    written,
)
from tests.formats.pdf_reading import a4, copied, drawn, made, pdftotext, saved
from tests.loading.samples import locked_pdf

LETTERS = Letters("".join(DECREE))


@pytest.mark.parametrize(
    "content",
    [
        saved(a4("L"), "JPEG"),
        saved(a4(), "PNG"),
        saved(a4("1"), "TIFF", compression="group4"),
        saved(a4(), "WEBP"),
        document([PICTURE_DRAWN], LETTERS, picture=scan()),
    ],
    ids=["jpeg", "png", "fax", "webp", "scanned pdf"],
)
def test_the_text_that_is_copied_is_the_text_that_was_read(content: bytes, tmp_path: Path) -> None:
    pages = [read_page(DECREE)]
    pdf = made(content, pages, tmp_path)
    wanted = document_text(pages).split()
    for text in (pdftotext(pdf), pdftotext(pdf, "-raw"), copied(pdf)):
        assert text.split() == wanted
        assert unicodedata.is_normalized("NFC", text)


def test_every_letter_of_vietnamese_survives(tmp_path: Path) -> None:
    vowels = "aăâeêioôơuưy"
    tones = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
    letters = [unicodedata.normalize("NFC", f"b{v}{tone}n") for v in vowels for tone in tones]
    texts = [" ".join([*letters[n : n + 12], "đ"]) for n in range(0, 72, 12)]
    texts += [text.upper() for text in texts] + [
        "“₫ – • … ²”",
        "- ở 1 . xong",
        "(a) \\ b\\) č ĩ ((",
    ]
    pages = [read_page(texts)]
    pdf = made(saved(a4("L"), "JPEG"), pages, tmp_path)
    assert pdftotext(pdf).split() == copied(pdf).split() == document_text(pages).split()


@pytest.mark.parametrize("gap", [0.12, 0.0, -0.1])
def test_words_whose_boxes_touch_stay_words(gap: float, tmp_path: Path) -> None:
    """A recogniser's boxes often do; readers of PDF take what is too near for one word."""
    lines = [line_at(text, 170, 400 + 56 * n, 34, gap=gap) for n, text in enumerate(DECREE)]
    pages = [Page(page=1, width=1654, height=2339, lines=tuple(lines))]
    pdf = made(saved(a4("L"), "JPEG"), pages, tmp_path)
    wanted = document_text(pages).split()
    assert pdftotext(pdf).split() == pdftotext(pdf, "-raw").split() == wanted
    assert copied(pdf).split() == wanted


def test_a_page_looks_as_it_did(tmp_path: Path) -> None:
    content = document([written(DECREE, LETTERS), PICTURE_DRAWN], LETTERS, picture=scan("Ảnh"))
    pdf = made(content, [read_page(DECREE), read_page(DECREE, number=2)], tmp_path)
    for number in (0, 1):
        assert (drawn(content, number) == drawn(pdf, number)).all()


def test_text_that_lied_is_not_found_beside_what_was_read(tmp_path: Path) -> None:
    lies = Letters("CéngßaxhéichñVietNm .")
    content = document(
        [
            written(["Céng ßa", "xhéi chñ"], lies),
            PICTURE_DRAWN + written(["Vet Nm", "ie ie"], lies, mode=3),
        ],
        lies,
        picture=scan(),
    )
    pages = [read_page(DECREE), read_page(DECREE, number=2)]
    pdf = made(content, pages, tmp_path)
    assert pdftotext(pdf).split() == copied(pdf).split() == document_text(pages).split()
    assert (drawn(content) == drawn(pdf)).all(), "what could be seen is still seen"


def test_a_page_whose_own_text_was_taken_stays_as_it_is(tmp_path: Path) -> None:
    content = document([written(DECREE, LETTERS)] * 2, LETTERS)
    own = read_page(DECREE, source="text_layer")
    pdf = made(content, [own, read_page(["một"], number=2)], tmp_path)
    assert pdftotext(pdf).split() == [*" ".join(DECREE).split(), "một"]


def test_pages_that_were_not_read_are_there_without_a_layer(tmp_path: Path) -> None:
    content = document([PICTURE_DRAWN] * 3, LETTERS, picture=scan())
    pdf = made(content, [read_page(["hai"], number=2)], tmp_path)
    assert pdftotext(pdf) == "\fhai\n\n\f\f"


def test_a_lock_of_its_owner_stays_on_a_document(tmp_path: Path) -> None:
    pdf = made(locked_pdf(b""), [read_page(["một"])], tmp_path)
    assert b"/Encrypt" in pdf
    assert copied(pdf).strip() == "một"


def test_five_hundred_pages_are_done_in_one_go(tmp_path: Path) -> None:
    content = document([PICTURE_DRAWN] * 500, LETTERS, picture=scan())
    pages = [read_page([f"trang số {n}"], number=n) for n in range(1, 501)]
    pdf = made(content, pages, tmp_path)
    assert pdftotext(pdf, "-f", "499").split() == ["trang", "số", "499", "trang", "số", "500"]


@pytest.mark.parametrize("content", [b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n rubbish", locked_pdf(b"x")])
def test_a_document_that_cannot_be_opened_is_unusable(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable):
        made(content, [read_page(["một"])], tmp_path)
