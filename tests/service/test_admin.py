"""`docchu admin` on a service that runs: seen, steered, checked."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.admin.command import app
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from tests.service.operating import Operator, admin

pytestmark = pytest.mark.acceptance  # whole services, or many pages


def test_a_worker_that_is_drained_reads_nothing_until_it_may_again(ops: Operator) -> None:
    (worker,) = ops.told("workers")["workers"]
    assert worker["id"] in ops.admin("drain", worker["id"], "--wait")
    time.sleep(3)  # longer than from one of its reports to the next: it takes no messages any more
    job_id = ops.submit()
    time.sleep(1)
    assert ops.status(job_id) == "queued"
    assert "drained for" in ops.admin("workers")
    ops.admin("drain", worker["id"], "--undo")
    ops.wait_for(lambda: ops.status(job_id) == "succeeded", "the worker takes work again")
    assert "no such worker" in ops.admin("drain", "nobody", code=1)


def test_a_pause_stops_the_service_and_it_stays_ready(ops: Operator) -> None:
    assert "Paused: everything." in ops.admin("pause")
    job_id = ops.submit()
    time.sleep(4)  # longer than a trial reading may take
    assert ops.status(job_id) == "queued" and ops.crew.is_ready()
    assert "EVERYTHING IS PAUSED" in ops.admin("queue")
    assert ops.told("queue")["tenants"][0]["interactive"] == 1
    assert ops.told("purge", "--waiting", "--tenant", "default")["jobs"] == 1
    assert ops.status(job_id) == "canceled"
    ops.admin("pause", "--tenant", "default")
    assert ops.told("resume")["tenants"].keys() == {"default"}
    job_id = ops.submit()
    assert "Paused: nothing." in ops.admin("resume", "--tenant", "default")
    ops.wait_for(lambda: ops.status(job_id) == "succeeded", "the service goes on")
    assert [one["what"] for one in ops.told("audit")["entries"]][:3] == [
        "resume",
        "resume",
        "pause",
    ]
    assert "purge waiting" in ops.admin("audit")


def test_failed_jobs_are_requeued_and_ended_ones_purged(ops: Operator) -> None:
    broken = ops.client.post("/v1/jobs", content=b"%PDF-1.7\nnothing").json()["id"]
    ops.wait_for(lambda: ops.status(broken) == "failed", "a broken document fails")
    assert broken in ops.admin("queue")
    (again,) = ops.told("requeue", "--failed")["jobs"]
    assert again["job_id"] == broken and again["new_job_id"] in ops.admin("queue")
    ops.wait_for(lambda: ops.status(again["new_job_id"]) == "failed", "it fails once more")
    assert "is left as it is" in ops.admin("requeue", "job_" + "x" * 24, code=1)
    assert ops.told("purge", "--ended", "0m")["jobs"] >= 2
    assert ops.status(broken) == "job_gone"
    assert "wants" in ops.admin("purge", "--waiting", code=1)


def test_a_doctor_finds_nothing_where_nothing_is_wrong(ops: Operator) -> None:
    ops.wait_for(ops.crew.is_ready, "the service is ready")
    found = ops.told("doctor")
    assert {one["what"] for one in found if one["level"] != "ok"} <= {"disk"}, found
    looked_at = {"settings", "models", "disk", "descriptors", "store", "blobs", "clock", "keys"}
    assert {one["what"] for one in found} >= looked_at | {"api", "worker", "keeper"}


def test_who_cannot_ask_is_told_why(ops: Operator, tmp_path: Path) -> None:
    said = admin("queue", data=tmp_path, url="http://127.0.0.1:1", code=3)
    assert "does not answer" in said and "Traceback" not in said
    assert "--tenant" in ops.admin("pause", "--help")


@pytest.mark.parametrize(
    ("variable", "value", "words", "level"),
    [
        ("DOCCHU_REDIS_URL", "redis://127.0.0.1:1/0", "Is it started", "error"),
        ("DOCCHU_MODELS_DIR", "models", "own.safetensors has no card", "error"),
        ("DOCCHU_LEASE_S", "long", "DOCCHU_LEASE_S=long", "error"),
        ("DOCCHU_MODLES_DIR", "models", "Is DOCCHU_MODELS_DIR meant?", "warning"),
        ("DOCCHU_LOG_LEVEL", "info", "no service has run", "warning"),
    ],
)
def test_a_doctor_says_what_to_do(
    variable: str,
    value: str,
    words: str,
    level: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.safetensors").touch()
    done = CliRunner().invoke(app, ["doctor"], env={variable: value})
    assert words in done.output and level in done.output
    assert done.exit_code == int(level == "error"), done.output


def test_a_doctor_sees_a_store_that_forgets(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    command = [*server_command(settings), "--maxmemory-policy", "allkeys-lru", "--appendonly", "no"]
    running = subprocess.Popen(command)
    try:
        while not is_up(settings):
            time.sleep(0.02)
        said = admin("doctor", data=tmp_path / "data", store=settings.store_url, code=1)
    finally:
        running.terminate()
        running.wait(30)
    assert "maxmemory-policy noeviction" in said and "appendonly yes" in said
