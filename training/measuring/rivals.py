"""Other readers of single lines to measure beside, where they are installed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2

from training.wear.degrade import Picture

_PROCESSES = 2


def rivals(names: Sequence[str]) -> dict[str, Callable[[Sequence[Picture]], list[str]]]:
    """Those of `tesseract` and `rapidocr` that were asked for and are installed."""
    found: dict[str, Callable[[Sequence[Picture]], list[str]]] = {}
    for name in names:
        if _INSTALLED[name]():
            found[name] = _READERS[name]
        else:
            print(f"{name} is not installed and is left out")
    return found


def _tesseract(crops: Sequence[Picture]) -> list[str]:
    with ThreadPoolExecutor(_PROCESSES) as threads:
        return list(threads.map(_tesseract_line, crops))


def _tesseract_line(crop: Picture) -> str:
    _, data = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
    command = ["tesseract", "stdin", "-", "-l", "vie", "--psm", "7"]
    done = subprocess.run(command, input=data.tobytes(), check=True, capture_output=True)
    return done.stdout.decode().strip()


def _rapidocr(crops: Sequence[Picture]) -> list[str]:
    """RapidOCR's own recogniser, which lacks most Vietnamese letters."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    texts = []
    for crop in crops:
        picture = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)
        read = engine(picture, use_det=False, use_cls=False, use_rec=True)
        texts.append(" ".join(read.txts or ()))
    return texts


_INSTALLED: dict[str, Callable[[], bool]] = {
    "tesseract": lambda: shutil.which("tesseract") is not None,
    "rapidocr": lambda: importlib.util.find_spec("rapidocr") is not None,
}
_READERS = {"tesseract": _tesseract, "rapidocr": _rapidocr}
