"""Docchu is upgraded with the service running, as docs/operating.md says: nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bench.service import free_port
from bench.workers.marked import picture_of, text_of
from shared.running.embedded import server_program
from tests.service.servers import server

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "worker", "keeper", "shared", "docchu", "bench")
WORKER = "bench.workers.marked"
CHANGES = (
    (
        "shared/result.py",
        "    page: int\n    width",
        "    mood: str = 'calm'\n    page: int\n    width",
    ),
    ("bench/workers/marked.py", 'reader, "marked")', 'reader, "marked-next")'),
    ("bench/workers/marked.py", "Page(page=page,", "Page(page=page, mood='bright',"),
)

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def next_build(folder: Path) -> Path:
    """A copy of the programs that has another model, and pages that say one thing more."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in CHANGES:
        text = (folder / name).read_text(encoding="utf-8")
        assert before in text
        (folder / name).write_text(text.replace(before, after), encoding="utf-8")
    return folder


class Fleet:
    """Programs of two builds on one store and one data folder."""

    def __init__(self, folder: Path, store_port: int) -> None:
        self._environ = {
            **os.environ,
            "DOCCHU_ENV_FILE": "",
            "DOCCHU_DATA_DIR": str(folder / "data"),
            "DOCCHU_REDIS_URL": f"redis://127.0.0.1:{store_port}/0",
            "DOCCHU_AUTH": "off",
            "BENCH_READ_S": "0.3",
        }
        (folder / "data").mkdir()
        self._log = folder / "log"
        self._programs: list[subprocess.Popen[bytes]] = []

    def start(self, build: Path, module: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a program of one build."""
        with self._log.open("ab") as log:
            program = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=build,
                env={**self._environ, "PYTHONPATH": str(build), **environ},
                stdout=log,
                stderr=log,
            )
        self._programs.append(program)
        return program

    def stop(self, program: subprocess.Popen[bytes]) -> None:
        """Ask a program to end, as an upgrade does."""
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0, self.told()

    def told(self) -> str:
        """The end of what the programs logged."""
        return self._log.read_text(encoding="utf-8")[-3000:]

    def close(self) -> None:
        """End what still runs."""
        running = [program for program in self._programs if program.poll() is None]
        for program in running:
            program.terminate()
        for program in running:
            program.wait(60)


class Sender:
    """A client that sends documents all the time, to whichever API takes them."""

    def __init__(self, urls: list[str]) -> None:
        self.jobs: dict[int, str] = {}
        self.refused: list[str] = []
        self._urls = urls
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def close(self) -> None:
        """Stop sending."""
        self._closing.set()
        self._thread.join()

    def _send(self) -> None:
        number = 0
        while not self._closing.wait(0.2):
            for url in list(self._urls):
                try:
                    answer = httpx.post(f"{url}/v1/jobs", content=picture_of(number), timeout=60)
                except httpx.ConnectError:
                    continue
                if answer.status_code != 202:
                    self.refused.append(answer.text)
                    continue
                self.jobs[number] = answer.json()["id"]
                number += 1
                break


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    port = free_port()
    with server(tmp_path / "store", server_program(), f"port {port}", "bind 127.0.0.1"):
        fleet = Fleet(tmp_path, port)
        yield fleet
        fleet.close()


def until(fleet: Fleet, holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 150
    while not holds():
        assert time.monotonic() < deadline, f"{what}: {fleet.told()}"
        time.sleep(0.2)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def status(url: str, job: str) -> str:
    return str(httpx.get(f"{url}/v1/jobs/{job}").json()["status"])


def has_model(url: str, name: str) -> bool:
    return name in httpx.get(f"{url}/models").text


def page(url: str, job: str) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{url}/v1/jobs/{job}/result").json()["pages"][0]
    return found


def test_an_upgrade_under_load_loses_nothing_and_what_is_new_goes_to_who_knows_it(
    fleet: Fleet, tmp_path: Path
) -> None:
    following = next_build(tmp_path / "next")
    binds = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    before, after = (f"http://{bind}" for bind in binds)
    old = fleet.start(ROOT, "api", DOCCHU_BIND=binds[0])
    old_keeper = fleet.start(ROOT, "keeper")
    old_workers = [fleet.start(ROOT, WORKER) for _ in range(2)]
    until(fleet, lambda: is_ready(before), "the service does not come up")
    urls = [before]
    sender = Sender(urls)
    try:
        until(fleet, lambda: len(sender.jobs) > 5, "nothing is sent")
        fleet.start(following, "api", DOCCHU_BIND=binds[1])
        until(fleet, lambda: is_ready(after), "the next API does not come up")
        urls.insert(0, after)
        fleet.stop(old)
        urls.remove(before)
        fleet.start(following, "keeper")
        fleet.stop(old_keeper)

        first = sender.jobs[0]
        until(fleet, lambda: status(after, first) == "succeeded", "an old worker reads no more")
        assert "mood" not in page(after, first)

        fleet.start(following, WORKER)
        until(fleet, lambda: has_model(after, "marked-next"), "the next worker does not come")
        wanted = {"model": "marked-next"}
        sent = httpx.post(f"{after}/v1/jobs", params=wanted, content=picture_of(70_000))
        assert sent.status_code == 202, sent.text
        awaited = sent.json()["id"]
        until(fleet, lambda: status(after, awaited) == "succeeded", "who knows it takes it not")
        timeline = httpx.get(f"{after}/v1/jobs/{awaited}/timeline").json()
        assert len(timeline["attempts"]) == 1
        assert page(after, awaited)["mood"] == "bright"
        for worker in old_workers:
            fleet.stop(worker)
        seen = len(sender.jobs)
        until(fleet, lambda: len(sender.jobs) > seen + 5, "nothing is sent any more")
    finally:
        sender.close()
    assert not sender.refused

    def have_ended() -> bool:
        return all(status(after, job) not in ("queued", "running") for job in sender.jobs.values())

    until(fleet, have_ended, "not all of it ends")
    for number, job in sender.jobs.items():
        assert status(after, job) == "succeeded"
        assert page(after, job)["lines"][0]["text"] == text_of(number)  # type: ignore[index]
