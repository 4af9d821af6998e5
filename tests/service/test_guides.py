"""What README and the guides tell people to type does what they say, on a running service.

A section's blocks are run in their order in one folder that holds what they name: a block with a
title becomes that file, commands are typed into one shell, Python runs as it stands. Only addresses
are changed, to those of the service that is tested.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from bench.receiver import receiving
from bench.service import RunningService, free_port
from tests.ocr.drawn_tables import Paper
from tests.service.documents import numbered_page, numbered_pdf

ROOT = Path(__file__).parents[2]
GUIDES = ("README.md", "docs/first.md", "docs/recipes.md", "docs/tables.md")
TRANSLATED = {"README.md": "README.vi.md", "docs/first.md": "docs/first.vi.md"}
ELSEWHERE = {
    "pip install 'docchu[server]'\ndocchu serve\n": "tests/acceptance/test_installed.py",
    "docker compose up\n": "tests/project/test_compose.py",
}
"""What installs or starts everything, and the test of that."""
_BLOCK = re.compile(r'^```(\w+)(?: title="([\w.]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, the file that it is, if any, and its text."""

    language: str
    title: str
    text: str


def blocks(text: str) -> list[Block]:
    return [Block(*one) for one in _BLOCK.findall(text)]


def sections() -> dict[str, list[Block]]:
    """The blocks of each section by its heading."""
    known: dict[str, list[Block]] = {}
    for guide in GUIDES:
        for part in re.split("^#+ ", (ROOT / guide).read_text(), flags=re.MULTILINE):
            found = [one for one in blocks(part) if one.text not in ELSEWHERE]
            if found:
                heading = part.partition("\n")[0]
                assert heading not in known, f"two sections are called {heading}"
                known[heading] = found
    return known


SECTIONS = sections()


@dataclass(frozen=True)
class Expected:
    """What a section prints, and how the files begin that it makes."""

    said: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)


PAGES = ("Page number 1", "Page number 2")
ACCEPTED = ('"job_',)
EXPECTED = {
    "First calls": Expected((*PAGES, "Page number 7", *ACCEPTED)),
    "Bulk": Expected(
        ('"bat_',),
        {"TEXTS/a/b.png.txt": b"Page number 8", "INBOX/done/c.png": b"\x89PNG"},
    ),
    "Webhooks": Expected(ACCEPTED),
    "Keys": Expected(("dk_",)),
    "Read something": Expected((*PAGES, "Page number 7"), {"contract.docx": b"PK"}),
    "The same over HTTP": Expected((*PAGES, *ACCEPTED), {"searchable.pdf": b"%PDF"}),
    "Ask for more, or for less": Expected((*ACCEPTED, '"order":7')),
    "curl: submit, wait, fetch": Expected(
        (*PAGES, *ACCEPTED), {"contract-searchable.pdf": b"%PDF"}
    ),
    "Python: lines with their confidence": Expected(PAGES),
    "Python: tables as a workbook": Expected(("format_not_available",)),
    "Node": Expected(PAGES),
    "A receiver of webhooks": Expected(ACCEPTED, {"received.txt": b"Page number 7"}),
    "A folder": Expected(files={"TEXTS/a/b.png.txt": b"Page number 8", "TEXTS/a/b.png.json": b"{"}),
    "Tables": Expected(("Paper,12",), {"tables.xlsx": b"PK"}),
}


def _told() -> list[object]:
    """The sections; those of README in every run of the tests, the others in `make acceptance`."""
    readme = (ROOT / "README.md").read_text()
    return [
        pytest.param(
            *(heading, blocks),
            id=heading,
            marks=() if f"# {heading}\n" in readme else pytest.mark.acceptance,
        )
        for heading, blocks in SECTIONS.items()
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the guides take as given: pictures, a PDF, folders, an archive."""
    numbered_page(7).save(tmp_path / "page.png")
    (tmp_path / "contract.pdf").write_bytes(numbered_pdf(2))
    table = Paper().table([["Name", "Amount"], ["Paper", "12"], ["Ink", "34"]], [300, 300])
    Image.fromarray(table.picture).save(tmp_path / "table.png")
    for name in ("SCANS/a/b.png", "INBOX/c.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        numbered_page(8).save(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(tmp_path / "page.png", "a/page.png")
    return tmp_path


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("heading", "blocks"), _told())
def test_what_is_told_is_done(
    heading: str, blocks: list[Block], folder: Path, service: RunningService
) -> None:
    if heading == "Node" and not shutil.which("node"):
        assert os.environ.get("CI") != "true", "CI must have node"
        pytest.skip("node is not installed")
    with receiving() as receiver:
        port = free_port()
        addresses = {
            "http://127.0.0.1:8080": str(service.client.base_url).rstrip("/"),
            "https://example.com/hook": receiver.url,
            "127.0.0.1:5000": f"127.0.0.1:{port}",
            "--port 5000": f"--port {port}",
            "docchu watch INBOX": "docchu watch INBOX &",  # it goes on for ever
        }
        typed = ["set -euo pipefail"]
        for block in blocks:
            text = block.text
            for old, new in addresses.items():
                text = text.replace(old, new)
            if block.title:
                (folder / block.title).write_text(text)
            elif block.language == "sh":
                typed.append(text)
            else:
                assert block.language == "python"
                typed.append(f"python - <<'END'\n{text}END")
        said = run(
            "\n".join(typed), folder, addresses["http://127.0.0.1:8080"], EXPECTED[heading].files
        )
    for text in EXPECTED[heading].said:
        assert text in said, said
    for name, start in EXPECTED[heading].files.items():
        assert (folder / name).read_bytes().startswith(start), name


def run(script: str, folder: Path, address: str, wanted: Iterable[str]) -> str:
    """Type this into a shell, and wait for these files; what it prints."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DOCCHU_URL": address,
        "DOCCHU_DATA_DIR": str(folder / "data"),
    }
    out, err = folder / "out", folder / "err"
    with (
        out.open("w") as said,
        err.open("w") as complained,
        subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=complained,
            start_new_session=True,
        ) as shell,
    ):
        code = shell.wait(300)
        deadline = time.monotonic() + 60
        while code == 0 and not all((folder / name).exists() for name in wanted):
            assert time.monotonic() < deadline, err.read_text()
            time.sleep(0.1)
        with suppress(ProcessLookupError):  # what was put into the background
            os.killpg(shell.pid, signal.SIGKILL)
    assert code == 0, out.read_text() + err.read_text()
    return out.read_text()


def test_what_is_run_elsewhere_is_told_and_tested_there() -> None:
    told = {one.text for guide in GUIDES for one in blocks((ROOT / guide).read_text())}
    for command, test in ELSEWHERE.items():
        assert command in told and (ROOT / test).exists()


@pytest.mark.parametrize(("guide", "translation"), TRANSLATED.items())
def test_both_languages_tell_the_same_commands(guide: str, translation: str) -> None:
    def bare(name: str) -> list[str]:
        return [re.sub(" +# .*", "", one.text) for one in blocks((ROOT / name).read_text())]

    assert bare(guide) == bare(translation)


def test_readme_is_read_in_a_few_minutes() -> None:
    for name in ("README.md", "README.vi.md"):
        assert len((ROOT / name).read_text().split()) <= 1000
