"""Turn a run into weights that ship: `python -m training.export RUN --name vi-print`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from training.checkpoint import Progress, load_average
from training.evaluate import load_recognizer
from worker.ocr.charset import CHARACTERS
from worker.ocr.weights import Card, bundled, save_card, save_weights, sha256_of

_ORIGIN = (
    "PP-OCRv6_rec_small (PaddleOCR authors, Apache-2.0) out of the rapidocr 3.10.0 wheel, with a "
    "Vietnamese head, trained on synthetic lines"
)


def main() -> None:
    """Write the averaged weights in half precision, and the card that tells how they were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--name", default="vi-print")
    parser.add_argument("--version", default="1")
    parser.add_argument("--machine", default=f"{os.cpu_count()} CPU cores with bf16, no GPU")
    arguments = parser.parse_args()
    target = bundled(arguments.name)
    save_weights(load_recognizer(arguments.run, None), target)
    _, progress = load_average(arguments.run)
    card = Card(
        name=arguments.name,
        version=arguments.version,
        kind="recognizer",
        origin=_ORIGIN,
        licence="Apache-2.0",
        sha256=sha256_of(target),
        training_command=command(progress),
        machine=arguments.machine,
        characters=CHARACTERS,
        accuracy=accuracy(arguments.run / "log.jsonl"),
    )
    save_card(card, target)
    print(f"{target}: {progress.num_lines} lines seen, {card.accuracy}")


def command(progress: Progress) -> str:
    """How the run was started, and how far it went."""
    minutes = round(progress.seconds / 60)
    told = f"{progress.num_lines} lines in {progress.step} steps"
    return f"python -m training.train --minutes {minutes} --out training/runs/vi-print ({told})"


def accuracy(log: Path) -> dict[str, float]:
    """The last figures of each evaluation in a run's log, as shares."""
    figures: dict[str, float] = {}
    for text in log.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(text)
        if name := row.get("evaluated"):
            figures |= {
                f"{name}_lines_{key}": round(row[key], 5) for key in ("cer", "exact", "der")
            }
    return figures


if __name__ == "__main__":
    main()
