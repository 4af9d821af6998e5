"""Round red seals: theirs is no text of the page, and what they cover is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.ocr.samples import Picture, picture_of, reads_as, text_read
from worker.ocr.detection.seals import without_seals
from worker.ocr.reader import Reader

_INK = (215, 40, 50)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def stamped(picture: Picture, centre: tuple[int, int], radius: int) -> Picture:
    """A seal pressed onto a page: what is dark under its ink stays dark."""
    ink = np.full_like(picture, 255)
    cv2.circle(ink, centre, radius, _INK, 3, cv2.LINE_AA)
    cv2.circle(ink, centre, radius * 2 // 3, _INK, 2, cv2.LINE_AA)
    for line, text in enumerate(("BENH VIEN", "DA KHOA")):
        place = (centre[0] - radius // 2, centre[1] + 20 * line)
        cv2.putText(ink, text, place, _FONT, radius / 110, _INK, 2, cv2.LINE_AA)
    # The whole page becomes one whose paper and ink are no pure colours, as in a scan.
    pressed = picture.astype(np.float32) * ink / 255
    return np.asarray(0.9 * pressed + 15, np.uint8)


@pytest.mark.parametrize("scale", [0.8, 1, 2])
def test_a_page_reads_as_if_it_had_no_seal(reader: Reader, scale: float) -> None:
    picture = stamped(picture_of("decree"), (640, 530), 80)
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    page = reader.read(picture.astype(np.uint8, copy=False)).page
    assert reads_as(page, "decree")
    assert "KHOA" not in text_read(page)


def test_the_seal_is_gone_and_the_ink_under_it_is_not() -> None:
    plain, sealed = picture_of("decree"), stamped(picture_of("decree"), (640, 530), 80)
    cleared = without_seals(sealed)
    around = np.s_[450:610, 560:720]
    dark = plain[around].max(2) < 60
    assert cleared[around][dark].max() < 120
    assert cleared[around][plain[around].min(2) > 240].min() > 200
    assert np.array_equal(cleared[:440], sealed[:440])


def test_a_page_without_a_seal_is_left_as_it_is() -> None:
    red_heading = picture_of("decree")
    red_heading[:200][red_heading[:200].max(2) < 128] = _INK
    boxed = picture_of("receipt")
    cv2.rectangle(boxed, (40, 40), (240, 240), _INK, 4)
    disc = picture_of("decree")
    cv2.circle(disc, (640, 530), 80, _INK, -1)
    half = picture_of("decree")
    cv2.ellipse(half, (640, 530), (80, 80), 0, 0, 180, _INK, 4)
    for picture in (
        red_heading,
        boxed,
        disc,
        half,
        picture_of("columns"),
        255 - picture_of("line"),
    ):
        assert without_seals(picture) is picture


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (5, 5), (40, 40)])
def test_a_picture_of_any_shape_is_survived(size: tuple[int, int]) -> None:
    red = np.full((*size, 3), _INK, np.uint8)
    assert without_seals(red).shape == red.shape


def test_a_seal_that_the_edge_cuts_is_survived() -> None:
    picture = stamped(picture_of("decree"), (880, 600), 80)
    assert without_seals(picture).shape == picture.shape
