"""Read pictures from the command line: `python -m worker.ocr.read IMAGE...` shows the whole thing.

The service does more (documents of many pages, limits, a process per decoder); this is the reader
and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from shared.result import page_text
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import Picture


def main() -> int:
    """Print the text of each picture; 1 where one could not be decoded."""
    parser = argparse.ArgumentParser(prog="python -m worker.ocr.read", description=__doc__)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    parser.add_argument("--boxes", action="store_true", help="print JSON with boxes instead")
    options = parser.parse_args()
    reader = Reader.load(device=options.device)
    failed = 0
    for number, path in enumerate(options.images, start=1):
        picture = _decoded(path)
        if picture is None:
            print(f"{path} is no picture that can be decoded", file=sys.stderr)
            failed = 1
            continue
        page = reader.read(picture, number).page
        print(page.model_dump_json() if options.boxes else page_text(page))
    reader.close()
    return failed


def _decoded(path: Path) -> Picture | None:
    """The RGB picture (H, W, 3) of a file."""
    if not path.is_file():
        return None
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    return None if decoded is None else decoded[:, :, ::-1].astype(np.uint8, copy=False)


if __name__ == "__main__":
    sys.exit(main())
