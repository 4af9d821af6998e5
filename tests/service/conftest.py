"""One service for all tests of this folder: real server, real workers, real model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.crew import NULL_WORKER, SILENT_CANARY, running_crew
from bench.service import RunningService, free_port, running_service
from tests.models.own import make_shouting
from tests.service.collector import collecting
from tests.service.operating import FAST, Operator
from tests.service.seen import Seen


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


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A service of two API processes and a worker of two, whose figures and traces are seen."""
    port = free_port()
    with collecting() as collector:
        settings = {
            "DOCCHU_METRICS_BIND": f"127.0.0.1:{port}",
            "DOCCHU_API_PROCESSES": "2",
            "DOCCHU_DEVICE": "cpu",
            "DOCCHU_DEVICE_PROCESSES": "2",
            "DOCCHU_ALLOW_TARGETS": "127.0.0.0/8",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        folder = tmp_path_factory.mktemp("seen")
        with running_crew(folder, NULL_WORKER, **SILENT_CANARY, **settings) as crew:
            yield Seen(crew, port, collector)
