"""Imports go one way, and each process loads only what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from importlinter.cli import lint_imports


def test_imports_go_one_way() -> None:
    assert lint_imports() == 0


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("api", ("torch", "numpy", "PIL", "cv2", "pypdfium2")),
        ("shared.running.local", ("torch", "numpy", "flask")),
        ("keeper.keeper", ("torch", "flask")),
        ("worker.loading.child", ("torch", "cv2", "celery")),
        ("docchu", ("torch", "flask", "celery", "redis")),
    ],
)
def test_a_process_does_not_load_what_it_does_not_need(module: str, heavy: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "", f"{module} loads {done.stdout}"
