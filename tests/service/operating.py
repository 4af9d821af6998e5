"""Somebody who runs `docchu admin` beside a service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from bench.crew import Crew
from shared.admin.command import app

FAST = {"DOCCHU_CANARY_INTERVAL_S": "1", "DOCCHU_LEASE_S": "4"}
PICTURE = (Path(__file__).parents[2] / "keeper" / "canary.png").read_bytes()


def admin(*arguments: str, data: Path, url: str = "", store: str = "", code: int = 0) -> str:
    """Run the command; what it said, on both its outputs."""
    environment = {
        "DOCCHU_DATA_DIR": str(data),
        "DOCCHU_URL": url,
        "DOCCHU_BIND": url.removeprefix("http://"),
        "DOCCHU_REDIS_URL": store,
    }
    done = CliRunner().invoke(app, arguments, env=environment)
    assert done.exit_code == code, done.output
    return str(done.output)


class Operator:
    """Somebody who runs `docchu admin` beside a service."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.client = httpx.Client(base_url=crew.url, timeout=60)

    def admin(self, *arguments: str, code: int = 0) -> str:
        data = self.crew.settings.data_dir
        store = self.crew.settings.redis_url
        return admin(*arguments, data=data, url=self.crew.url, store=store, code=code)

    def told(self, *arguments: str, code: int = 0) -> Any:
        """What it says to programs."""
        return json.loads(self.admin(*arguments, "--json", code=code))

    def submit(self) -> str:
        job: dict[str, Any] = self.client.post("/v1/jobs", content=PICTURE).json()
        return str(job["id"])

    def status(self, job_id: str) -> str:
        """How a job stands: its status, or the code of the problem that there is with it."""
        job = self.client.get(f"/v1/jobs/{job_id}").json()
        return str(job.get("status") if "id" in job else job["code"])

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        self.crew.wait_until(holds, what, 60)
