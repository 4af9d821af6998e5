"""Measure a recogniser on real lines, by kind: `python -m training.evaluate lines DIR`."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import torch
from safetensors.torch import load_file

from training.checkpoint import load_average
from training.reading import read_lines
from training.real import LabelledLine, load_labelled
from training.scoring import LineScore, by_kind, normalise
from worker.ocr.charset import NUM_CLASSES
from worker.ocr.recognizer import Recognizer


def main() -> None:
    """Read the command line, read the lines, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["lines"])
    parser.add_argument("folder", type=Path, help="pictures with a labels.tsv: file, text, kind")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--run", type=Path, help="folder of a training run")
    weights.add_argument("--weights", type=Path, help="a .safetensors file")
    parser.add_argument("--tesseract", action="store_true", help="compare with tesseract's vie")
    parser.add_argument("--errors", action="store_true", help="print the lines with an error")
    arguments = parser.parse_args()
    lines = load_labelled(arguments.folder)
    read = read_lines(load_recognizer(arguments.run, arguments.weights), [x.crop for x in lines])
    columns = {"docchu": read}
    if arguments.tesseract:
        columns["tesseract"] = [tesseract(arguments.folder / line.file) for line in lines]
    for name, texts in columns.items():
        rows = [(line.kind, (line.text, text)) for line, text in zip(lines, texts, strict=True)]
        print(table(name, by_kind(rows)))
    if arguments.errors:
        print_errors(lines, read)


def load_recognizer(run: Path | None, weights: Path | None) -> Recognizer:
    """The averaged network of a run, or that of a weights file."""
    state = load_average(run)[0] if run else load_file(weights or "")
    model = Recognizer(NUM_CLASSES)
    model.load_state_dict(state)
    return model.to(memory_format=torch.channels_last).eval()


def tesseract(picture: Path) -> str:
    """What tesseract reads in the picture of one line."""
    command = ["tesseract", str(picture), "-", "-l", "vie", "--psm", "7"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def table(name: str, scores: dict[str, LineScore]) -> str:
    """The scores by kind, in percent, one row each."""
    rows = [f"| {name} | lines | CER % | DER % | exact % |", "|---|---|---|---|---|"]
    for kind, score in scores.items():
        figures = f"{100 * score.cer:.2f} | {100 * score.der:.2f} | {100 * score.exact:.1f}"
        rows.append(f"| {kind} | {score.num_lines} | {figures} |")
    return "\n".join(rows) + "\n"


def print_errors(lines: list[LabelledLine], read: list[str]) -> None:
    """Print each line that was misread below what it says."""
    for line, text in zip(lines, read, strict=True):
        if normalise(line.text) != normalise(text):
            print(f"[{line.kind}] {line.file}\n  {normalise(line.text)}\n  {normalise(text)}")


if __name__ == "__main__":
    main()
