"""Turn a run into weights that a worker can load: `python -m training.export RUN --name mine`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import torch

from training.checkpoint import Progress, load_average
from training.evaluate import load_recognizer, text_of
from training.lines.heldout import FIT_SEED, PER_FAMILY, TEST_SEED, held_out_lines
from training.lines.real import LabelledLine, load_labelled
from training.measuring.calibrate import ReadLine, fit, line_error, word_error
from training.measuring.reading import read_characters
from training.measuring.scoring import by_kind, score_lines
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import Card, bundled, save_card, save_weights, sha256_of
from worker.ocr.recognition.calibration import Calibration
from worker.ocr.recognition.charset import CHARACTERS

_ORIGIN = (
    "PP-OCRv6_rec_small (PaddleOCR authors, Apache-2.0) out of the rapidocr 3.10.0 wheel, with a "
    "Vietnamese head, trained on synthetic lines"
)


def main() -> None:
    """Write the averaged weights in half precision, and the card that tells how they were made."""
    arguments = _arguments()
    _, progress = load_average(arguments.run)
    model = load_recognizer(arguments.run, None)
    if arguments.before:
        mix_in(model, load_recognizer(None, arguments.before), arguments.before_share)
    synthetic = _held_out(arguments, TEST_SEED)
    real = load_labelled(arguments.eval) if arguments.eval else []
    calibration = fit(_read(model, _held_out(arguments, FIT_SEED)))
    accuracy = measure("synthetic", synthetic, _read(model, synthetic), calibration)
    if real:
        accuracy |= measure("real", real, _read(model, real), calibration)
    folder = arguments.out or bundled(arguments.name).parent
    target = folder / f"{arguments.name}.safetensors"
    save_weights(model, target)
    card = Card(
        name=arguments.name,
        version=arguments.version,
        kind="recognizer",
        origin=arguments.origin or origin(progress),
        licence=arguments.licence,
        sha256=sha256_of(target),
        training_command=command(progress, arguments),
        machine=arguments.machine,
        characters=CHARACTERS,
        accuracy=accuracy,
        calibration={
            "scale": calibration.scale,
            "exponent": calibration.exponent,
            "floor": calibration.floor,
        },
    )
    save_card(card, target)
    print(f"{target}: {progress.num_lines} lines seen, {calibration}")
    for name, share in accuracy.items():
        print(f"{name:32} {100 * share:6.2f} %")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--name", default="vi-print")
    parser.add_argument("--version", default="1")
    parser.add_argument("--before", type=Path, help="weights that the run started from, to mix in")
    parser.add_argument("--before-share", type=float, default=0.2)
    parser.add_argument("--out", type=Path, help="folder for weights and card; else what ships")
    parser.add_argument("--machine", default=f"{os.cpu_count()} CPU cores with bf16, no GPU")
    parser.add_argument("--origin", help="by the run if absent")
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--per-family", type=int, default=PER_FAMILY)
    parser.add_argument(
        "--eval", type=Path, help="folder of real lines whose figures the card tells"
    )
    return parser.parse_args()


def mix_in(model: Recognizer, before: Recognizer, share: float) -> None:
    """Move a network's weights towards those that its run started from.

    What a run forgets comes back so, and little of what it learnt goes (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models").
    """
    with torch.no_grad():
        for ours, theirs in zip(model.parameters(), before.parameters(), strict=True):
            ours.lerp_(theirs, share)


def origin(progress: Progress) -> str:
    """What the weights were made of: whoever is given them is to know whose lines are in them."""
    own = f" and {progress.num_own} lines of its maker's own" if progress.num_own else ""
    return _ORIGIN + own


def command(progress: Progress, arguments: argparse.Namespace) -> str:
    """How the run was started, how far it went, and what was mixed in."""
    minutes = round(progress.seconds / 60)
    told = f"{progress.num_lines} lines in {progress.step} steps"
    if progress.start:
        told += f" from {progress.start}"
    if arguments.before:
        told += f", mixed with {arguments.before_share:g} of the weights it started from"
    out = f"training/runs/{arguments.run.name}"
    return f"python -m training.train --minutes {minutes} --out {out} ({told})"


def measure(
    name: str, lines: Sequence[LabelledLine], read: Sequence[ReadLine], calibration: Calibration
) -> dict[str, float]:
    """Figures as shares: CER by kind; over all CER, exact, DER and calibration errors."""
    pairs = [
        (line.kind, (line.text, text_of(seen.read))) for line, seen in zip(lines, read, strict=True)
    ]
    whole = score_lines(pair for _, pair in pairs)
    figures = {
        f"{name}_lines_cer": whole.cer,
        f"{name}_lines_exact": whole.exact,
        f"{name}_lines_der": whole.der,
        f"{name}_lines_ece": line_error(read, calibration),
        f"{name}_lines_ece_of_mean_probability": line_error(read, None),
        f"{name}_words_ece": word_error(read, calibration),
    }
    kinds = {f"{name}_{kind}_cer": score.cer for kind, score in by_kind(pairs).items()}
    kinds.pop(f"{name}_all_cer")
    return {key: round(share, 5) for key, share in (figures | kinds).items()}


def _held_out(arguments: argparse.Namespace, seed: int) -> list[LabelledLine]:
    return held_out_lines(arguments.corpus, seed, arguments.per_family)


def _read(model: Recognizer, lines: Sequence[LabelledLine]) -> list[ReadLine]:
    read = read_characters(model, [line.crop for line in lines])
    return [ReadLine(line.text, chars) for line, chars in zip(lines, read, strict=True)]


if __name__ == "__main__":
    main()
