"""A device is lost under a real worker of two processes: what it read is read again."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import torch

from bench.crew import SILENT_CANARY, running_crew
from shared.store.scripts import connect
from shared.store.workers import Workers

pytestmark = [pytest.mark.gpu, pytest.mark.acceptance]

LINE = Path(__file__).parents[2] / "keeper" / "canary.png"


def test_a_process_whose_device_is_lost_is_started_anew_and_the_page_is_read(
    tmp_path: Path,
) -> None:
    loses = tmp_path / "loses"
    environ = {
        **SILENT_CANARY,
        "DOCCHU_DEVICE": "cuda:0" if torch.cuda.is_available() else "cpu",
        "DOCCHU_DEVICE_PROCESSES": "2",
        "DOCCHU_LEASE_S": "2",
        "TEST_LOSES": str(loses),
    }
    with running_crew(tmp_path, "tests.worker.losing_device", **environ) as crew:
        workers = Workers(connect(crew.settings.store_url))
        crew.wait_until(lambda: len(workers.alive()) == 2, "two processes", 120)
        first = {one.id for one in workers.alive()}
        loses.touch()
        answer = httpx.post(
            f"{crew.url}/v1/jobs",
            content=LINE.read_bytes(),
            headers={"Prefer": "wait=60"},
            timeout=90,
        )
        assert not loses.exists()
        crew.wait_until(
            lambda: {one.id for one in workers.alive()} - first, "one started anew", 120
        )
        job = f"{crew.url}/v1/jobs/{answer.json()['id']}"
        crew.wait_until(lambda: httpx.get(job).json()["status"] == "succeeded", "the page", 60)
        said = crew.log.read_text()
    assert "device is lost" in said
    assert "another is started" in said and '"status": 70' in said
