"""The archive for a machine with a GPU, tried on one without: unpacked, it trains and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from training import fonts, pack
from worker.ocr.networks.weights import bundled

FACES = Path(__file__).parents[1] / "fonts"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made of the tests' faces, wherever the others are."""
    folder, corpus = tmp_path / "faces", tmp_path / "corpus"
    folder.mkdir()
    corpus.mkdir()
    faces = [face for path in sorted(FACES.glob("*.ttf")) for face in fonts.inspect(path)]
    assert faces
    rows = [asdict(face) | {"held_out": held_out} for face in faces for held_out in (True, False)]
    (folder / "faces.json").write_text(json.dumps(rows))
    (corpus / "statutes.txt").write_text("Công dân có quyền và nghĩa vụ theo luật.\n" * 3)
    monkeypatch.setattr(fonts, "INDEX", folder / "faces.json")
    made = tmp_path / "train.tgz"
    assert pack.pack(made, corpus) < pack.MAX_BYTES
    return made


def train(folder: Path, out: Path, *how: str) -> list[dict[str, Any]]:
    """Run what the archive says, with nothing of this checkout in reach; the rows that it told."""
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(folder)}
    command = ["sh", str(folder / "run.sh"), "--out", str(out), "--minutes", "60", *how]
    done = subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(row) for row in done.stdout.splitlines()]


@pytest.mark.timeout(1200)
def test_two_hundred_lines_are_trained_on_in_two_steps(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    out = tmp_path / "run"
    # Of the network the last parts alone, as that is quick; no figures, as they take a while.
    quick = ("--frozen", "5", "--threads", "1", "--evaluate-every", "60")
    first = train(tmp_path / "train", out, "--lines", "100", *quick)
    assert 100 <= first[-1]["lines"] < 150
    assert first[-1]["lines_per_s"] > 0
    taught = ("--teacher", str(bundled("vi-print")))
    again = train(tmp_path / "train", out, "--lines", "200", *taught, *quick)
    assert 200 <= again[-1]["lines"] < 250
    assert again[-1]["step"] > first[-1]["step"]
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) <= 6
    assert all(path.stat().st_size < 15_000_000 for path in files)
    told = [json.loads(row) for row in (out / "log.jsonl").read_text().splitlines()]
    assert told == first + again
