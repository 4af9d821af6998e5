"""What a digital PDF page costs with its text layer as a hint, beside reading it whole.

`python -m bench.layers [FILE.pdf ...]` reads each page both ways in one run, in turns, and prints
processor seconds, loading included. Without files it makes a dense page of its own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from shared.media import PDF
from tests.formats.documents import DECREE, Letters, document
from worker.hints import BULK_SAMPLES, SAMPLES
from worker.loading.limits import LoadLimits
from worker.loading.pool import PageLoader
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reader

_ROUNDS = 3
_WAYS = {"read": None, "auto": SAMPLES, "auto, bulk": BULK_SAMPLES, "trust": 0}


def main(paths: list[Path]) -> None:
    """Print a table: seconds of each way, and how many times less than reading that is."""
    reader = Reader.load(device="cpu")
    with PageLoader(LoadLimits(), 1) as loader:
        for path in paths:
            for page in range(1, loader.count_pages(path, PDF) + 1):
                seconds: dict[str, list[float]] = {way: [] for way in _WAYS}
                for _ in range(_ROUNDS):
                    for way in _WAYS:
                        seconds[way].append(_seconds(reader, loader, path, page, way))
                costs = {way: statistics.median(taken) for way, taken in seconds.items()}
                shown = ", ".join(
                    f"{way} {cost:.2f} s ({costs['read'] / cost:.1f} x)"
                    for way, cost in costs.items()
                )
                print(f"{path.name} page {page}: {shown}", flush=True)


def _seconds(reader: Reader, loader: PageLoader, path: Path, page: int, way: str) -> float:
    """Processor seconds of this process; the child's rendering is the same in every way."""
    picture = loader.load(path, PDF, page).picture
    samples = _WAYS[way]
    begun = time.process_time()
    words = [] if samples is None else loader.layer(path, page)
    reader.read(picture, page, hint=None if samples is None else Hint(words, samples))
    return time.process_time() - begun


def _own(folder: Path) -> Path:
    lines = [" ".join(DECREE[n % 6 :] + DECREE[: n % 6])[:88] for n in range(48)]
    letters = Letters("".join(DECREE))
    content = b"".join(
        b"BT /F 9 Tf 1 0 0 1 40 %d Tm %s Tj ET\n" % (800 - 16 * n, letters.encoded(line))
        for n, line in enumerate(lines)
    )
    path = folder / "dense.pdf"
    path.write_bytes(document([content], letters))
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main([Path(name) for name in sys.argv[1:]] or [_own(Path(made))])
