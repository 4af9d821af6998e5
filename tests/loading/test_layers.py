"""A PDF's own text is taken where it is what a reader of the page would see, and only there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from textwrap import wrap

import numpy as np
import pytest

from shared.errors import DocumentDamaged, DocumentEncrypted, PageTooLarge
from shared.result import bounds, page_text
from tests.formats.documents import (
    DECREE,
    PICTURE_DRAWN,
    Letters,
    document,
    scan,
    written,
)
from tests.loading.conftest import LIMITS
from tests.loading.samples import locked_pdf, pdf
from tests.loading.samples import written as file_of
from worker.layers import page_of
from worker.loading.pdf.layer_json import PageLayer, decoded
from worker.loading.pool import PageLoader

LETTERS = Letters("".join(DECREE))
TEXT = written(DECREE, LETTERS)
Take = Callable[..., PageLayer]


@pytest.fixture(scope="module")
def large_loader() -> Iterator[PageLoader]:
    limits = dataclasses.replace(LIMITS, max_page_pixels=8_000_000, max_pages=2000)
    with PageLoader(limits, num_processes=1) as loader:
        yield loader


@pytest.fixture
def take(large_loader: PageLoader, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """The text layer of a page of a document that is given by its bytes."""
    folder = tmp_path_factory.mktemp("documents")

    def take(content: bytes, page: int = 1) -> PageLayer:
        return large_loader.layer(file_of(folder, content), page)

    return take


def test_a_digital_page_gives_its_text_line_by_line(take: Take) -> None:
    page = page_of(take(document([TEXT], LETTERS)), 1)
    assert page.source == "text_layer" and page.rotation == 0
    assert page_text(page) == "\n".join(DECREE)
    assert all(line.confidence == 1 for line in page.lines)


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
        layer = take(content)
        path = file_of(tmp_path_factory.mktemp("drawn"), content)
        picture = large_loader.load(path, "application/pdf", 1).picture
        assert picture.shape[:2] == (layer.height, layer.width)
        rows, columns = np.nonzero(picture.min(axis=2) < 128)
        (line,) = page_of(layer, 1).lines
        left, top, right, bottom = bounds(line.box)
        assert left - 3 <= columns.min() and columns.max() <= right + 3
        assert top <= rows.min() and rows.max() <= bottom
        assert right - left < columns.max() - columns.min() + 20, "and close around the ink"


@pytest.mark.parametrize(
    ("rotate", "matrix"),
    [(90, b"0 1 -1 0 595 0"), (180, b"-1 0 0 -1 595 842"), (270, b"0 -1 1 0 0 842")],
)
def test_a_page_that_is_turned_to_be_read_is_taken_upright(
    take: Take, rotate: int, matrix: bytes
) -> None:
    content = b"q %s cm %s Q" % (matrix, written(DECREE, LETTERS, top=500))
    page = page_of(take(document([content], LETTERS, entries=b"/Rotate %d" % rotate)), 1)
    assert page_text(page) == "\n".join(DECREE)
    assert (page.width > page.height) == (rotate != 180)
    left, top, right, bottom = bounds(page.lines[0].box)
    assert right - left > 5 * (bottom - top)


def test_a_page_whose_text_lies_on_its_side_is_left_to_the_reader(take: Take) -> None:
    assert take(document([TEXT], LETTERS, entries=b"/Rotate 90")).flaw == "turned"


def test_a_few_words_askew_come_last(take: Take) -> None:
    stamp = b"BT 0.7 0.7 -0.7 0.7 100 200 Tm /F 12 Tf %s Tj ET" % LETTERS.encoded("phúc")
    page = page_of(take(document([stamp + TEXT * 1], LETTERS)), 1)
    assert page_text(page).split() == [*" ".join(DECREE).split(), "phúc"]


def test_each_page_of_a_mixed_document_is_judged_by_itself(take: Take) -> None:
    content = document([TEXT, PICTURE_DRAWN, TEXT], LETTERS, picture=scan())
    assert [take(content, page).flaw for page in (1, 2, 3)] == [None, "empty", None]


def test_text_over_a_background_picture_is_taken(take: Take) -> None:
    content = PICTURE_DRAWN + written(DECREE * 6, LETTERS, top=800)
    assert take(document([content], LETTERS, picture=scan())).flaw is None


def test_a_text_that_few_can_see_beside_a_small_picture_is_taken(take: Take) -> None:
    logo = b"q 60 0 0 60 60 750 cm /P Do Q\n"
    assert take(document([logo + TEXT], LETTERS, picture=scan())).flaw is None


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (PICTURE_DRAWN, "empty"),
        (b"", "empty"),
        (PICTURE_DRAWN + written(DECREE[1:2], LETTERS), "pictures"),
        (PICTURE_DRAWN + written(DECREE, LETTERS, mode=3), "invisible"),
        (written(DECREE * 5, LETTERS, top=800) + PICTURE_DRAWN, "invisible"),
        (TEXT + written(DECREE, LETTERS, top=400, mode=3), "invisible"),
        (b"q 595 0 0 300 0 0 cm /P Do Q\n" + written(DECREE, LETTERS), "pictures"),
        (b"0 0 m 9 9 l S\n" * 400 + written(["5"], LETTERS), "outlines"),
    ],
    ids=[
        "scan",
        "nothing",
        "a line over a scan",
        "invisible over a scan",
        "under a scan",
        "much of it invisible",
        "beside a large picture",
        "letters turned into paths",
    ],
)
def test_a_layer_that_hides_what_the_page_shows_is_not_believed(
    take: Take, content: bytes, flaw: str
) -> None:
    assert take(document([content], LETTERS, picture=scan())).flaw == flaw


TCVN3 = "Céng hßa x· héi chñ nghÜa ViÖt Nam §éc lËp Tù do H¹nh phóc C¨n cø LuËt Tæ chøc"
VNI = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam Ñoäc laäp Töï do Haïnh phuùc Caên cöù Luaät"
CIPHER = "WKLV LV QRW D ZRUG RI DQB ODQJXDJH WKDW SHRSOH VSHDN QRU LV WKH WUXWK ZKHQ WKHB UHDG"


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (TCVN3, "an encoding of before Unicode"),
        (VNI, "an encoding of before Unicode"),
        ("Cá»™ng hÃ²a xÃ£ há»™i chá»§ nghÄ©a Viá»‡t Nam", "signs between its letters"),
        (CIPHER, "words without vowels"),
        ("&Ӝ1* ĈӜF ұS ӝi Ĉӝc lұp Tӵ do Hҥnh phúc", "letters of several scripts in one word"),
        ("Độc \ue001\ue002\ue003 lập \ue004\ue005 Tự do", "characters without a meaning"),
        ("Độc lập\x01\x02\x03\x04 Tự do", "characters without a meaning"),
        ("\ufffd\ufffd\ufffd lập", "characters without a meaning"),
    ],
)
def test_nonsense_is_not_believed(take: Take, text: str, flaw: str) -> None:
    letters = Letters(text)
    assert take(document([written(wrap(text, 50), letters)], letters)).flaw == flaw


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog and UBND TPHCM BHXH answer a@b.vn",
        "Die Verkäufer müssen für größere Beträge Bücher führen und Straßen prüfen",
        "L'été à Paris où les élèves étudient le français très tôt après déjeuner",
        "Правительство Российской Федерации постановляет утвердить правила",
        "Nhiệt độ 30°C, diện tích 25m², giá 1.500.000₫/kg và/hoặc 50% (Điều 3)",
        "QĐ-UBND 12/2024/NĐ-CP ngày 01/02/2024 của Ủy ban",
        "7",
    ],
)
def test_other_languages_numbers_and_signs_are_no_nonsense(take: Take, text: str) -> None:
    letters = Letters(text)
    layer = take(document([written([text], letters)], letters))
    assert layer.flaw is None
    assert page_text(page_of(layer, 1)) == text


def test_bullets_of_symbol_fonts_become_bullets_and_letters_nfc(take: Take) -> None:
    letters = Letters("\uf0b7 Việt Nam ﬁn hie\u0302\u0323n tại và những điều khác nữa")
    text = "\uf0b7 Việt Nam ﬁn hie\u0302\u0323n tại và những điều khác nữa"
    page = page_of(take(document([written([text], letters)], letters)), 1)
    assert page_text(page) == "• Việt Nam fin hiện tại và những điều khác nữa"


def test_what_lies_outside_the_page_is_not_on_it(take: Take) -> None:
    content = TEXT + written(["Hạnh phúc"], LETTERS, top=5000)
    page = page_of(take(document([content], LETTERS)), 1)
    assert page_text(page) == "\n".join(DECREE)


def test_columns_are_read_one_after_the_other(take: Take) -> None:
    halves = [line[:28].strip() for line in DECREE]
    right = b"q 1 0 0 1 260 0 cm %s Q\n" % written(halves, LETTERS)
    content = right + written(halves, LETTERS)
    page = page_of(take(document([content], LETTERS)), 1)
    assert [line.text for line in page.lines] == halves * 2


def test_the_five_hundredth_page_is_as_good_as_the_first(take: Take) -> None:
    content = document([TEXT] * 500, LETTERS)
    for number in (500, 1, 250):
        assert page_text(page_of(take(content, number), number)) == "\n".join(DECREE)


def test_what_cannot_be_opened_has_no_layer(take: Take) -> None:
    with pytest.raises(DocumentEncrypted):
        take(locked_pdf(b"secret"))
    with pytest.raises(DocumentDamaged):
        take(document([TEXT], LETTERS), 2)
    with pytest.raises(PageTooLarge):
        take(pdf(size=(14400, 14400)))
    with pytest.raises(ValueError, match="count from 1"):
        take(document([TEXT], LETTERS), 0)


def test_of_a_file_that_is_cut_short_no_layer_is_taken(take: Take) -> None:
    content = document([TEXT, TEXT], LETTERS)
    assert take(content[: content.rindex(b"/Type /Page ")]).flaw == "cut short"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b'{"width": 0, "height": 9, "flaw": null, "words": []}',
        b'{"width": 9, "height": 9, "flaw": null, "words": [["a", 1, 2, 3]]}',
        b'{"width": 9, "height": 9, "flaw": null, "words": [["a", 1, 2, 3, NaN, false]]}',
        b'{"width": 9, "height": 9, "flaw": null, "words": [["", 1, 2, 3, 4, false]]}',
        b'{"width": 9, "height": 9, "flaw": null, "words": [["a", 1, 2, 3, 1e99, false]]}',
    ],
)
def test_a_child_that_talks_nonsense_is_not_believed(said: bytes) -> None:
    with pytest.raises(ValueError, match="PageLayer"):
        decoded(said)
