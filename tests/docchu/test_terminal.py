"""Stories of `docchu read` and the person at the terminal: progress, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.docchu.contract_fake import ContractFake

# A test run may itself have been started with interrupts ignored, which children inherit.
WITH_INTERRUPTS = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from docchu.commands.cli import main; main()"
)


def start(
    environment: dict[str, str],
    *arguments: str,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
):
    return subprocess.Popen(
        [sys.executable, "-c", WITH_INTERRUPTS, *arguments],
        stdout=stdout,
        stderr=stderr,
        env=environment,
        text=True,
        encoding="utf-8",
    )


def read_on_a_terminal(environment: dict[str, str], file: Path) -> tuple[str, str]:
    """What came to stdout, a pipe, and to stderr, a terminal."""
    master, slave = pty.openpty()
    with start(environment, "read", str(file), stderr=slave) as process:
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
        os.close(master)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return printed, shown.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_a_long_document_shows_its_progress(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    file = tmp_path / "dài.pdf"
    file.write_text("SLOW\nba trang\n")
    printed, shown = read_on_a_terminal(environment, file)
    assert printed == "ba trang\n"
    assert "dài.pdf" in shown
    assert "/3" in shown


def test_a_quick_page_shows_none(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    file = tmp_path / "ngắn.png"
    file.write_text("một trang\n")
    assert read_on_a_terminal(environment, file) == ("một trang\n", "")


def test_without_a_terminal_there_is_no_progress(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    file = tmp_path / "dài.pdf"
    file.write_text("SLOW\nba trang\n")
    with start(environment, "read", str(file)) as process:
        assert process.communicate(timeout=60) == ("ba trang\n", "")


def test_what_is_printed_on_a_terminal_cannot_steer_it(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    file = tmp_path / "hostile.pdf"
    file.write_text("một \x1b]0;title\x07\x9b31m\n")
    master, slave = pty.openpty()
    with start(environment, "read", str(file), stdout=slave) as process:
        os.close(slave)
        shown = _read(master).decode()
        process.communicate(timeout=60)
    os.close(master)
    assert shown == "một ]0;title31m\r\n"


def test_ctrl_c_cancels_the_jobs_under_way(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_text("STUCK")
    with start(environment, "read", str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf")) as process:
        assert service.created.acquire(timeout=60)
        assert service.created.acquire(timeout=60)
        # Only when it waits for the first has it heard of both.
        assert service.asked.wait(60)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=60)
    assert [job.status for job in service.jobs.values()] == ["canceled", "canceled"]
    assert (printed, told) == ("", "docchu: interrupted; 2 of 2 jobs canceled\n")
    assert process.returncode == 130


def test_where_nobody_reads_on_what_was_read_is_not_called_canceled(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    """As in `docchu read A B | head`."""
    (tmp_path / "a.pdf").write_text("một trang\n")
    (tmp_path / "b.pdf").write_text("STUCK")
    reading, writing = os.pipe()
    os.close(reading)
    files = [str(tmp_path / name) for name in ("a.pdf", "b.pdf")]
    with start(environment, "read", *files, stdout=writing) as process:
        os.close(writing)
        _, told = process.communicate(timeout=60)
    assert [job.status for job in service.jobs.values()] == ["succeeded", "canceled"]
    assert told == "docchu: nobody reads on; 1 of 1 jobs canceled\n"
    assert process.returncode == 1


def test_where_nobody_reads_what_was_read_nothing_is_said(
    environment: dict[str, str], service: ContractFake, tmp_path: Path
):
    (tmp_path / "a.pdf").write_text("một trang\n")
    reading, writing = os.pipe()
    os.close(reading)
    with start(environment, "read", str(tmp_path / "a.pdf"), stdout=writing) as process:
        os.close(writing)
        assert process.communicate(timeout=60)[1] == ""
