"""Make the language model that the decoder asks about tones: `python -m training.language`.

A character model of six letters, interpolated after Witten and Bell (1991), of texts whose licence
allows it: statutes and places (Apache-2.0, MIT), LibreOffice's texts and Hunspell's syllables, and
what `phrases`, `forms` and `receipts` make up. Sentences that tests keep are left out.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.labels import forms, phrases, receipts
from training.labels.prose import half, libreoffice, parted, sentences_of, syllables
from worker.ocr.networks.weights import Card, save_card, sha256_of
from worker.ocr.recognition.language import BITS, FILE, codes_of, save

_LEAST = (1, 1, 1, 1, 2, 2)
"""How often a run of one to six characters must stand in the texts to be kept."""
_DRAWN = 12_000
"""Made-up texts of each kind."""
_SEED = 6
_SYLLABLES_TIMES, _PLACES_TIMES = 3, 3

_ORIGIN = (
    "Counted runs of characters, no text, of: statutes of vietnamese-law-mcp (Apache-2.0), places "
    "of vietnamese-provinces-database (MIT), LibreOffice's help and interface (MPL-2.0), "
    "Hunspell's list of syllables, names, receipts and forms made up by training"
)
_LEAST_WEIGHT = 1e-7

Keys = NDArray[np.int64]
Logs = NDArray[np.float64]


def main() -> None:
    """Read the texts, count, and write the model beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    keys, chances, weights = model_of(" ".join(texts(arguments.corpus)))
    save(arguments.out, keys, chances, weights)
    save_card(_card(sha256_of(arguments.out)), arguments.out)
    print(f"{arguments.out}: {len(keys)} runs, {arguments.out.stat().st_size / 1e6:.2f} MB")


def _card(sha256: str) -> Card:
    return Card(
        name=FILE.stem,
        version="1",
        kind="language",
        origin=_ORIGIN,
        licence="Apache-2.0",
        sha256=sha256,
        training_command="python -m training.language",
        machine="any, half a minute",
    )


def texts(corpus: Path) -> Iterator[str]:
    """The sentences, words and names that the model is made of."""
    rng = random.Random(_SEED)
    words = syllables()
    known = set(words)
    yield from half([parted(row, known) for row in sentences_of(corpus / "statutes.txt")], False)
    yield from half(libreoffice(), False)
    for _ in range(_PLACES_TIMES):
        yield from half(sentences_of(corpus / "places.txt"), False)
    for _ in range(_SYLLABLES_TIMES):
        yield from rng.sample(words, len(words))
    drawn = (phrases.full_name, phrases.street, phrases.heading, receipts.receipt, forms.form)
    for draw in drawn:
        yield from (draw(rng) for _ in range(_DRAWN))


def model_of(text: str) -> tuple[Keys, Logs, Logs]:
    """Runs of up to six characters as ascending keys, the log chance of the last one after the
    others, and the log weight of what is shorter where a run is what stands before a letter."""
    codes = np.array(codes_of(text), np.int64)
    chance_of: dict[int, float] = {}
    weight_of: dict[int, float] = {}
    for length, least in enumerate(_LEAST, start=1):
        keys, counts = _counts(codes, length)
        before, where, kinds = np.unique(keys >> BITS, return_inverse=True, return_counts=True)
        share = counts / (np.bincount(where, counts) + kinds)[where]
        kept = counts >= least
        # What the runs that are kept leave over goes to what is shorter.
        left = 1 - np.bincount(where[kept], share[kept], minlength=len(before))
        weight_of |= zip(before.tolist(), left.tolist(), strict=True)
        last = (1 << (BITS * (length - 1))) - 1
        shorter = [chance_of.get(key & last, 1 / len(keys)) for key in keys[kept].tolist()]
        chances = share[kept] + left[where[kept]] * np.array(shorter)
        chance_of |= zip(keys[kept].tolist(), chances.tolist(), strict=True)
    found = np.array(sorted(chance_of), np.int64)
    chances = np.array([chance_of[key] for key in found.tolist()])
    weights = np.array([weight_of.get(key, 1.0) for key in found.tolist()])
    return found, np.log(chances), np.log(np.maximum(weights, _LEAST_WEIGHT))


def _counts(codes: Keys, length: int) -> tuple[Keys, NDArray[np.int64]]:
    runs = np.zeros(len(codes) - length + 1, np.int64)
    for start in range(length):
        runs = runs << BITS | codes[start : len(codes) - length + start + 1]
    return np.unique(runs, return_counts=True)


if __name__ == "__main__":
    main()
