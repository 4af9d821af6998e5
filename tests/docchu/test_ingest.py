"""Stories of `docchu ingest`, run as people run it, with a real service behind it."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.crew import Crew
from bench.ingest import judge, make_archive, num_written
from bench.workers.marked import picture_of, text_of
from docchu.client import Docchu
from docchu.files.outputs import Folder
from tests.docchu.flaky import FlakyLine

Command = Callable[..., "subprocess.Popen[str]"]
Ingest = Callable[..., tuple[int, str]]
_numbers = iter(range(1000, 1_000_000))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """An empty folder for documents."""
    folder = tmp_path / "Bản quét"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "kết quả"


@pytest.fixture
def ingest(command: Command, scans: Path, out: Path) -> Ingest:
    """Run `docchu ingest` to its end; its exit code and what it said."""

    def run(*options: str | Path, **variables: str) -> tuple[int, str]:
        process = command("ingest", scans, "--out", out, *options, **variables)
        _, said = process.communicate(timeout=150)
        return process.returncode, said

    return run


def write(path: Path) -> int:
    """Write a document that nobody has seen, and give its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = next(_numbers)
    path.write_bytes(picture_of(number))
    return number


def text(out: Path, name: str) -> str:
    return (out / name).read_text(encoding="utf-8")


def num_jobs(real: Docchu) -> int:
    return sum(1 for _ in real.jobs())


@pytest.mark.acceptance  # many processes one after the other
@pytest.mark.timeout(500)
def test_killed_anywhere_nothing_is_lost_and_nothing_read_twice(
    crew: Crew, command: Command, tmp_path: Path, out: Path
) -> None:
    archive = make_archive(tmp_path / "kho", 150, lambda n: picture_of(500_000 + n))
    numbers = {name: 500_000 + number for name, number in archive.numbers.items()}
    archive = type(archive)(archive.root, numbers)
    rng = random.Random(7)

    def wait_for(goal: int) -> None:
        while num_written(out) < goal and process.poll() is None:
            time.sleep(0.02)

    for goal in (0, 25, 110):
        process = command("ingest", archive.root, "--out", out)
        if goal == 110:
            wait_for(60)
            crew.kill("worker")
            crew.kill("api")
        wait_for(goal)
        time.sleep(rng.random() * 0.5)
        process.kill()
        process.communicate()
    process = command("ingest", archive.root, "--out", out)
    _, said = process.communicate(timeout=150)
    assert process.returncode == 0, said
    verdict = judge(crew, archive, out)
    assert verdict.num_right == 150 and verdict.is_good, verdict


def test_results_stand_under_the_documents_names_in_all_formats(
    ingest: Ingest, scans: Path, out: Path, real: Docchu
) -> None:
    number = write(scans / "Năm 2024" / "tháng 1" / "giấy.png")
    forms = ("text", "json", "hocr", "html", "docx")
    code, said = ingest(*(word for form in forms for word in ("--format", form)))
    assert code == 0, said
    name = "Năm 2024/tháng 1/giấy.png"
    assert text(out, f"{name}.txt") == f"{text_of(number)}\n"
    assert json.loads(text(out, f"{name}.json"))["pages"][0]["lines"][0]["text"] == text_of(number)
    assert text_of(number).split()[0] in text(out, f"{name}.hocr")
    assert f"<p>{text_of(number)}</p>" in text(out, f"{name}.html")
    assert (out / f"{name}.docx").read_bytes().startswith(b"PK")
    before = num_jobs(real)
    (out / f"{name}.txt").unlink()
    code, said = ingest("--format", "text", "--format", "pdf", "--pages", "1")
    assert code == 0, said
    assert text(out, f"{name}.txt") == f"{text_of(number)}\n"
    assert (out / f"{name}.pdf").read_bytes().startswith(b"%PDF-")
    assert num_jobs(real) == before, "what is missing is fetched, not read again"
    code, said = ingest("--fresh", "--text-layer", "ignore", "--pages", "1")
    assert code == 0, said
    options = next(real.jobs()).options
    assert (options["text_layer"], options["pages"]) == ("ignore", "1")


def test_a_document_without_tables_has_no_workbook_and_is_listed(
    ingest: Ingest, scans: Path, out: Path
) -> None:
    write(scans / "giấy.png")
    code, said = ingest("--format", "text", "--format", "xlsx")
    assert code == 1, said
    assert (out / "giấy.png.txt").exists() and not (out / "giấy.png.xlsx").exists()
    assert "format_not_available" in text(out, "failures.csv")


def test_several_tables_as_csv_are_a_zip_by_name_too(tmp_path: Path) -> None:
    folder = Folder(tmp_path, tmp_path)
    one, several = b"a,b\r\n", b"PK\x03\x04"
    folder.write("a.png", "csv", one)
    assert folder.path("a.png", "csv") == tmp_path / "a.png.csv"
    folder.write("b.png", "csv", several)
    assert folder.path("b.png", "csv") == tmp_path / "b.png.csv.zip"
    assert folder.has("b.png", {"csv": ""})


def test_the_same_content_is_read_once_and_a_changed_file_again(
    ingest: Ingest, scans: Path, out: Path, real: Docchu
) -> None:
    number = write(scans / "a.png")
    (scans / "bản sao.png").write_bytes((scans / "a.png").read_bytes())
    before = num_jobs(real)
    assert ingest()[0] == 0
    assert num_jobs(real) == before + 1
    assert text(out, "a.png.txt") == text(out, "bản sao.png.txt") == f"{text_of(number)}\n"
    changed = write(scans / "a.png")
    (scans / "bản sao 2.png").write_bytes((scans / "bản sao.png").read_bytes())
    assert ingest()[0] == 0
    assert num_jobs(real) == before + 2
    assert text(out, "a.png.txt") == f"{text_of(changed)}\n"
    assert text(out, "bản sao.png.txt") == text(out, "bản sao 2.png.txt") == f"{text_of(number)}\n"


def test_what_is_no_document_is_passed_over_and_what_fails_is_listed(
    ingest: Ingest, scans: Path, out: Path
) -> None:
    write(scans / "tốt.png")
    write(scans / ".ẩn.png")
    (scans / "ghi chú.txt").write_text("xin chào", encoding="utf-8")
    (scans / "rỗng.png").touch()
    (scans / "giả.pdf").write_text("không phải PDF", encoding="utf-8")
    (scans / "hỏng.png").write_bytes(picture_of(1)[:40])
    (scans / "lớn.png").write_bytes(picture_of(1) + bytes(9_000_000))
    (scans / "vòng").symlink_to(scans)
    (scans / "đứt.png").symlink_to(scans / "không có")
    os.mkfifo(scans / "ống.png")
    code, said = ingest()
    assert code == 1
    assert "6 documents" in said and "1 read, 5 failed, 1 files are no documents" in said
    with (out / "failures.csv").open(encoding="utf-8", newline="") as file:
        failures = {row["name"]: row["code"] for row in csv.DictReader(file)}
    assert failures.keys() == {"rỗng.png", "giả.pdf", "hỏng.png", "đứt.png", "lớn.png"}
    assert failures["lớn.png"] == "document_too_large"
    assert failures["rỗng.png"] == "empty_document"
    assert failures["giả.pdf"] == "unsupported_media_type"
    assert sorted(path.name for path in out.rglob("*.txt")) == ["tốt.png.txt"]
    for name in failures:
        (scans / name).unlink()
    assert ingest()[0] == 0
    assert not (out / "failures.csv").exists()


def test_what_failed_is_read_again_only_when_told_to(
    ingest: Ingest, scans: Path, real: Docchu
) -> None:
    (scans / "hỏng.png").write_bytes(picture_of(next(_numbers))[:50])
    before = num_jobs(real)
    assert [ingest()[0], ingest()[0]] == [1, 1]
    assert num_jobs(real) == before + 1
    assert ingest("--retry-failed")[0] == 1
    assert num_jobs(real) == before + 2


def test_a_batch_that_is_erased_on_the_way_costs_no_document(
    ingest: Ingest, command: Command, scans: Path, out: Path, real: Docchu
) -> None:
    numbers = {
        f"trang {index:02}.png": write(scans / f"trang {index:02}.png") for index in range(40)
    }
    process = command("ingest", scans, "--out", out)
    while not num_written(out) and process.poll() is None:
        time.sleep(0.01)
    real.batches.erase(next(real.batches.all()))
    _, said = process.communicate(timeout=150)
    assert process.returncode == 0, said
    assert {name: text(out, f"{name}.txt") for name in numbers} == {
        name: f"{text_of(number)}\n" for name, number in numbers.items()
    }


def test_a_bad_line_costs_no_document_and_no_second_reading(
    crew: Crew, ingest: Ingest, scans: Path, out: Path, real: Docchu
) -> None:
    numbers = {f"{index}.png": write(scans / f"{index}.png") for index in range(40)}
    before = num_jobs(real)
    line = FlakyLine(urlsplit(crew.url).port or 0, loss=0.04)
    try:
        code, said = ingest("--url", f"http://127.0.0.1:{line.port}", "--connections", "4")
    finally:
        line.close()
    assert code == 0, said
    assert line.num_breaks > 3
    for name, number in numbers.items():
        assert text(out, f"{name}.txt") == f"{text_of(number)}\n"
    assert num_jobs(real) == before + 40


def test_paths_that_cannot_be_told_apart_are_refused(
    command: Command, tmp_path: Path, out: Path
) -> None:
    for folder in ("x/2024", "y/2024"):
        write(tmp_path / folder / "a.png")
    process = command("ingest", tmp_path / "x/2024", tmp_path / "y/2024", "--out", out)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2 and "ingest them apart" in said
    process = command("ingest", tmp_path / "x", tmp_path / "y", "--out", out)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert (out / "x/2024/a.png.txt").exists() and (out / "y/2024/a.png.txt").exists()


def test_results_may_stand_beside_their_documents(
    command: Command, scans: Path, real: Docchu
) -> None:
    number = write(scans / "a.png")
    before = num_jobs(real)
    for _ in range(2):
        process = command("ingest", scans, "--out", scans, "--format", "text", "--format", "pdf")
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    assert text(scans, "a.png.txt") == f"{text_of(number)}\n"
    assert num_jobs(real) == before + 1
    assert not (scans / "a.png.pdf.txt").exists()


def test_two_runs_in_one_folder_exclude_each_other(
    command: Command, ingest: Ingest, scans: Path, out: Path
) -> None:
    for index in range(60):
        write(scans / f"{index}.png")
    first = command("ingest", scans, "--out", out)
    while not num_written(out) and first.poll() is None:
        time.sleep(0.01)
    code, said = ingest()
    if num_written(out) < 60:  # else the first may have been about to end
        assert code == 2 and "Another docchu" in said
    first.send_signal(2)
    _, said = first.communicate(timeout=60)
    assert first.returncode in (130, 0), said
    assert ingest()[0] == 0
    assert num_written(out) == 60
