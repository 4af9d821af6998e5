"""Lines that people corrected come back as those that `make tune` reads: cut out, and right."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.result import Line, Page, Word
from tests.api.conftest import api as api
from tests.api.conftest import make_api as make_api
from tests.api.playing import PDF, Api
from tests.web.papers import read_by_worker
from training.lines.real import LabelledLine, load_labelled

SIZE = 400
LEVEL = ((40.0, 40.0), (240.0, 40.0), (240.0, 70.0), (40.0, 70.0))
ASKEW = ((40.0, 140.0), (236.0, 180.0), (230.0, 210.0), (34.0, 170.0))
NO_TEXT = ((40.0, 300.0), (90.0, 300.0), (90.0, 330.0), (40.0, 330.0))


def _page(number: int) -> Page:
    lines = []
    for text, box in (("Tồng cộng", LEVEL), ("nghiêng", ASKEW), ("~~", NO_TEXT)):
        words = (Word(text=text, confidence=0.5, box=box),)
        lines.append(Line(text=text, confidence=0.5, box=box, words=words))
    return Page(page=number, width=SIZE, height=SIZE, lines=tuple(lines))


def _picture() -> bytes:
    """At half its size: red where the level line stands, blue at the askew one's end."""
    picture = Image.new("RGB", (SIZE // 2, SIZE // 2), "white")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(x / 2, y / 2) for x, y in LEVEL], fill="red")
    draw.polygon([(x / 2, y / 2) for x, y in ASKEW], fill="yellow")
    draw.ellipse((112, 90, 118, 96), fill="blue")
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def job(api: Api, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a document of two pages, of which the second has no picture."""
    monkeypatch.setattr("tests.web.papers.picture_of", lambda page: _picture())
    submitted = api.submit(PDF)
    claim = api.begin(2)
    read_by_worker(api, claim, _page(1))
    api.read(claim, _page(2))
    path: str = submitted["links"]["self"]
    return path


def _unpacked(api: Api, folder: Path, query: str = "") -> list[LabelledLine]:
    with zipfile.ZipFile(io.BytesIO(api.get(f"/v1/corrections{query}").data)) as archive:
        archive.extractall(folder)
    return load_labelled(folder)


def test_corrected_lines_are_read_by_the_training(api: Api, job: str, tmp_path: Path) -> None:
    other = api.submit(PDF)
    api.finish(_page(1))
    for path, said in (
        (f"{job}/pages/1/lines/0", {"text": "Tổng cộng"}),
        (f"{job}/pages/1/lines/1", {"confirmed": True}),
        (f"{job}/pages/1/lines/2", {"not_text": True}),
        (f"{job}/pages/2/lines/0", {"text": "Không có ảnh"}),
        (f"{other['links']['self']}/pages/1/lines/0", {"as_read": True}),
    ):
        assert api.client.put(path, json=said).status_code == 200
    level, askew = _unpacked(api, tmp_path / "all")
    assert (level.text, level.kind) == ("Tổng cộng", "corrected")
    assert (askew.text, askew.kind) == ("nghiêng", "confirmed")
    assert level.crop.shape == (15, 100, 3)
    assert np.abs(level.crop[2:-2, 2:-2].mean((0, 1)) - (255, 0, 0)).max() < 12
    height, width = askew.crop.shape[:2]
    assert (height, width) == (15, 100)
    inside = cv2.cvtColor(askew.crop[3:-3, 4:80], cv2.COLOR_RGB2HSV)
    assert abs(float(np.median(inside[..., 0])) - 30) < 4, "it is level, and yellow to its edges"
    blue = np.argwhere(askew.crop[..., 2].astype(int) - askew.crop[..., 0] > 100)
    assert len(blue) and blue[:, 1].min() > 80, "its end stands at its end"
    rows = (tmp_path / "all" / "left_out.tsv").read_text().splitlines()
    assert rows[1:] == [f"{job.rsplit('/', 1)[-1]}\t2\t0"]


def test_they_are_to_be_had_of_one_job_or_batch(api: Api, job: str, tmp_path: Path) -> None:
    batch = api.client.post("/v1/batches").get_json()
    member = api.submit(PDF, batch_id=batch["id"], custom_id="a.pdf")
    api.client.put(f"{job}/pages/1/lines/0", json={"text": "một"})
    claim = api.begin(1)
    read_by_worker(api, claim, _page(1))
    api.client.put(f"{member['links']['self']}/pages/1/lines/0", json={"text": "hai"})
    job_id = job.rsplit("/", 1)[-1]
    assert [one.text for one in _unpacked(api, tmp_path / "1", f"?job_id={job_id}")] == ["một"]
    assert [one.text for one in _unpacked(api, tmp_path / "2", f"?batch_id={batch['id']}")] == [
        "hai"
    ]
    assert sorted(one.text for one in _unpacked(api, tmp_path / "3")) == ["hai", "một"]
    api.client.delete(job)
    assert [one.text for one in _unpacked(api, tmp_path / "4")] == ["hai"]
