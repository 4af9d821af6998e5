"""Barcodes and QR codes: told with value and place, and not taken for text."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from zxingcpp import BarcodeFormat

from shared.result import Word
from tests.ocr.drawn_tables import Paper, Picture
from tests.ocr.samples import picture_of, text_read
from worker.ocr.barcodes import find_barcodes
from worker.ocr.detection.boxes import NONE
from worker.ocr.detection.sheet import Rotation, Sheet, turned
from worker.ocr.layout.pieces import Piece, as_box
from worker.ocr.reader import Reader

CODES = {
    "QRCode": "Quyết định số 4711/QĐ-UBND ngày 12 tháng 5 năm 2026",
    "DataMatrix": "Phiếu thu 0004711, 12.500.000 đồng",
    "Aztec": "Boarding pass, seat 12A, Friday 12 May",
    "PDF417": "EXAMPLE/ROBERT 12 MAY 1990",
    "Code128": "VN-4711-ABC",
    "Code39": "KX 4711",
    "EAN13": "8934563138165",
    "EAN8": "96385074",
}


def page_with(*names: str) -> Picture:
    """A line of Vietnamese, codes below one another, and a line of English."""
    paper = Paper(240 + 260 * len(names)).text("Hóa đơn bán hàng số 0004711")
    places = []
    for _ in names:
        places.append(paper.y + 30)
        paper.gap(260)
    picture = paper.text("Thank you for your order").picture.copy()
    for name, top in zip(names, places, strict=True):
        code = np.array(drawn(name))
        picture[top : top + code.shape[0], 100 : 100 + code.shape[1]] = code[..., None]
    return picture


def drawn(name: str) -> np.ndarray:
    barcode = zxingcpp.create_barcode(CODES[name], BarcodeFormat[name])
    small = np.array(barcode.to_image(scale=1))
    scale = max(2, 180 // max(small.shape))
    return np.array(barcode.to_image(scale=scale))[:200]


@pytest.mark.parametrize("name", CODES)
def test_a_code_is_told_and_is_no_text(reader: Reader, name: str) -> None:
    page = reader.read(page_with(name)).page
    assert [(code.format, code.value) for code in page.barcodes] == [(name, CODES[name])]
    xs, ys = zip(*page.barcodes[0].box, strict=True)
    assert min(xs) > 90
    assert min(ys) > page.lines[0].box[2][1]
    assert max(ys) < page.lines[-1].box[0][1]
    assert text_read(page).split("\n") == [
        "Hóa đơn bán hàng số 0004711",
        "Thank you for your order",
    ]
    assert page.warnings == ()


def test_several_codes_come_from_top_to_bottom(reader: Reader) -> None:
    page = reader.read(page_with("QRCode", "EAN13", "Code128")).page
    assert [code.format for code in page.barcodes] == ["QRCode", "EAN13", "Code128"]


@pytest.mark.parametrize("rotation", [90, 180])
def test_the_place_of_a_code_is_that_on_the_upright_page(
    reader: Reader, rotation: Rotation
) -> None:
    upright = reader.read(page_with("QRCode")).page
    page = reader.read(turned(page_with("QRCode"), rotation)).page
    assert page.rotation == 360 - rotation
    assert np.allclose(page.barcodes[0].box, upright.barcodes[0].box, atol=6)


def test_a_code_on_a_photograph_is_read() -> None:
    picture = page_with("QRCode")
    corners = np.array(((0, 0), (1240, 0), (1240, 500), (0, 500)), np.float32)
    seen = corners + np.array(((60, 40), (-90, 10), (-20, -30), (30, -5)), np.float32)
    aslant = cv2.warpPerspective(
        picture, cv2.getPerspectiveTransform(corners, seen), (1240, 500), borderValue=(90, 80, 70)
    )
    dim = (cv2.GaussianBlur(aslant, (3, 3), 0) * 0.7 + 20).astype(np.uint8)
    assert [code.value for code in find_barcodes(Sheet(dim, NONE))] == [CODES["QRCode"]]


@pytest.mark.parametrize("name", ["decree", "receipt", "columns", "line", "short"])
def test_print_is_taken_for_no_code(name: str) -> None:
    assert find_barcodes(Sheet(picture_of(name), NONE)) == ()


@pytest.mark.parametrize("name", ["decree", "receipt", "columns"])
def test_a_page_of_print_is_hardly_looked_at(
    reader: Reader, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []

    def counting(grey: np.ndarray, *formats: object, **how: object) -> list[object]:
        looked_at.append(grey.size)
        return []

    monkeypatch.setattr(zxingcpp, "read_barcodes", counting)
    picture = picture_of(name)
    reader.read(picture)
    assert sum(looked_at) < picture[..., 0].size / 3


def test_bars_that_are_read_as_letters_are_looked_at() -> None:
    picture = page_with("Code128")
    quad = np.array(((90, 100), (500, 100), (500, 340), (90, 340)), np.float32)
    line = np.array(((90, 40), (500, 40), (500, 80), (90, 80)), np.float32)
    bars = [Word(text="IIIllIIIHIII", confidence=0.9, box=as_box(quad))]
    text = [Word(text="Invoice", confidence=0.9, box=as_box(line))]
    pieces = [Piece(quad, tuple(bars)), *(Piece(line, tuple(text)) for _ in range(3))]
    sheet = Sheet(picture, np.stack([piece.quad for piece in pieces]))
    assert [code.value for code in find_barcodes(sheet, pieces)] == [CODES["Code128"]]


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 3)])
def test_a_picture_of_any_shape_is_survived(size: tuple[int, int]) -> None:
    assert find_barcodes(Sheet(np.full((*size, 3), 255, np.uint8), NONE)) == ()
