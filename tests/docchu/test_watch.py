"""Stories of `docchu watch`, run as people run it, with a real service behind it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.crew import Crew
from bench.workers.marked import picture_of, text_of
from docchu.client import Docchu
from tests.docchu.flaky import FlakyLine

Command = Callable[..., "subprocess.Popen[str]"]
Watching = Callable[..., "contextmanager[subprocess.Popen[str]]"]
_numbers = iter(range(2_000_000, 3_000_000))
_LONGEST_S = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to be watched."""
    folder = tmp_path / "Máy quét"
    folder.mkdir()
    return folder


@pytest.fixture
def watching(command: Command, folder: Path):  # type: ignore[no-untyped-def]
    """Watch the folder while something is done."""

    @contextmanager
    def watch(*options: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        process = command("watch", folder, "--settle", "0.5", *options, **variables)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                _, said = process.communicate()
            print(said)

    return watch


def put(path: Path, data: bytes | None = None) -> int:
    """Put a document that nobody has seen where it belongs, and give its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = next(_numbers)
    path.write_bytes(picture_of(number) if data is None else data)
    return number


def wait_for(*paths: Path) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not all(path.exists() for path in paths):
        assert time.monotonic() < deadline, [p for p in paths if not p.exists()]
        time.sleep(0.05)


def tree(folder: Path) -> set[str]:
    """All files that are not hidden."""
    files = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {str(file) for file in files if not file.parts[0].startswith(".")}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def num_jobs(real: Docchu) -> int:
    return sum(1 for _ in real.jobs())


def test_what_is_put_into_the_folder_is_read_and_moved(watching: Watching, folder: Path) -> None:
    first = put(folder / "đơn.png")
    with watching("--format", "text", "--format", "json"):
        second = put(folder / "Phòng 2" / "đơn.png")
        done = folder / "done"
        wait_for(done / "đơn.png", done / "Phòng 2" / "đơn.png")
        third = put(folder / "đơn.png")
        wait_for(done / "đơn-2.png")
    assert text(done / "đơn.png.txt") == text_of(first)
    assert text(done / "Phòng 2" / "đơn.png.txt") == text_of(second)
    assert text(done / "đơn-2.png.txt") == text_of(third)
    assert len(tree(folder)) == 9 and all(name.startswith("done/") for name in tree(folder))


def test_bad_files_and_repeated_ones_are_set_aside_with_the_reason(
    watching: Watching, folder: Path, real: Docchu
) -> None:
    put(folder / "tốt.png")
    bad = picture_of(next(_numbers))[:50]
    with watching("--polling"):
        wait_for(folder / "done/tốt.png")
        before = num_jobs(real)
        (folder / "lại.png").write_bytes((folder / "done/tốt.png").read_bytes())
        put(folder / "hỏng.png", bad)
        put(folder / "thư.docx", b"PK not a picture")
        wait_for(folder / "duplicate/lại.png", folder / "failed/hỏng.png")
        wait_for(folder / "failed/thư.docx")
        put(folder / "hỏng.png", bad)
        wait_for(folder / "failed/hỏng-2.png")
        assert num_jobs(real) == before + 2, "whoever puts a bad file back wants another try"
    assert "done/tốt.png" in text(folder / "duplicate/lại.png.reason.txt")
    assert "unsupported_media_type" in text(folder / "failed/thư.docx.reason.txt")
    assert text(folder / "failed/hỏng.png.reason.txt")
    assert not [name for name in tree(folder) if "/" not in name]


def test_options_are_those_of_every_job(watching: Watching, folder: Path, real: Docchu) -> None:
    put(folder / "tờ.png")
    with watching("--text-layer", "ignore", "--pages", "1", "--extract", "auto"):
        wait_for(folder / "done/tờ.png")
    options = next(real.jobs()).options
    told = {name: options[name] for name in ("text_layer", "pages", "extract")}
    assert told == {"text_layer": "ignore", "pages": "1", "extract": "auto"}


def test_a_file_that_grows_is_read_when_it_is_whole(
    watching: Watching, folder: Path, real: Docchu
) -> None:
    number = next(_numbers)
    data = picture_of(number)
    before = num_jobs(real)
    with watching():
        with (folder / "chậm.png").open("wb") as file:
            for start in range(0, len(data), 40):
                file.write(data[start : start + 40])
                file.flush()
                time.sleep(0.6)  # longer than a file that nobody has open takes to settle
        wait_for(folder / "done/chậm.png")
    assert text(folder / "done/chậm.png.txt") == text_of(number)
    assert num_jobs(real) == before + 1


@pytest.mark.acceptance  # many processes one after the other
@pytest.mark.timeout(500)
def test_killed_anywhere_each_document_has_one_result(
    command: Command, watching: Watching, folder: Path, real: Docchu
) -> None:
    before = num_jobs(real)
    numbers = {f"tờ {index:02}.png": put(folder / f"tờ {index:02}.png") for index in range(24)}
    for num_done in (0, 4, 10):
        process = command("watch", folder, "--settle", "0.1")
        while len(list(folder.glob("done/*.png"))) <= num_done and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.communicate()
    with watching():
        wait_for(*(folder / "done" / name for name in numbers))
    for name, number in numbers.items():
        assert text(folder / f"done/{name}.txt") == text_of(number)
    assert len(tree(folder)) == 48
    assert num_jobs(real) == before + 24


def test_while_the_service_is_away_everything_waits(
    crew: Crew, watching: Watching, folder: Path
) -> None:
    number = put(folder / "a.png")
    line = FlakyLine(urlsplit(crew.url).port or 0, loss=1)
    try:
        with watching(DOCCHU_URL=f"http://127.0.0.1:{line.port}"):
            deadline = time.monotonic() + _LONGEST_S
            while line.num_breaks < 8 and time.monotonic() < deadline:
                assert tree(folder) == {"a.png"}
                time.sleep(0.05)
            line.loss = 0
            wait_for(folder / "done/a.png")
    finally:
        line.close()
    assert text(folder / "done/a.png.txt") == text_of(number)


def test_one_folder_has_one_watch(crew: Crew, command: Command, folder: Path) -> None:
    first = command("watch", folder)
    wait_for(folder / ".docchu/watch.sqlite", folder / ".docchu/scratch")
    second = command("watch", folder)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 2 and "Another docchu" in said
    beside = command("watch", folder, "--out", folder)
    _, said = beside.communicate(timeout=60)
    assert beside.returncode == 2 and "--out" in said
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert first.returncode == 130
