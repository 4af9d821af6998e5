"""What tests of figures and traces share: a service that is looked at from outside."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.crew import Crew
from tests.service.collector import Collector


@dataclass
class Seen:
    """A service of two API processes and a worker of two, seen from outside."""

    crew: Crew
    metrics_port: int
    collector: Collector

    def figures(self, program: str) -> dict[str, float]:
        """All samples that a program serves, by name and labels; families without any as well."""
        port = {"worker": self.metrics_port, "keeper": self.metrics_port + 1}.get(program)
        url = f"http://127.0.0.1:{port}/metrics" if port else f"{self.crew.url}/metrics"
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(httpx.get(url, timeout=60).text):
            found[family.name] = 0
            for sample in family.samples:
                labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    def submit(self, data: bytes, **more: Any) -> str:
        headers = more.pop("headers", {})
        answer = httpx.post(
            f"{self.crew.url}/v1/jobs", params=more, content=data, headers=headers, timeout=60
        )
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def finished(self, job_id: str) -> dict[str, Any]:
        while True:
            url = f"{self.crew.url}/v1/jobs/{job_id}?wait=30"
            job: dict[str, Any] = httpx.get(url, timeout=60).json()
            if job["finished_at"]:
                return job


def eventually(holds: Any) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
