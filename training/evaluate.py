"""Measure a recogniser by kind, on real lines (`lines DIR`) or on synthetic ones (`synthetic`)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from training.checkpoint import load_average
from training.lines.heldout import PER_FAMILY, TEST_SEED, held_out_lines
from training.lines.real import LabelledLine, load_labelled
from training.measuring.calibrate import ReadLine, line_error, word_error
from training.measuring.faults import split_of, table_of
from training.measuring.reading import read_characters
from training.measuring.rivals import rivals
from training.measuring.scoring import LineScore, by_kind, normalise
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import bundled, fill, load_card
from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.charset import NUM_CLASSES
from worker.ocr.recognition.ctc import Character
from worker.ocr.recognition.language import vietnamese


def main() -> None:
    """Read the command line, read the lines, print the tables."""
    arguments = _arguments()
    if arguments.what == "lines":
        lines = [line for folder in arguments.folders for line in load_labelled(folder)]
    else:
        lines = held_out_lines(arguments.corpus, arguments.seed, arguments.per_family)
    model = load_recognizer(arguments.run, arguments.weights)
    calibration = UNCALIBRATED if arguments.run else load_card(arguments.weights).calibrated
    crops = [line.crop for line in lines]
    read = read_characters(model, crops, None if arguments.no_language else vietnamese())
    columns = {"docchu": [text_of(line) for line in read]}
    for name, reader in rivals(arguments.beside).items():
        columns[name] = reader(crops)
    for name, texts in columns.items():
        rows = [(line.kind, (line.text, text)) for line, text in zip(lines, texts, strict=True)]
        print(table(name, by_kind(rows)))
        print(table_of(name, split_of(pair for _, pair in rows)))
    print(confidence_report(lines, read, calibration))
    if arguments.errors:
        print_errors(lines, columns["docchu"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    real = what.add_parser("lines", help="real lines")
    real.add_argument(
        "folders", type=Path, nargs="+", help="pictures with a labels.tsv: file, text, kind"
    )
    made = what.add_parser("synthetic", help="lines in faces and sentences that training never saw")
    made.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    made.add_argument("--seed", type=int, default=TEST_SEED)
    made.add_argument("--per-family", type=int, default=PER_FAMILY)
    for command in (real, made):
        weights = command.add_mutually_exclusive_group()
        weights.add_argument("--run", type=Path, help="folder of a training run")
        weights.add_argument("--weights", type=Path, default=bundled("vi-print"))
        command.add_argument("--no-language", action="store_true", help="the network alone")
        command.add_argument("--errors", action="store_true", help="print what was misread")
        for rival in ("tesseract", "rapidocr"):
            told = f"compare with {rival}"
            command.add_argument(
                f"--{rival}", dest="beside", action="append_const", const=rival, help=told
            )
        command.set_defaults(beside=[])
    return parser.parse_args()


def load_recognizer(run: Path | None, weights: Path | None) -> Recognizer:
    """The averaged network of a run, or that of a weights file."""
    state = load_average(run)[0] if run else load_file(weights or "")
    model = Recognizer(NUM_CLASSES)
    fill(model, state)
    return model.to(memory_format=torch.channels_last).eval()


def text_of(read: Sequence[Character]) -> str:
    """The text of a line that was read."""
    return "".join(character.text for character in read)


def table(name: str, scores: dict[str, LineScore]) -> str:
    """The scores by kind, in percent, one row each, the worst kinds first and all of them last."""
    rows = [f"| {name} | lines | CER % | DER % | exact % |", "|---|---|---|---|---|"]
    for kind, score in sorted(scores.items(), key=lambda row: (row[0] == "all", -row[1].cer)):
        figures = f"{100 * score.cer:.2f} | {100 * score.der:.2f} | {100 * score.exact:.1f}"
        rows.append(f"| {kind} | {score.num_lines} | {figures} |")
    return "\n".join(rows) + "\n"


def confidence_report(
    lines: Sequence[LabelledLine], read: Sequence[Sequence[Character]], calibration: Calibration
) -> str:
    """How far the confidences of lines and words are from coming true."""
    both = [ReadLine(line.text, chars) for line, chars in zip(lines, read, strict=True)]
    before, after = line_error(both, None), line_error(both, calibration)
    words = word_error(both, calibration)
    return (
        f"Expected calibration error: lines {100 * after:.1f} % (mean probability of the "
        f"characters: {100 * before:.1f} %), words {100 * words:.1f} %\n"
    )


def print_errors(lines: list[LabelledLine], read: list[str]) -> None:
    """Print each line that was misread below what it says."""
    for line, text in zip(lines, read, strict=True):
        if normalise(line.text) != normalise(text):
            print(f"[{line.kind}] {line.file}\n  {normalise(line.text)}\n  {normalise(text)}")


if __name__ == "__main__":
    main()
