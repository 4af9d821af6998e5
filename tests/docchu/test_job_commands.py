"""Stories of `docchu jobs`, `get` and `cancel`, and of the options of `docchu read`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from docchu.client import Docchu as Client
from tests.docchu.contract_fake import ContractFake

Docchu = Callable[..., subprocess.CompletedProcess[str]]
OPTIONS = {
    "pages": "1-2",
    "model": "vi-print",
    "text_layer": "trust",
    "extract": "auto",
    "language_model": "off",
}
GIVEN = [word for name, it in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", it)]


@pytest.fixture
def client(service: ContractFake) -> Client:
    return Client(service.url)


def test_jobs_are_listed_printed_and_canceled(
    docchu: Docchu, client: Client, service: ContractFake
):
    read = client.submit(b"m\xe1\xbb\x99t\n", name="a\tb\x1b[2J.png")
    slow = client.submit(b"STUCK\nx", name="b.png")
    client.wait(read)
    rows = [row.split("\t") for row in docchu("jobs").stdout.splitlines()]
    assert [row[0] for row in rows] == [slow.id, read.id]
    assert len(rows[1]) == 5 and "\x1b" not in rows[1][4]
    assert len(docchu("jobs", "--limit", "1").stdout.splitlines()) == 1
    assert docchu("get", read.id).stdout == "một\n"
    done = docchu("cancel", slow.id, "job_none")
    assert done.stdout.startswith(f"{slow.id}\tcanceled")
    assert (done.returncode, "job_none: job_not_found" in done.stderr) == (1, True)
    refused = docchu("get", slow.id)
    assert (refused.returncode, refused.stdout) == (1, "") and "job_canceled" in refused.stderr


def test_without_a_service_they_say_so(docchu: Docchu):
    for command in (["jobs"], ["get", "job_1"], ["cancel", "job_1"], ["retry", "job_1"]):
        done = docchu(*command, "--url", "http://127.0.0.1:9")
        assert (done.returncode, "docchu serve" in done.stderr) == (3, True)


def test_read_passes_on_how_to_read(docchu: Docchu, tmp_path: Path, service: ContractFake):
    (tmp_path / "a.pdf").write_text("x\n")
    assert docchu("read", "a.pdf", *GIVEN).returncode == 0
    assert service.only_job().options == OPTIONS
    assert docchu("read", "a.pdf", "--text-layer", "no").returncode == 2


def test_results_are_written_below_a_folder(docchu: Docchu, tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name, text in (("in/a.png", "một\n"), ("b.png", "hai\n")):
        (tmp_path / name).write_text(text)
    done = docchu("read", "in/a.png", "b.png", "--out", "out/deep")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    written = {file.name: file.read_text() for file in (tmp_path / "out" / "deep").iterdir()}
    assert written == {"a.png.txt": "một\n", "b.png.txt": "hai\n"}
    assert docchu("read", "in/a.png", "b.png", "--format", "pdf", "--out", "out").returncode == 0
    (tmp_path / "in" / "b.png").write_text("x")
    twice = docchu("read", "in/b.png", "b.png", "--out", "out")
    assert (twice.returncode, "two of these are called b.png" in twice.stderr) == (2, True)


def test_the_version_and_completions_are_told(docchu: Docchu):
    assert docchu("--version").stdout == f"docchu {version('docchu')}\n"
    asked = {"_DOCCHU_COMPLETE": "complete_bash", "COMP_WORDS": "docchu re", "COMP_CWORD": "1"}
    assert docchu(**asked).stdout.split() == ["read", "retry"]
