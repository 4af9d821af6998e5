"""The wheels of the client and of the server, built from a copy of the sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ("api", "keeper", "shared", "worker")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
# What an earlier build or run has left in the tree must not come into a wheel.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")


def build(folder: Path) -> tuple[Path, Path]:
    """Build both and give the client's and the server's."""
    copy, made = folder / "sources", folder / "wheels"
    for name in ("docchu", "release", *SERVER):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    sources = [copy, copy / "release" / "server"]
    done = subprocess.run([*command, "-w", made, *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (client,), (server,) = made.glob("docchu-*.whl"), made.glob("docchu_server-*.whl")
    return client, server
