"""Clients that others' generators make of the API's description work: upload, poll, every format.

Each runs where its users have it: in a virtual environment, or a folder of node, of its own. Both
are fetched from the registries.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.service import RunningService, running_service
from tests.service.documents import numbered_page

PYTHON = ["openapi-python-client==0.29.1"]
NODE = ["openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5", "@types/node@20"]
HERE = Path(__file__).parent
SAID = "Page number 7"

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The whole service with its model."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def folder(service: RunningService, tmp_path: Path) -> Path:
    """A folder with the description and a picture."""
    (tmp_path / "openapi.json").write_bytes(service.client.get("/openapi.json").content)
    file = io.BytesIO()
    numbered_page(7).save(file, "PNG")
    (tmp_path / "page.png").write_bytes(file.getvalue())
    return tmp_path


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def test_the_client_of_openapi_python_client(service: RunningService, folder: Path) -> None:
    run(folder, sys.executable, "-m", "venv", "--without-pip", "venv")
    programs = folder / "venv" / "bin"
    run(folder, sys.executable, "-m", "pip", "--python", programs / "python", "install", *PYTHON)
    generator = [programs / "openapi-python-client", "generate", "--meta", "none"]
    run(folder, *generator, "--path", "openapi.json", "--output-path", "made")
    shutil.copy(HERE / "upload.py", folder)
    url = str(service.client.base_url)
    assert "done" in run(folder, programs / "python", "upload.py", url, "page.png", SAID)


def test_the_client_of_openapi_typescript_and_openapi_fetch(
    service: RunningService, folder: Path
) -> None:
    assert shutil.which("npm"), "this needs node and npm"
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    run(folder, "npm", "install", "--no-audit", "--no-fund", *NODE)
    run(folder, "npx", "openapi-typescript", "openapi.json", "-o", "made.ts")
    shutil.copy(HERE / "upload.ts", folder)
    compiler = ["npx", "tsc", "--strict", "--noUncheckedIndexedAccess", "--types", "node"]
    run(folder, *compiler, "--module", "nodenext", "--target", "es2022", "upload.ts")
    url = str(service.client.base_url)
    assert "done" in run(folder, "node", "upload.js", url, "page.png", SAID)
