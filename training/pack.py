"""Pack all that training needs into one archive: `python -m training.pack train.tgz`.

For a machine with a GPU, python 3.12, torch, numpy, OpenCV, Pillow, fontTools and safetensors, and
no network. `sh train/run.sh --minutes 25 --out RUN` trains there; the faces are cut down to the
characters that the recogniser can write, which is a tenth of their size.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from training import fonts
from training.labels import prose
from worker.ocr.networks.weights import bundled
from worker.ocr.recognition.charset import CHARACTERS
from worker.ocr.recognition.language import FILE

MAX_BYTES = 40_000_000
_ROOT = Path(__file__).parent.parent
_RUN = """#!/bin/sh
# Trains, or goes on with, the run in the folder that --out names.
cd "$(dirname "$0")" || exit
exec ${PYTHON:-python3} -m training.train --corpus corpus --resume --frozen 0 --rate 0.4 \\
    --start worker/ocr/weights/vi-print.safetensors "$@"
"""


def main() -> None:
    """Collect everything into a folder and pack it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    arguments = parser.parse_args()
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    size = pack(arguments.archive, arguments.corpus)
    print(f"{arguments.archive}: {size / 1e6:.1f} MB")
    if size > MAX_BYTES:
        raise SystemExit(f"It must not be over {MAX_BYTES / 1e6:.0f} MB.")


def pack(archive: Path, corpus: Path) -> int:
    """Write the archive; its size in bytes."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(archive, "w:gz") as tar:
        folder = Path(name)
        (folder / "run.sh").write_text(_RUN)
        for path in _programs():
            _copy(path, folder / path.relative_to(_ROOT))
        for path in corpus.glob("*.txt"):
            _copy(path, folder / "corpus" / path.name)
        texts = folder / "training" / "texts"
        texts.mkdir()
        for kind in (prose.libreoffice, prose.syllables, prose.english):
            (texts / f"{kind.__name__}.txt").write_text("\n".join(kind()), encoding="utf-8")
        _put_faces(folder / "training" / "fonts")
        faker = find_spec("faker")
        assert faker and faker.submodule_search_locations
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(faker.submodule_search_locations[0], folder / "faker", ignore=ignored)
        tar.add(folder, "train")
    return archive.stat().st_size


def _programs() -> Iterator[Path]:
    for folder in ("training", "worker/ocr"):
        yield from (_ROOT / folder).rglob("*.py")
    yield from (_ROOT / "worker/__init__.py", _ROOT / "training/labels/words.json")
    yield from (bundled("vi-print"), bundled("vi-print").with_suffix(".json"))
    yield from (FILE, FILE.with_suffix(".json"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _put_faces(folder: Path) -> None:
    """Write each face with the characters of the recogniser alone, and the index."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, face in enumerate([*fonts.load(held_out=False), *fonts.load(held_out=True)]):
        name = f"{number}.ttf"
        (folder / name).write_bytes(cut_down(Path(face.path), face.index))
        rows.append(asdict(replace(face, path=name, index=0)))
    (folder / fonts.INDEX.name).write_text(json.dumps(rows, ensure_ascii=False))


def cut_down(path: Path, index: int) -> bytes:
    """A face with no glyphs but the recogniser's; its hinting stays, for small sizes show it."""
    options = Options(hinting=True, layout_features=[], notdef_outline=True, drop_tables=_DROPPED)
    subsetter = Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    data = io.BytesIO()
    with TTFont(path, fontNumber=index, lazy=True) as font:
        subsetter.subset(font)
        font.save(data)
    return data.getvalue()


_DROPPED = ["GSUB", "GPOS", "GDEF", "DSIG", "STAT", "meta", "MATH", "SVG ", "COLR", "CPAL", "FFTM"]


if __name__ == "__main__":
    main()
