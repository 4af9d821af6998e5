"""All that a machine with a GPU can tell in minutes: `python -m bench.gpu --minutes 7 --out DIR`.

The bare reader in one process and in several, the whole service under load and one small image
beside it, the reader without each of its ways, the tests marked `gpu`, what a page costs the
host, the networks alone. Each part runs in a process of its own with a time of its own and tells
why where it fails; every figure is printed at once, as a line of JSON: a run that is cut tells what
it knew.
Without a GPU it runs in a short form, which shows that it runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.gpu.parts import PARTS, Run, limited
from bench.pages import draw_photos

_SMALL = 400, 260
"""Pixels of a page where there is no GPU: that the bench runs can be seen of any."""
FIGURES = "figures.jsonl"
_LEAST_S = 5
_LOOK = "import torch; raise SystemExit(not torch.cuda.is_available())"


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--out", type=Path, default=Path("bench-gpu"), help="a folder")
    parser.add_argument("--device", default="", help="by default the first GPU, else the processor")
    parser.add_argument("--processes", default="", help="readers at once, such as 1,2,4")
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    ends = time.monotonic() + 60 * arguments.minutes
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = arguments.device or _first_device()
    numbers = arguments.processes or ("1,2,4,8,12" if device != "cpu" else "1")
    with tempfile.TemporaryDirectory() as name, (arguments.out / FIGURES).open("a") as file:
        folder = Path(name)
        paths = draw_photos(folder, 2, size=_SMALL) if device == "cpu" else draw_photos(folder, 8)
        run = Run(paths, device, [int(one) for one in numbers.split(",")], arguments.out.resolve())
        for name in arguments.parts.split(","):
            if (left_s := ends - time.monotonic()) < _LEAST_S:
                break
            for row in limited(name, run, left_s):
                line = json.dumps({"part": name, **row}, ensure_ascii=False)
                print(line, flush=True)
                print(line, flush=True, file=file)


def _first_device() -> str:
    """Asked in a process of its own: this one opens no device."""
    return "cpu" if subprocess.run([sys.executable, "-c", _LOOK]).returncode else "cuda"


if __name__ == "__main__":
    main()
