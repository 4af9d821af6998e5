"""A searchable PDF looks as the document did; its text is what was read, where it was read."""

from __future__ import annotations

import io
import shutil
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from shared.formats.pdf import SourceUnusable, searchable_pdf
from shared.formats.pdf_process import Order, PdfFailed, made_pdf
from shared.media import PDF, sniff
from shared.result import Page, bounds, document_text
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
from tests.loading.samples import locked_pdf, noise, quarters
from worker.loading.marks import to_pixels

LETTERS = Letters("".join(DECREE))
MAX_PIXELS = 50_000_000


def made(content: bytes, pages: list[Page], folder: Path) -> bytes:
    source = folder / "source"
    source.write_bytes(content)
    media_type = sniff(content)
    assert media_type
    return searchable_pdf(source, media_type, pages, MAX_PIXELS)


def copied(pdf: bytes) -> str:
    """All text, as Chromium's viewer copies it."""
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def pdftotext(pdf: bytes, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    command = ["pdftotext", *options, "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout.decode()


def drawn(pdf: bytes, page: int = 0, dpi: float = 72) -> np.ndarray:
    opened = pypdfium2.PdfDocument(pdf)[page]
    return opened.render(scale=dpi / 72, rev_byteorder=True).to_numpy()[:, :, :3].astype(int)


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def a4(mode: str = "RGB") -> Image.Image:
    return scan("Đ").resize((1654, 2339)).convert(mode)


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
    texts += [text.upper() for text in texts] + ["“₫ – • … ²”", "- ở 1 . xong"]
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


def test_a_page_looks_as_it_did(tmp_path: Path) -> None:
    content = document([written(DECREE, LETTERS), PICTURE_DRAWN], LETTERS, picture=scan("Ảnh"))
    pdf = made(content, [read_page(DECREE), read_page(DECREE, number=2)], tmp_path)
    for number in (0, 1):
        assert (drawn(content, number) == drawn(pdf, number)).all()


def test_a_page_that_changes_its_state_and_forgets_it_moves_no_text(tmp_path: Path) -> None:
    content = document([b"q q 0.1 0 0 0.1 300 300 cm " + PICTURE_DRAWN], LETTERS, picture=scan())
    pdf = made(content, [read_page(["Một dòng"])], tmp_path)
    box = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_charbox(0, loose=True)
    assert box[0] == pytest.approx(170 * 595 / 1654, abs=1)


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


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 90}),
        ("JPEG", "L", {"progressive": True}),
        ("PNG", "RGB", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_size_grows_by_a_tenth_and_the_font_at_most(
    form: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    block = noise(400, 500).resize((1600, 2000))
    content = saved(block.convert(mode), form, **options)
    pdf = made(content, [read_page(DECREE * 4, 1600, 2000)], tmp_path)
    assert len(pdf) <= 1.1 * len(content) + 5_000


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_as_its_camera_was_held(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    upright = quarters(160, 80)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = upright if undo is None else upright.transpose(undo)
    content = saved(stored, "JPEG", quality=95, exif=exif, dpi=(72, 72))
    page = Page(page=1, width=160, height=80, lines=())
    seen = drawn(made(content, [page], tmp_path))
    assert seen.shape[:2] == (80, 160)
    assert np.abs(seen - np.asarray(upright).astype(int)).mean() < 8


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "CMYK", "P with transparency", "cut short"])
def test_pictures_that_pdf_does_not_know_are_coded_anew(mode: str, tmp_path: Path) -> None:
    picture = quarters(80, 40)
    if mode == "CMYK":
        content = saved(picture.convert("CMYK"), "TIFF", dpi=(72, 72))
    elif mode == "I;16":
        content = saved(picture.convert("L").convert("I;16"), "PNG", dpi=(72, 72))
    elif mode == "P with transparency":
        content = saved(picture.convert("P"), "PNG", transparency=0, dpi=(72, 72))
    elif mode == "cut short":
        content = saved(picture, "PNG", dpi=(72, 72))[:-14]
    else:
        content = saved(picture.convert(mode), "PNG", dpi=(72, 72))
    page = Page(page=1, width=80, height=40, lines=())
    seen = drawn(made(content, [page], tmp_path))
    assert seen.shape[:2] == (40, 80)
    assert seen[30, 20].min() >= 250 or mode == "I;16", "white, bottom left"


def test_every_page_of_a_fax_is_there_with_square_pixels(tmp_path: Path) -> None:
    frames = [scan(str(n)).convert("1").resize((1728, 1100)) for n in range(3)]
    options = {"save_all": True, "append_images": frames[1:], "compression": "group4"}
    content = saved(frames[0], "TIFF", dpi=(204, 98), **options)
    pages = [read_page([f"trang {n}"], 1728, 2290, number=n) for n in (1, 2, 3)]
    pdf = made(content, pages, tmp_path)
    assert pdftotext(pdf).split() == ["trang", "1", "trang", "2", "trang", "3"]
    width, height = pypdfium2.PdfDocument(pdf)[0].get_size()
    assert height / width == pytest.approx(2290 / 1728, rel=0.01)
    ink = drawn(pdf).min(axis=2) < 128
    assert 0 < ink.mean() < 0.2, "black on white, and not the other way round"


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


def order(tmp_path: Path, content: bytes, page: Page, **limits: int) -> Order:
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "page").write_text(page.model_dump_json(), encoding="utf-8")
    media_type = sniff(content) or PDF
    given = {"max_page_pixels": MAX_PIXELS, "max_memory_bytes": 2 * 1024**3} | limits
    return Order(str(tmp_path / "source"), media_type, [str(tmp_path / "page")], **given)


def test_the_process_makes_the_same_pdf(tmp_path: Path) -> None:
    content = document([PICTURE_DRAWN], LETTERS, picture=scan())
    with made_pdf(order(tmp_path, content, read_page(DECREE))) as file:
        assert copied(file.read()).split() == " ".join(DECREE).split()


def test_a_process_that_fails_or_wants_too_much_is_told_apart_from_one_that_works(
    tmp_path: Path,
) -> None:
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    for content, limits in (
        (b"%PDF-1.4\n", {}),
        (bomb, {"max_page_pixels": 1000}),
        (saved(noise(3000, 2000), "BMP"), {"max_memory_bytes": 150 * 1024**2}),
    ):
        with pytest.raises(PdfFailed), made_pdf(order(tmp_path, content, read_page([]), **limits)):
            pass
