"""A worker whose networks answer from memory: `python -m bench.workers.instant`.

BENCH_ANSWERS names the file of what they know, BENCH_COUNTS a folder in which each process counts.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from bench.feeding.remembering import Counts, answer_from, load
from worker.__main__ import main

_SET_PTRACER, _ANYBODY = 0x59616D61, -1  # prctl(2): where Yama would let nobody look (py-spy)

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_SET_PTRACER, ctypes.c_ulong(_ANYBODY), 0, 0, 0)
    counts = Counts(Path(os.environ["BENCH_COUNTS"]) / str(os.getpid()), is_new=True)
    answer_from(load(Path(os.environ["BENCH_ANSWERS"])), counts)
    main("bench.workers.instant")
