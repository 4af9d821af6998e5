"""All that a machine with a GPU can tell in minutes: `python -m bench.gpu --minutes 3 --out DIR`.

The networks alone, the bare reader in one process and in several, the whole service under load, and
one small image beside it. Each part runs in a process of its own with a part of the time, and every
figure is printed at once, as a line of JSON, so that a run that is cut short tells what it knew.
Without a GPU it runs in a short form, which shows that it runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.gpu.parts import PARTS, Run, limited
from bench.pages import draw_photos

_SMALL = 400, 260
"""Pixels of a page where there is no GPU: that the bench runs can be seen of any."""
FIGURES = "figures.jsonl"
_LOOK = "import torch; raise SystemExit(not torch.cuda.is_available())"


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench-gpu"), help="a folder")
    parser.add_argument("--device", default="", help="by default the first GPU, else the processor")
    parser.add_argument("--processes", default="", help="readers at once, such as 1,2,4")
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = arguments.device or _first_device()
    numbers = arguments.processes or ("1,4,8,12" if device != "cpu" else "1")
    with tempfile.TemporaryDirectory() as name, (arguments.out / FIGURES).open("a") as file:
        folder = Path(name)
        paths = draw_photos(folder, 2, size=_SMALL) if device == "cpu" else draw_photos(folder)
        for name in arguments.parts.split(","):
            seconds = 60 * arguments.minutes * PARTS[name][1]
            run = Run(paths, device, [int(number) for number in numbers.split(",")], seconds)
            for row in limited(name, run):
                line = json.dumps({"part": name, **row}, ensure_ascii=False)
                print(line, flush=True)
                print(line, flush=True, file=file)


def _first_device() -> str:
    """Asked in a process of its own: this one opens no device."""
    return "cpu" if subprocess.run([sys.executable, "-c", _LOOK]).returncode else "cuda"


if __name__ == "__main__":
    main()
