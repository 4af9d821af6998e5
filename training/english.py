"""Make the list of English words that the reader joins parts of: `python -m training.english`.

Of each word of SCOWL (Debian's `wamerican` and `wbritish`) only a checksum is kept.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from training.labels.prose import ENGLISH
from worker.ocr.networks.weights import Card, save_card, sha256_of
from worker.ocr.recognition.english import FILE, Checksums, checksum_of

DICTIONARIES = (ENGLISH, ENGLISH.with_name("british-english"))
_WORD = re.compile(r"[A-Za-z][a-z]{3,15}")
"""Shorter ones are parts of others too often, and initials are no words."""


def main() -> None:
    """Read the dictionaries and write the list beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE)
    out = parser.parse_args().out
    rows = [row for path in DICTIONARIES for row in path.read_text("utf-8").splitlines()]
    checksums = checksums_of(rows)
    np.savez_compressed(out, distances=np.diff(checksums, prepend=np.uint32(0)))
    save_card(_card(sha256_of(out)), out)
    print(f"{out}: {len(checksums)} words, {out.stat().st_size / 1e3:.0f} kB")


def checksums_of(rows: Iterable[str]) -> Checksums:
    """Of the rows that are words of letters, ascending, each once."""
    found = {checksum_of(row) for row in rows if _WORD.fullmatch(row)}
    return np.array(sorted(found), np.uint32)


def _card(sha256: str) -> Card:
    return Card(
        name=FILE.stem,
        version="1",
        kind="words",
        origin="Checksums of the words, no text, of SCOWL (Debian's wamerican and wbritish)",
        licence="SCOWL",
        sha256=sha256,
        training_command="python -m training.english",
        machine="any, a second",
    )


if __name__ == "__main__":
    main()
