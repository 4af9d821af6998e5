"""Makes files, such as searchable PDFs, in a process of its own, which may crash or grow.

The process reads its order (JSON) from standard input and writes the file to standard output.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PROJECT = Path(__file__).resolve().parents[2]
_UNUSABLE_EXIT = 3
_MAX_S = 120
"""500 pages take about 5 s; this is for a file that keeps its reader turning in circles."""
_log = logging.getLogger(__name__)


class FileFailed(Exception):
    """No such file can be made of this document."""


@dataclass(frozen=True)
class Order:
    """The document's file, which only a PDF needs, and those that hold its pages as they were read,
    in order. `form` is `pdf`, `docx`, `xlsx` or `csv`."""

    source: str
    media_type: str
    pages: Sequence[str]
    max_page_pixels: int
    max_memory_bytes: int
    form: str = "pdf"
    password: str = dataclasses.field(default="", repr=False)


@contextmanager
def made_file(order: Order) -> Iterator[BinaryIO]:
    """The file, to read from its start. Raises FileFailed."""
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", __spec__.name],
                input=json.dumps(dataclasses.asdict(order)).encode(),
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                timeout=_MAX_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise FileFailed(f"it took longer than {_MAX_S} s") from None
        if done.returncode != 0:
            _log.warning("making a file (%s) ended with status %d", order.form, done.returncode)
            raise FileFailed(f"status {done.returncode}")
        out.seek(0)
        yield out


def _environment() -> dict[str, str]:
    # Not ours: it holds the passwords of the stores.
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_PROJECT), os.getenv("PYTHONPATH")])),
        "PYTHONUTF8": "1",
    }
    if "LD_LIBRARY_PATH" in os.environ:  # some interpreters do not start without theirs
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return environment


def main() -> int:
    """Read the order, give up what is not needed for it, and carry it out."""
    from shared.formats.files import Unusable, write
    from shared.running import sandbox

    order = Order(**json.load(sys.stdin))
    out = os.fdopen(os.dup(1), "wb")
    sandbox.be_silent()
    sandbox.enter(order.max_memory_bytes, max_file_bytes=_MAX_FILE_BYTES)
    sandbox.allow_cpu(_MAX_S)
    try:
        with out:
            write(order, out)
    except Unusable:
        return _UNUSABLE_EXIT
    return 0


_MAX_FILE_BYTES = 2 * 1024**3
"""How long the file may become; the file it goes to was opened by the parent."""

if __name__ == "__main__":
    sys.exit(main())
