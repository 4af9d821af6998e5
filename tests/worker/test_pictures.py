"""Each page that is read gets a picture that fits its boxes; the canary gets none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.settings import Settings
from shared.store.workers import CANARY_TENANT
from tests.worker import stories
from tests.worker.stories import GreyReader, grey_tiff, make_service
from worker.thumbnails import MAX_SIDE, picture_of


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["JPEG"])


def half_red(height: int, width: int) -> np.ndarray:
    """A white page whose upper half is red."""
    page = np.full((height, width, 3), 255, np.uint8)
    page[: height // 2] = (255, 0, 0)
    return page


@pytest.mark.parametrize(
    ("rotation", "red_at"),
    [(0, (0.5, 0.2)), (90, (0.8, 0.5)), (180, (0.5, 0.8)), (270, (0.2, 0.5))],
)
def test_a_picture_is_turned_as_the_page_was(rotation: int, red_at: tuple[float, float]) -> None:
    picture = opened(picture_of(half_red(80, 80), rotation))
    x, y = (round(share * 80) for share in red_at)
    red, green, _ = picture.getpixel((x, y))  # type: ignore[misc]
    assert red > 200 and green < 60
    green = picture.getpixel((79 - x, 79 - y))[1]  # type: ignore[index]
    assert green > 200


@pytest.mark.parametrize(
    ("height", "width"), [(3508, 2480), (2480, 3508), (1700, 1200), (5000, 7), (1, 9000), (30, 40)]
)
def test_a_picture_is_no_larger_than_it_must_be(height: int, width: int) -> None:
    picture = opened(picture_of(np.zeros((height, width, 3), np.uint8), 0))
    assert max(picture.size) == min(MAX_SIDE, max(height, width))
    assert picture.width / picture.height == pytest.approx(width / height, rel=0.01) or min(
        picture.size
    ) in (1, 2)


def test_the_pictures_of_a_job_lie_beside_its_pages(
    valkey_settings: Settings, tmp_path: Path
) -> None:
    service = make_service(valkey_settings, tmp_path)
    job_id = service.submit(grey_tiff(2))
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    pages = {f"page-{number}.0.1.{suffix}" for number in (1, 2) for suffix in ("json", "jpg")}
    assert service.blob_names(job_id) == {"input", *pages}
    picture = opened(service.blobs.get("acme", job_id, "page-2.0.1.jpg"))
    assert picture.size == (40, 20)


def test_the_canary_has_no_picture(
    valkey_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "TENANT", CANARY_TENANT)
    service = make_service(valkey_settings, tmp_path)
    job_id = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    assert service.blob_names(job_id) == {"input", "page-1.0.1.json"}
