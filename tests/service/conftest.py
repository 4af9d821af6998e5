"""One service for all tests of this folder: real server, real workers, real model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.service import RunningService, running_service
from tests.models.own import make_shouting


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
