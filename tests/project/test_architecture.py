"""What docs/architecture.md names is there: each file by its path, each function in its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRAWING = re.sub(
    r"^```.*?^```$", "", (ROOT / "docs" / "architecture.md").read_text(), flags=re.M | re.S
)
_SPAN = re.compile(r"`([^`]+)`")
_MAX_STEPS, _MAX_WORDS = 12, 25


def _named() -> Iterator[tuple[str, str | None]]:
    """Each path that is named, with the function named right behind it."""
    for match in _SPAN.finditer(DRAWING):
        if "/" not in match[1]:
            continue
        behind = re.match(r" `([A-Za-z_.]+)`", DRAWING[match.end() :])
        yield match[1], behind[1] if behind and match[1].endswith(".py") else None


def _defined(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text()).body:
        found.add(getattr(node, "name", ""))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if hasattr(part, "name")}
    return found


@pytest.mark.parametrize(("path", "function"), sorted(set(_named()), key=str))
def test_what_the_drawing_names_exists(path: str, function: str | None) -> None:
    assert (ROOT / path).exists()
    assert function is None or function in _defined(ROOT / path)


def test_a_document_takes_twelve_steps_at_most() -> None:
    steps = re.findall(r"^\| (\d+) \|", DRAWING, re.MULTILINE)
    assert steps == [str(number + 1) for number in range(len(steps))]
    assert 0 < len(steps) <= _MAX_STEPS


def test_the_glossary_has_twenty_five_entries_at_most() -> None:
    rows = DRAWING.split("## Words")[1].strip().splitlines()[2:]
    assert 0 < len(rows) <= _MAX_WORDS


PROGRAMS = ["api", "bench", "docchu", "keeper", "shared", "training", "worker"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_room_says_what_it_decides_and_holds_seventeen_modules_at_most(program: str) -> None:
    files = (ROOT / program).rglob("*.py")
    folders = {file.parent for file in files if ROOT / "training/runs" not in file.parents}
    for folder in folders:
        first = (folder / "__init__.py").read_text()
        assert first.startswith('"""'), f"{folder} says nothing of itself"
        assert len(list(folder.glob("*.py"))) <= 17, f"{folder} holds too many modules"
