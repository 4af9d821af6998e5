"""Measure the whole reader, as it ships, on real lines and pages.

`python -m training.evaluate_pages DIR`: `DIR` holds `lines/` (with labels.tsv) and `pages/` (with
pages.tsv: file, text_file, kind). `--rotate 90,180,270` reads the pages turned as well.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from shared.result import page_text
from training.evaluate import table
from training.lines.real import load_labelled
from training.measuring.faults import split_of, table_of
from training.measuring.scoring import Pair, by_kind, score_pages
from training.wear.degrade import Picture
from worker.ocr.detection.sheet import Rotation, turned
from worker.ocr.reader import Reader

ROTATIONS: dict[str, Rotation] = {"90": 90, "180": 180, "270": 270}


@dataclass(frozen=True)
class LabelledPage:
    """A page picture, what stands on it in reading order, and of which kind it is."""

    path: Path
    text: str
    kind: str


def main() -> None:
    """Read every line and page, and print a table for each reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="vi-print", help="the recogniser")
    parser.add_argument("--models", type=Path, help="folder of more recognisers")
    parser.add_argument("--rotate", default="", help="degrees clockwise by comma, such as 90,180")
    parser.add_argument("--tesseract", action="store_true", help="compare with tesseract's vie")
    arguments = parser.parse_args()
    reader = Reader.load(arguments.models, model=arguments.model)

    def docchu(path: Path, _: bool) -> str:
        return page_text(reader.read(picture_of(path)).page)

    print_lines("docchu", arguments.folder / "lines", docchu)
    print_pages("docchu", arguments.folder / "pages", docchu)
    for degrees in filter(None, arguments.rotate.split(",")):
        read = turned_by(ROTATIONS[degrees.strip()], reader)
        print_pages(f"docchu, turned by {degrees}", arguments.folder / "pages", read)
    if arguments.tesseract:
        print_lines("tesseract", arguments.folder / "lines", tesseract)
        print_pages("tesseract", arguments.folder / "pages", tesseract)


def picture_of(path: Path) -> Picture:
    """The picture upright, in RGB (H, W, 3)."""
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


def turned_by(rotation: Rotation, reader: Reader) -> Callable[[Path, bool], str]:
    """Read pictures after turning them."""
    return lambda path, _: page_text(reader.read(turned(picture_of(path), rotation)).page)


def tesseract(path: Path, is_line: bool) -> str:
    """What tesseract reads on a page, or on the picture of one line."""
    command = ["tesseract", str(path), "-", "-l", "vie", *(["--psm", "7"] if is_line else [])]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def print_lines(name: str, folder: Path, read: Callable[[Path, bool], str]) -> None:
    """Print the scores of the lines by kind."""
    lines = load_labelled(folder)
    rows = [(line.kind, (line.text, read(folder / line.file, True))) for line in lines]
    print(table(name, by_kind(rows)))
    print(table_of(f"{name}, lines", split_of(pair for _, pair in rows)))


def print_pages(name: str, folder: Path, read: Callable[[Path, bool], str]) -> None:
    """Print the scores of each page, of the kinds, the worst first, and what the errors are."""
    print(f"| {name} | word F1 in any order | CER % in reading order |\n|---|---|---|")
    pairs: dict[str, list[Pair]] = {}
    for page in load_pages(folder):
        pair = page.text, read(page.path, False)
        pairs.setdefault(page.kind, []).append(pair)
        _print_row(page.path.stem, [pair])
    for kind, some in sorted(pairs.items(), key=lambda row: -score_pages(row[1]).cer):
        _print_row(f"all of {kind}", some)
    every = [pair for some in pairs.values() for pair in some]
    _print_row("all", every)
    scores = [score_pages([pair]) for pair in every]
    mean_f1 = statistics.fmean(score.word_f1 for score in scores)
    mean_cer = statistics.fmean(score.cer for score in scores)
    print(f"| mean of the pages | {mean_f1:.3f} | {100 * mean_cer:.2f} |\n")
    print(table_of(f"{name}, pages", split_of(every)))


def load_pages(folder: Path) -> list[LabelledPage]:
    """The pages that a folder's pages.tsv names."""
    with (folder / "pages.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        LabelledPage(
            folder / row["file"], (folder / row["text_file"]).read_text("utf-8"), row["kind"]
        )
        for row in rows
    ]


def _print_row(name: str, pairs: Sequence[Pair]) -> None:
    score = score_pages(pairs)
    print(f"| {name} | {score.word_f1:.3f} | {100 * score.cer:.2f} |", flush=True)


if __name__ == "__main__":
    main()
