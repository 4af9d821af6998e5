"""How a worker's memory grows over pages of as many sizes: `python -m bench.memory --pages 3000`.

The bare reader, as many pages at once as a worker reads; each page is drawn anew in a size of its
own. What is printed beside the memory is the processor time of a page, which other programs on the
machine disturb less than pages per second.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import psutil
from PIL import Image, ImageDraw, ImageFont

from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import Picture

_AT_ONCE = 4
_SIDES = 160, 900
"""Pixels. Small pages, so that thousands take minutes: what is kept of a size is the same."""
_PHRASE = "Cộng hòa xã hội chủ nghĩa Việt Nam độc lập tự do hạnh phúc số ngày tháng năm 2026"


def main() -> None:
    """Read the pages and print how much memory the process has after some of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--largest", type=int, default=_SIDES[1], help="pixels of a side")
    arguments = parser.parse_args()
    reader = Reader.load()
    done = threading.Semaphore(0)
    print(f"start {_rss_mib():.0f} MiB", flush=True)

    def read(number: int) -> None:
        reader.read(drawn_page(number, arguments.largest), job=str(number))
        done.release()

    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for number in range(arguments.pages):
            threads.submit(read, number)
        for number in range(1, arguments.pages + 1):
            done.acquire()
            if number % max(1, min(150, arguments.pages // 10)) == 0:
                cpu_s, wall_s = time.process_time() - used, time.perf_counter() - began
                print(
                    f"{number:6} pages  {_rss_mib():6.0f} MiB  {cpu_s / number:.3f} s of processor "
                    f"time a page  {number / wall_s:.2f} pages/s",
                    flush=True,
                )
    reader.close()


def drawn_page(number: int, largest: int = _SIDES[1]) -> Picture:
    """A page of text; no two numbers give the same size."""
    rng = random.Random(number)
    width, height = (rng.randrange(_SIDES[0], largest) for _ in range(2))
    size = rng.randrange(14, 40)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for top in range(8, height - size, round(1.7 * size)):
        words = rng.choices(_PHRASE.split(), k=rng.randrange(1, max(2, width // (3 * size))))
        draw.text((8, top), " ".join(words), fill="black", font=_font(size))
    return np.asarray(page)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _rss_mib() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
