"""Lines with labels of one's own: a folder with `labels.tsv`, whose columns are file and text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2

from training.wear.degrade import Picture


@dataclass(frozen=True)
class LabelledLine:
    """A crop in RGB (H, W, 3), what it says, of which kind it is and its file's name."""

    crop: Picture
    text: str
    kind: str = ""
    file: str = ""


def load_labelled(folder: Path) -> list[LabelledLine]:
    """Read every line of a folder. Raises FileNotFoundError for a picture that cannot be read."""
    return [_line(folder, row) for row in _rows(folder)]


def num_labelled(folder: Path | None) -> int:
    """How many lines a folder has; none where there is no folder."""
    return len(_rows(folder)) if folder else 0


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _line(folder: Path, row: dict[str, str]) -> LabelledLine:
    picture = _picture(folder / row["file"])
    return LabelledLine(picture, row["text"], row.get("kind") or "", row["file"])


def _picture(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(path)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
