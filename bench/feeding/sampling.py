"""What a running process does, by samples of py-spy: who holds the interpreter lock, and where."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

_RATE = 200  # samples per second
_FRAME = re.compile(r"\(((?:api|bench|keeper|shared|worker)/[^:)]+)")
_ELSEWHERE = "elsewhere"
_GRACE_S = 60


class Shares(Counter[str]):
    """Parts of the samples by name; together at most 1."""


def shares(process_id: int, seconds: float) -> tuple[float | None, Shares]:
    """The part of the time that its threads work in which one holds the lock, and their stages.

    A stage is the innermost file of ours; what the bench itself does with the lock does not count.
    All is counted of threads on a processor or waiting for one, so that a machine that is busy with
    other things changes neither.
    """
    samples = _samples(process_id, seconds)
    working = samples.total()
    if not working:
        return None, Shares()
    stages = Shares()
    for stack, number in samples.items():
        stages[_stage(stack)] += number / working  # type: ignore[assignment]
    with_lock = _samples(process_id, seconds, "--gil").items()
    held = sum(number for stack, number in with_lock if not _stage(stack).startswith("bench/"))
    return held / working, stages


def _stage(stack: str) -> str:
    files: list[str] = _FRAME.findall(stack)
    return files[-1] if files else _ELSEWHERE


def _samples(process_id: int, seconds: float, *options: str) -> Counter[str]:
    """How often each stack was seen, outermost frame first."""
    program = Path(sys.executable).parent / "py-spy"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        command = [
            *(str(program) if program.exists() else "py-spy", "record", "--pid", str(process_id)),
            *("--duration", str(max(1, round(seconds))), "--rate", str(_RATE), "--nonblocking"),
            *("--format", "raw", "--output", str(file), *options),
        ]
        stacks: Counter[str] = Counter()
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=seconds * 3 + _GRACE_S)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"py-spy tells nothing: {error}", file=sys.stderr)
            return stacks
        for row in file.read_text().splitlines():
            stack, _, number = row.rpartition(" ")
            stacks[stack] += int(number)
        return stacks
