"""A PDF's own words come out as the page draws them, each in its place; nobody judges them here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from shared.errors.documents import DocumentDamaged, DocumentEncrypted, PageTooLarge
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, scan, written
from tests.loading.conftest import LIMITS
from tests.loading.samples import locked_pdf, pdf
from tests.loading.samples import written as file_of
from worker.loading.pdf.characters import UNKNOWN, _text
from worker.loading.pdf.layer_json import decoded
from worker.loading.pool import PageLoader
from worker.ocr.layer.words import LayerWord

LETTERS = Letters("".join(DECREE))
TEXT = written(DECREE, LETTERS)
WORDS = " ".join(DECREE).split()
Take = Callable[..., Sequence[LayerWord]]


@pytest.fixture(scope="module")
def large_loader() -> Iterator[PageLoader]:
    limits = dataclasses.replace(LIMITS, max_page_pixels=8_000_000, max_pages=2000)
    with PageLoader(limits, num_processes=1) as loader:
        yield loader


@pytest.fixture
def take(large_loader: PageLoader, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """The text layer of a page of a document that is given by its bytes."""
    folder = tmp_path_factory.mktemp("documents")

    def take(content: bytes, page: int = 1) -> Sequence[LayerWord]:
        return large_loader.layer(file_of(folder, content), page)

    return take


def texts(words: Sequence[LayerWord]) -> list[str]:
    return [word.text for word in words]


def test_words_come_in_the_order_of_the_file(take: Take) -> None:
    words = take(document([TEXT], LETTERS))
    assert texts(words) == WORDS
    assert all(word.is_sure for word in words) and {word.font for word in words} == {0}


def test_words_lie_on_the_page_as_it_is_rendered(
    take: Take, large_loader: PageLoader, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for entries in (
        b"",
        b"/CropBox [50 500 545 750]",
        b"/MediaBox [-50 -100 545 742] /CropBox [-40 0 545 742]",
        b"/UserUnit 1.5",
        b"/MediaBox [0 0 595.32 841.92]",
    ):
        content = document([written(DECREE[:1], LETTERS)], LETTERS, entries=entries)
        words = take(content)
        path = file_of(tmp_path_factory.mktemp("drawn"), content)
        picture = large_loader.load(path, "application/pdf", 1).picture
        rows, columns = np.nonzero(picture.min(axis=2) < 128)
        left, right = min(word.left for word in words), max(word.right for word in words)
        top, bottom = min(word.top for word in words), max(word.bottom for word in words)
        assert left - 3 <= columns.min() and columns.max() <= right + 3
        assert top - 3 <= rows.min() and rows.max() <= bottom
        assert right - left < columns.max() - columns.min() + 20, "and close around the ink"


@pytest.mark.parametrize(
    ("rotate", "matrix"),
    [(90, b"0 1 -1 0 595 0"), (180, b"-1 0 0 -1 595 842"), (270, b"0 -1 1 0 0 842")],
)
def test_a_page_that_is_turned_to_be_read_has_its_words_upright(
    take: Take, rotate: int, matrix: bytes
) -> None:
    content = b"q %s cm %s Q" % (matrix, written(DECREE, LETTERS, top=500))
    words = take(document([content], LETTERS, entries=b"/Rotate %d" % rotate))
    assert texts(words) == WORDS
    longest = max(words, key=lambda word: len(word.text))
    assert longest.right - longest.left > longest.bottom - longest.top


def test_each_page_has_its_own_words(take: Take) -> None:
    content = document([TEXT, PICTURE_DRAWN, TEXT], LETTERS, picture=scan())
    assert [len(take(content, page)) for page in (1, 2, 3)] == [len(WORDS), 0, len(WORDS)]


@pytest.mark.parametrize(
    "content",
    [
        written(DECREE, LETTERS, mode=3),
        written(DECREE, LETTERS, mode=7),
        written(DECREE, LETTERS, top=5000),
        b"q 0.01 0 0 0.01 300 400 cm %s Q" % TEXT,
    ],
    ids=["invisible", "clip only", "beside the page", "too small"],
)
def test_what_nobody_can_see_is_not_on_the_page(take: Take, content: bytes) -> None:
    assert take(document([content], LETTERS)) == []


@pytest.mark.parametrize("code", ["\ue001", "\ufffd", "\x1c", "\x0b", "\x85", "\u0378"])
def test_a_letter_without_a_meaning_is_kept_in_its_word_as_unknown(take: Take, code: str) -> None:
    text = f"Quyết đ{code}nh số"
    letters = _meaning(text, {code: "ị"})
    words = take(document([written([text], letters)], letters))
    assert [(word.text, word.is_sure) for word in words] == [
        ("Quyết", True),
        ("đ\ufffdnh", False),
        ("số", True),
    ]


def _meaning(text: str, drawn: dict[str, str]) -> Letters:
    letters = Letters(text)
    letters._drawn.update(drawn)
    return letters


def test_codes_beyond_unicode_are_unknown_letters() -> None:
    """PDFium gives such for codes of several bytes that have no meaning."""
    assert _text("", 0x7FFFFFFF) == UNKNOWN
    assert _text("", 0x110000) == UNKNOWN


def test_bullets_of_symbol_fonts_become_bullets_and_letters_nfc(take: Take) -> None:
    text = "\uf0b7 Việt ﬁn hie\u0302\u0323n"
    letters = _meaning(text, {"\uf0b7": "•", "\u0302": ".", "\u0323": "."})
    assert texts(take(document([written([text], letters)], letters))) == [
        "•",
        "Việt",
        "fin",
        "hiện",
    ]


def test_a_space_without_a_width_is_a_space(take: Take) -> None:
    words = take(
        document([written(DECREE[:1], _Narrow(DECREE[0]), state="4 Tw")], _Narrow(DECREE[0]))
    )
    assert texts(words) == DECREE[0].split()


class _Narrow(Letters):
    """Its space has no width: gaps come from the word spacing, which is for code 32 alone."""

    def objects(self, number: int) -> list[bytes]:
        font, *rest = super().objects(number)
        return [font.replace(b"/Widths [318 ", b"/Widths [0 "), *rest]


def test_fonts_are_told_apart(take: Take) -> None:
    other = Letters("".join(DECREE))
    content = TEXT + written(DECREE[:1], other, top=400, font="G")
    words = take(document([content], LETTERS, second=other))
    assert [word.font for word in words] == [0] * len(WORDS) + [1] * len(DECREE[0].split())


def test_a_letter_that_is_painted_upon_itself_makes_its_word_unsure(take: Take) -> None:
    codes = LETTERS.encoded("CỘNG").strip(b"<>").decode()
    pairs = [codes[n : n + 2] for n in range(0, len(codes), 2)]
    twice = " ".join(f"<{pair}> {700 if n else 600} <{pair}>" for n, pair in enumerate(pairs))
    content = b"BT /F 12 Tf 60 700 Td [%s] TJ ET" % twice.encode()
    words = take(document([content], LETTERS))
    assert words and not any(word.is_sure for word in words if len(word.text) > 4)


def test_the_five_hundredth_page_is_as_good_as_the_first(take: Take) -> None:
    content = document([TEXT] * 500, LETTERS)
    for number in (500, 1, 250):
        assert texts(take(content, number)) == WORDS


def test_a_page_with_more_words_than_any_page_has_says_nothing(take: Take) -> None:
    crowd = b"".join(
        b"BT /F 3 Tf 1 0 0 1 %d %d Tm %s Tj ET\n" % (10 + 5 * x, 10 + 7 * y, LETTERS.encoded("C"))
        for y in range(115)
        for x in range(110)
    )
    assert take(document([crowd], LETTERS)) == []


def test_what_cannot_be_opened_has_no_layer(take: Take) -> None:
    with pytest.raises(DocumentEncrypted):
        take(locked_pdf(b"secret"))
    with pytest.raises(DocumentDamaged):
        take(document([TEXT], LETTERS), 2)
    with pytest.raises(PageTooLarge):
        take(pdf(size=(14400, 14400)))
    with pytest.raises(ValueError, match="count from 1"):
        take(document([TEXT], LETTERS), 0)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}",
        b'[["a", 1, 2, 3]]',
        b'[["a", 1, 2, 3, NaN, 0, true]]',
        b'[["", 1, 2, 3, 4, 0, true]]',
        b'[["a", 1, 2, 3, 1e99, 0, true]]',
        b'[["a", 1, 2, 3, 4, -1, true]]',
        b'[["a", 1, 2, 3, 4, 0, "yes"]]',
    ],
)
def test_a_child_that_talks_nonsense_is_not_believed(said: bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        decoded(said)


class _Tight(Letters):
    """A font with measures of a thousandth, as macOS writes some: a box is as high as its ink."""

    def objects(self, number: int) -> list[bytes]:
        objects = super().objects(number)
        objects[2] = objects[2].replace(b"/Ascent 928 /Descent -236", b"/Ascent 9.3 /Descent -2.4")
        return objects


@pytest.mark.parametrize(
    "text",
    [
        'Giá trị |2| và |15| của "một" hợp đồng',
        "It's 5 o'clock at the owner's |7| house",
        "Theo |3| nghị định, 'các' bên thoả thuận",
    ],
)
def test_letters_of_a_line_stay_together_whatever_their_boxes(take: Take, text: str) -> None:
    letters = _Tight(text)
    assert texts(take(document([written([text], letters)], letters))) == text.split()
