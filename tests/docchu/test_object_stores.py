"""Archives in an object store are read from there, and results written there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.workers.marked import picture_of, text_of
from docchu.client import Docchu
from docchu.files.objects import ObjectFolder
from tests.objects import BUCKET, ObjectServer

pytestmark = pytest.mark.acceptance  # whole services, or many pages

Ingest = Callable[..., tuple[int, str]]


@pytest.fixture
def ingest(
    command: Callable[..., subprocess.Popen[str]], object_server: ObjectServer, tmp_path: Path
) -> Ingest:
    """Run `docchu ingest` to its end, with a state folder of the test's own."""

    def run(*arguments: str | Path, **variables: str) -> tuple[int, str]:
        own = {"XDG_STATE_HOME": str(tmp_path / "state")}
        process = command("ingest", *arguments, **own | variables)
        _, said = process.communicate(timeout=150)
        return process.returncode, said

    return run


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}"


def scans(place: str, *numbers: int) -> ObjectFolder:
    """Documents in folders, beside what is none and what is hidden."""
    folder = ObjectFolder(f"{place}/Bản quét")
    for number in numbers:
        folder.write(f"năm {number % 3}/hóa đơn #{number}.png", picture_of(number))
    folder.write("ghi chú.txt", b"no document")
    folder.write(".hidden/a.png", picture_of(1))
    return folder


def num_jobs(real: Docchu) -> int:
    return sum(1 for _ in real.jobs())


def test_an_archive_goes_from_bucket_to_bucket_and_is_read_once(
    ingest: Ingest, place: str, real: Docchu, object_server: ObjectServer
) -> None:
    scans(place, *range(700_000, 700_012))
    before = num_jobs(real)
    code, said = ingest(f"{place}/Bản quét", "--out", f"{place}/kết quả", "--format", "text")
    assert code == 0, said
    assert "12 documents (12 different): 12 read, 0 failed, 1 files are no documents" in said
    out = ObjectFolder(f"{place}/kết quả")
    for number in range(700_000, 700_012):
        assert out.read(f"năm {number % 3}/hóa đơn #{number}.png.txt").decode().strip() == text_of(
            number
        )
    assert num_jobs(real) == before + 12
    # What has gone is written again from what was read; nothing is read again.
    out.delete("năm 2/hóa đơn #700001.png.txt")
    code, said = ingest(f"{place}/Bản quét", "--out", f"{place}/kết quả", "--format", "text")
    assert code == 0 and num_jobs(real) == before + 12, said
    assert out.has("năm 2/hóa đơn #700001.png.txt")


def test_what_failed_is_listed_there_and_results_may_lie_beside_their_documents(
    ingest: Ingest, place: str
) -> None:
    folder = scans(place, 700_100)
    folder.write("hỏng.png", picture_of(7)[:40])
    for _ in range(2):  # the second run takes no result of the first for a document
        code, said = ingest(f"{place}/Bản quét", "--out", f"{place}/Bản quét", "--format", "pdf")
        assert code == 1, said
        assert "2 documents (2 different): 1 read, 1 failed" in said
    assert folder.read("năm 2/hóa đơn #700100.png.pdf").startswith(b"%PDF-")
    assert "hỏng.png,failed,document_damaged" in folder.read("failures.csv").decode()


def test_folders_and_buckets_mix(ingest: Ingest, place: str, tmp_path: Path) -> None:
    scans(place, 700_200)
    (tmp_path / "máy").mkdir()
    (tmp_path / "máy/a.png").write_bytes(picture_of(700_201))
    out = tmp_path / "ra"
    code, said = ingest(f"{place}/Bản quét", tmp_path / "máy", "--out", out)
    assert code == 0, said
    assert (out / "máy/a.png.txt").read_text(encoding="utf-8").strip() == text_of(700_201)
    text = (out / "Bản quét/năm 0/hóa đơn #700200.png.txt").read_text(encoding="utf-8")
    assert text.strip() == text_of(700_200)


def test_a_store_that_refuses_is_told_in_a_line(ingest: Ingest, place: str, tmp_path: Path) -> None:
    code, said = ingest("s3://no-such-bucket/x", "--out", tmp_path / "ra")
    assert code == 2 and "there is no such bucket" in said and "Traceback" not in said
    code, said = ingest(place, "--out", tmp_path / "ra2", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert code == 2 and "object store" in said and len(said.splitlines()) == 1, said
