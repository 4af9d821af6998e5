"""Lines that people corrected come back from `make tune` as a better reading, as the docs tell it.

A firm prints its zeros as diamonds, which the shipped model takes for anything but zeros.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from bench.service import RunningService, running_service
from tests.ocr.samples import picture_of, text_of
from training.measuring.scoring import distance, normalise

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        not all(map(shutil.which, ("make", "curl", "unzip"))), reason="needs make, curl and unzip"
    ),
]

ROOT = Path(__file__).parents[2]
FACES = ROOT / "training" / "fonts" / "faces.json"
FONT = ROOT / "tests" / "fonts" / "DejaVuSans.ttf"
SIZE, PITCH = 32, 70
NUM_PAGES, LINES = 3, 14
"""Pages that are learnt from, and lines of each."""
SLIPS = 2
"""Characters of ordinary print that may be another after the training."""
GOODS = (
    *("Cà phê sữa", "Bánh mì thịt", "Nước cam", "Trà chanh", "Phở bò tái", "Bún chả", "Xôi gấc"),
    *("Chè đậu đen", "Cơm tấm", "Gỏi cuốn", "Nem rán", "Sữa chua", "Kẹo lạc", "Hủ tiếu"),
)
README, PYTHON = "training/README.md", ".venv/bin/python -m"
SHORT = "MINUTES=1 ARGS='--threads 1 --real-share 0.5'"
FEW = "--per-family 3"
"""Synthetic lines behind the card's figures: reading those of a release takes minutes."""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def service(tmp_path: Path, models: Path) -> Iterator[RunningService]:
    with running_service(tmp_path, DOCCHU_MODELS_DIR=str(models), DOCCHU_DEVICE="cpu") as running:
        yield running


@pytest.fixture
def faces() -> None:
    """What training draws its lines in, which `make tune` fetches the first time."""
    if not FACES.exists():
        done = run(f"make {FACES.relative_to(ROOT)}", check=False)
        if done.returncode:
            pytest.skip(f"the faces for training cannot be had here: {done.stderr[-300:]}")


def run(command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Type a command in the checkout, where the machine's own fonts are seen."""
    own = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    done = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, f"{command}\n{done.stdout}\n{done.stderr[-3000:]}"
    return done


def told(file: str, beginning: str, instead: dict[str, str]) -> str:
    """The command that a page of the docs tells, with the names of this test in it."""
    found = re.search(f"^{re.escape(beginning)}.*$", (ROOT / file).read_text(), re.MULTILINE)
    assert found, f"{file} does not tell `{beginning}`"
    command = found[0]
    for name, value in instead.items():
        assert name in command, f"{file}: `{command}` has no {name}"
        command = command.replace(name, value)
    return command


def prices(number: int) -> list[str]:
    """The lines of a page of a price list."""
    rng = random.Random(number)
    amounts = [
        f"{rng.randint(1, 9)}0.{rng.choice(('000', '050', '500', '200'))}" for _ in range(LINES)
    ]
    return [f"{rng.choice(GOODS)} {amount} đồng một suất" for amount in amounts]


def printed(lines: list[str], zero: str) -> bytes:
    """The picture of a page, with zeros as a `diamond` or in the face."""
    page = Image.new("RGB", (900, PITCH * (len(lines) + 1)), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(FONT, SIZE)
    for row, line in enumerate(lines):
        x, y = 50.0, PITCH * (row + 0.5)
        for character in line:
            if character == "0" and zero == "diamond":
                corners = ((10, 6), (19, 18), (10, 30), (1, 18))
                draw.polygon([(x + right, y + down) for right, down in corners], fill="black")
            else:
                draw.text((x, y), character, font=font, fill="black")
            x += font.getlength(character)
    return _png(page)


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def read(service: RunningService, picture: bytes, model: str) -> tuple[str, list[str]]:
    """Where the job is, and the lines that the model read."""
    answer = service.client.post("/v1/jobs", files={"file": picture}, data={"model": model})
    assert answer.status_code == 202, answer.text
    job = service.finished(answer.json()["id"])
    assert job["status"] == "succeeded" and job["model"]["name"] == model
    path: str = job["links"]["self"]
    page: dict[str, Any] = service.client.get(f"{path}/pages/1").json()
    return path, [line["text"] for line in page["lines"]]


def errors(lines: list[str], found: list[str]) -> int:
    return distance(normalise("\n".join(lines)), normalise("\n".join(found)))


def correct(service: RunningService, lines: list[str], job: str, found: list[str]) -> None:
    """Say of each line of a page what it says, as people do on the page."""
    assert len(found) == len(lines)
    for place, (line, text) in enumerate(zip(lines, found, strict=True)):
        said = {"confirmed": True} if text == line else {"text": line}
        answer = service.client.put(f"{job}/pages/1/lines/{place}", json=said)
        assert answer.status_code == 200, answer.text


def export(service: RunningService, folder: Path, query: str = "") -> str:
    """Get the corrected lines as the API's page tells it; the command that it goes on with."""
    instead = {"lines.zip": f"{folder}.zip", "my-lines": f"{folder}"}
    fetch, _, tune = told("docs/api.md", "curl -so lines.zip", instead).rpartition(" && ")
    address = f"{service.client.base_url}".rstrip("/")
    run(fetch.replace("http://127.0.0.1:8080/v1/corrections", f"{address}/v1/corrections{query}"))
    return tune


def trained(tune: str, mine: Path, held: Path, models: Path) -> None:
    """Train, measure and export as the README of training tells it, in a minute."""
    out = models.parent / "run"
    own = f"NAME=mine RUN={out} OUT={models}"
    told_there = told(README, "make tune", {"my-lines": f"{mine}"})
    assert told_there == tune, "the API's page tells another command"
    run(tune.replace("NAME=mine", own).replace("MINUTES=30", SHORT))
    measure = {"my-test-lines": f"{held}", "training/runs/mine": f"{out}"}
    done = run(told(README, f"{PYTHON} training.evaluate lines", measure))
    assert f"| all | {LINES} |" in done.stdout
    run(told(README, "make export", {"NAME=mine": own, "my-test-lines": f"{held} {FEW}"}))
    card = json.loads((models / "mine.json").read_text())
    assert f"{NUM_PAGES * LINES} lines of its maker's own" in card["origin"]


def test_corrected_lines_come_back_as_a_better_reading(
    faces: None, service: RunningService, models: Path, tmp_path: Path
) -> None:
    for number in range(NUM_PAGES):
        lines = prices(number)
        correct(service, lines, *read(service, printed(lines, "diamond"), "vi-print"))
    tune = export(service, tmp_path / "mine")
    fresh = prices(NUM_PAGES)
    house = printed(fresh, "diamond")
    job, before = read(service, house, "vi-print")
    assert errors(fresh, before) >= 2 * LINES, "the shipped model reads these zeros"
    correct(service, fresh, job, before)
    export(service, tmp_path / "held", f"?job_id={job.rpartition('/')[2]}")

    trained(tune, tmp_path / "mine", tmp_path / "held", models)

    def is_found() -> bool:
        # A name that no model has is described, too, as the workers' own.
        listed = service.client.get("/models").json()["models"]
        return "mine" in [model["modelName"] for model in listed]

    service.wait_until(is_found, "the model is not found")
    after = read(service, house, "mine")[1]
    assert errors(fresh, after) <= errors(fresh, before) / 2, (before, after)
    decree = text_of("decree").splitlines(), _png(Image.fromarray(picture_of("decree")))
    for ordinary, picture in ((fresh, printed(fresh, "zero")), decree):
        first, now = (read(service, picture, model)[1] for model in ("vi-print", "mine"))
        assert errors(ordinary, now) <= errors(ordinary, first) + SLIPS, now
