"""What other programs say on a machine with a GPU: the tests marked `gpu`, and `bench.feeding`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_TEST_OPTIONS = (
    *("-v", "-m", "gpu", "-W", "default", "--tb=short", "--durations=8", "-p", "no:cacheprovider"),
)
_TEST_FILES = tuple(
    f"tests/ocr/test_{name}.py"
    for name in (
        "page_sizes",
        "sampling",
        "showing",
        "gpu_sights",
        "gpu",
        "gpu_troubles",
        "number_types",
    )
)
_NUM_ROWS = 40


def tests(file: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Those marked `gpu`; what they all said lies in a file."""
    command = [sys.executable, "-m", "pytest", *_TEST_OPTIONS, *_TEST_FILES]
    code = _run(command, file, seconds)
    rows = file.read_text(errors="replace").splitlines()
    passed = sum(" PASSED" in row for row in rows)
    failed = [row for row in rows if " FAILED" in row or " ERROR" in row]
    yield {"exit": code, "passed": passed, "failed": failed, "said": rows[-_NUM_ROWS:]}


def feeding(file: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """What a page costs the host, in one process and in eight."""
    command = [sys.executable, "-m", "bench.feeding", "--seconds", str(3 * seconds), "--json"]
    code = _run([*command, "--processes", "1,8"], file, 65)
    rows = file.read_text(errors="replace").splitlines()
    figures = next((row for row in reversed(rows) if row.startswith("{")), "{}")
    yield {"exit": code, **json.loads(figures)}
    if code:
        yield {"said": rows[-_NUM_ROWS:]}


def _run(command: Sequence[str], file: Path, seconds: float) -> int:
    """Run it for so long at most; it is interrupted so that it can tell how far it came."""
    with file.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        for number in (signal.SIGINT, signal.SIGKILL):
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                seconds = 8
        return process.wait()
