"""What every process tells from outside: its figures at a port."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from bench.service import free_port
from shared.observing.machine import Cards
from tests.service.seen import Seen, eventually
from tests.worker.stories import grey_tiff

pytestmark = pytest.mark.acceptance  # whole services, or many pages

ROOT = Path(__file__).parents[2]
DAMAGED = b"%PDF-1.7\n" + b"nothing " * 50


def test_the_figures_of_a_worker_are_those_of_all_its_processes(seen: Seen) -> None:
    before, readers = seen.figures("worker"), set()
    num_jobs = 0
    while len(readers) < 2:
        ids = [seen.submit(grey_tiff(2)) for _ in range(8)]
        num_jobs += len(ids)
        for job_id in ids:
            assert seen.finished(job_id)["status"] == "succeeded"
            url = f"{seen.crew.url}/v1/jobs/{job_id}/timeline"
            readers |= {one["worker"] for one in httpx.get(url).json()["attempts"]}
    after = seen.figures("worker")

    def more(name: str) -> float:
        return after[name] - before[name]

    assert more("docchu_pages_read_total") == 2 * num_jobs
    assert more("docchu_page_load_seconds_count") == 2 * num_jobs
    assert more("docchu_page_recognize_seconds_count") == 2 * num_jobs
    assert more("docchu_slices_claimed_total{lane=interactive}") == num_jobs
    assert more("docchu_queue_wait_seconds_count{lane=interactive}") == num_jobs
    assert more("docchu_queue_wait_seconds_sum{lane=interactive}") >= 0
    assert more("docchu_slice_retries_total") == more("docchu_writes_refused_total") == 0


def test_what_cannot_be_read_is_counted_by_its_code(seen: Seen) -> None:
    name = "docchu_document_failures_total{code=document_damaged}"
    before = seen.figures("worker")[name]
    assert seen.finished(seen.submit(DAMAGED))["status"] == "failed"
    assert seen.figures("worker")[name] == before + 1


def test_the_figures_of_requests_are_those_of_all_api_processes(seen: Seen) -> None:
    count = "docchu_http_request_seconds_count{method=GET,route=/ping}"
    before = seen.figures("api").get(count, 0)
    for _ in range(40):
        httpx.get(f"{seen.crew.url}/ping")
    assert seen.figures("api")[count] == before + 40


def test_the_keeper_counts_what_becomes_of_webhooks(seen: Seen) -> None:
    """Nobody listens there: it is to be tried again, and is late for nobody yet."""
    before = seen.figures("keeper")
    seen.finished(seen.submit(grey_tiff(1), webhook_url=f"http://127.0.0.1:{free_port()}/hook"))
    name = "docchu_webhook_attempts_total{outcome=pending}"
    eventually(lambda: seen.figures("keeper")[name] == before[name] + 1)
    assert seen.figures("api")["docchu_errand_late_seconds{kind=webhook}"] < 60
    assert seen.figures("keeper")["docchu_disk_size_bytes"] > 0


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bdocchu_\w+", text))


def queries() -> Iterator[str]:
    board = json.loads((ROOT / "deploy/grafana/docchu.json").read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])


def test_the_board_the_alerts_and_the_docs_name_nothing_that_is_not_served(seen: Seen) -> None:
    served = {
        name.partition("{")[0] for one in ("api", "worker", "keeper") for name in seen.figures(one)
    }
    served |= {family.name for family in Cards().collect()}
    asked = {name for query in queries() for name in names_in(query)}
    assert len(asked) > 30 and asked - served == set()
    told = names_in((ROOT / "docs/observing.md").read_text())
    assert told - served == set()
    # A histogram is told by its name alone, a counter as it is asked for.
    assert (
        asked - {f"{name}{end}" for name in told for end in ("", "_bucket", "_sum", "_count")}
        == set()
    )


def test_every_alert_is_explained() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert names == set(re.findall(r"`(Docchu[A-Z]\w+)`", (ROOT / "docs/observing.md").read_text()))


def run(module: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, "DOCCHU_REDIS_URL": "redis://127.0.0.1:1/0", **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("program", "place"), [("worker", 0), ("keeper", 1)])
def test_an_address_that_is_taken_is_told_in_a_sentence(program: str, place: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1] - place}"
        told = run(program, DOCCHU_METRICS_BIND=bind, DOCCHU_DEVICE="cpu")
    assert told.returncode != 0
    assert f"DOCCHU_METRICS_BIND={bind} cannot be listened on by a {program}" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_worker_declares_no_figure_before_it_is_known_whether_they_are_shared() -> None:
    """prometheus_client looks once, when it is imported: a worker of one process told nothing."""
    code = (
        "import sys, worker.app, worker.__main__, worker.processes, bench.workers.running\n"
        "sys.exit('prometheus_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
