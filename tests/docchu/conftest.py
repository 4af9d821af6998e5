"""The contract's fake, a client of it, and the command run as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.crew import Crew, running_crew
from docchu.client import Docchu
from tests.docchu.awaited import KINDS, client_of
from tests.docchu.contract_fake import ContractFake

Done = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def service() -> Iterator[ContractFake]:
    """The fake service, listening."""
    with ContractFake() as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client would have paused."""
    return []


@pytest.fixture(params=KINDS)
def client(
    service: ContractFake, pauses: list[float], request: pytest.FixtureRequest
) -> Iterator[Docchu]:
    """A client of the fake that notes its pauses instead of making them, of either kind."""
    with client_of(request.param, service.url, pauses) as client:
        yield client


@pytest.fixture
def environment(service: ContractFake) -> dict[str, str]:
    """The environment of a person who uses the fake."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DOCCHU_")}
    return clean | {"DOCCHU_URL": service.url, "PYTHONPATH": str(ROOT), "TERM": "xterm"}


@pytest.fixture
def docchu(environment: dict[str, str], tmp_path: Path) -> Callable[..., Done]:
    """Run `docchu` in an empty folder."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "docchu.commands.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment | variables,
            cwd=tmp_path,
            timeout=60,
        )

    return run


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """A real service whose reader says the number that a document bears (`bench.workers`)."""
    settings = {"DOCCHU_LEASE_S": "3", "DOCCHU_MAX_UPLOAD_BYTES": "1000000"}
    settings["DOCCHU_ALLOW_TARGETS"] = "127.0.0.0/8"
    with running_crew(tmp_path_factory.mktemp("crew"), "bench.workers.marked", **settings) as crew:
        yield crew


@pytest.fixture
def real(crew: Crew) -> Iterator[Docchu]:
    """A client of the real service."""
    with Docchu(crew.url) as client:
        yield client


@pytest.fixture(params=KINDS)
def either(crew: Crew, request: pytest.FixtureRequest) -> Iterator[Docchu]:
    """A client of the real service, of either kind."""
    with client_of(request.param, crew.url) as client:
        yield client


@pytest.fixture
def command(crew: Crew, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `docchu` as people do who use the real service."""

    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, **variables: str) -> subprocess.Popen[str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith("DOCCHU_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "docchu.commands.cli", *map(str, arguments)],
            env=clean | {"DOCCHU_URL": crew.url, "PYTHONPATH": str(ROOT)} | variables,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:  # closes its pipes and waits for it
            pass
