"""Requests that are made from the API's own description: it answers all of them as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.crew import NULL_WORKER, SILENT_CANARY, running_crew

ROOT = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A whole service whose reader reads nothing."""
    folder = tmp_path_factory.mktemp("generated")
    with running_crew(folder, NULL_WORKER, **SILENT_CANARY, DOCCHU_FETCH_TIMEOUT_S="2") as crew:
        yield crew.url


def run(url: str, folder: Path, *arguments: str) -> int:
    """Let Schemathesis look with all its checks; how many requests it made."""
    command = [SCHEMATHESIS, "--config-file", ROOT / "schemathesis.toml", "run"]
    command += [f"{url}/openapi.json", "--checks", "all", "--seed", "1", "--no-color", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    failures = done.stdout.partition("= FAILURES =")[2] or done.stdout[-8000:]
    assert done.returncode == 0, failures + done.stderr[-2000:]
    found = re.search(r"([\d,]+) generated", done.stdout)
    assert found, done.stdout[-2000:]
    return int(found[1].replace(",", ""))


@pytest.mark.timeout(900)
def test_every_kind_of_request_is_answered_as_described(url: str, tmp_path: Path) -> None:
    assert run(url, tmp_path, "--phases", "examples,coverage") > 1500


@pytest.mark.acceptance
@pytest.mark.timeout(7200)
def test_ten_thousand_requests_find_nothing(url: str, tmp_path: Path) -> None:
    phases = "examples,coverage,fuzzing,stateful"
    assert run(url, tmp_path, "--phases", phases, "-n", "250", "--continue-on-failure") > 10_000
