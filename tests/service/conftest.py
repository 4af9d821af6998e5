"""One service for all tests of this folder: real server, real workers, real model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.crew import NULL_WORKER, running_crew
from bench.service import RunningService, running_service
from tests.models.own import make_shouting
from tests.service.operating import FAST, Operator


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that runs for the whole session, with a model of its own beside the shipped one."""
    folder = tmp_path_factory.mktemp("service")
    make_shouting(folder / "models")
    settings = {
        "DOCCHU_LEASE_S": "4",
        "DOCCHU_ALLOW_TARGETS": "127.0.0.0/8",
        "DOCCHU_MODELS_DIR": str(folder / "models"),
    }
    with running_service(folder, **settings) as running:
        yield running


@pytest.fixture(scope="session")
def ops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A service whose reader reads nothing, and who operates it."""
    with running_crew(tmp_path_factory.mktemp("admin"), NULL_WORKER, **FAST) as crew:
        yield Operator(crew)
