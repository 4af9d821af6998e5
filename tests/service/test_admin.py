"""`docchu admin` on a service that runs: seen, steered, checked, backed up and restored."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from bench.crew import NULL_WORKER, Crew, running_crew
from shared.admin.command import app
from shared.running.embedded import is_up, server_command
from shared.running.embedded import running as running_store
from shared.settings import Settings
from shared.store.jobs.jobs import JobStore, Limits
from shared.store.scripts import connect
from tests.service.servers import server

pytestmark = pytest.mark.acceptance  # whole services, or many pages

PICTURE = (Path(__file__).parents[2] / "keeper" / "canary.png").read_bytes()
REDIS = shutil.which("redis-server")
FAST = {"DOCCHU_CANARY_INTERVAL_S": "1", "DOCCHU_LEASE_S": "4"}


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


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A service whose reader reads nothing."""
    with running_crew(tmp_path_factory.mktemp("admin"), NULL_WORKER, **FAST) as crew:
        yield Operator(crew)


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
        ("DOCCHU_MODLES_DIR", "models", "misspelt", "warning"),
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


class Load:
    """Somebody who submits all the time, and erases some of it."""

    def __init__(self, ops: Operator) -> None:
        self._ops = ops
        self.jobs: list[str] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.jobs.append(self._ops.submit())
            if len(self.jobs) % 4 == 0:
                self._ops.client.delete(f"/v1/jobs/{self.jobs[-3]}")


def is_over(ops: Operator, job_id: str) -> bool:
    return ops.status(job_id) not in ("queued", "running")


def test_a_backup_under_load_comes_back_and_every_job_ends_or_is_named(
    ops: Operator, tmp_path: Path
) -> None:
    before, taken = [ops.submit() for _ in range(3)], tmp_path / "backup"
    for job_id in before:
        ops.wait_for(lambda job=job_id: ops.status(job) == "succeeded", "it is read")
    with Load(ops) as load:
        ops.wait_for(lambda: len(load.jobs) > 10, "there is load")
        ops.admin("pause")
        waiting = [ops.submit() for _ in range(2)]
        told = ops.told("backup", str(taken))
        at_backup = len(load.jobs)
        ops.wait_for(lambda: len(load.jobs) > at_backup + 4, "it goes on")
    ops.admin("resume")
    assert told["store_bytes"] > 0 and told["num_files"] >= 10
    assert "is not empty" in ops.admin("backup", str(taken), code=1)
    # Erased, or lost, between the store's moment and the documents', as in a long copy.
    for job_id in (before[0], waiting[0]):
        (gone,) = (taken / "blobs" / "jobs").glob(f"*/*/{job_id}")
        shutil.rmtree(gone)
    new = tmp_path / "new"
    new.mkdir()
    said = admin("restore", str(taken), data=new / "data")
    assert f"{before[0]}: erased" in said and f"{waiting[0]}: waits without its" in said
    assert waiting[1] not in said
    refused = admin("restore", str(taken), data=new / "data", code=1)
    assert "holds a service's data already" in refused
    with running_crew(new, NULL_WORKER, **FAST) as crew:
        restored = Operator(crew)
        assert "Paused: nothing." in restored.admin("resume")
        states = check_service(restored, [*before, *waiting, *load.jobs])
        assert [states[job_id] for job_id in before] == ["job_gone", "succeeded", "succeeded"]
        assert [states[job_id] for job_id in waiting] == ["failed", "succeeded"]
        assert "restore" in {one["what"] for one in restored.told("audit")["entries"]}


def check_service(ops: Operator, jobs: list[str]) -> dict[str, str]:
    """All jobs of a restored service end, with their results or a name for what became of them."""
    for job_id in jobs:
        ops.wait_for(lambda job=job_id: is_over(ops, job), f"{job_id} ends")
    states = {job_id: ops.status(job_id) for job_id in jobs}
    assert set(states.values()) <= {"succeeded", "failed", "job_gone", "job_not_found"}
    for job_id, state in states.items():
        answer = ops.client.get(f"/v1/jobs/{job_id}/result?format=text")
        assert (answer.status_code == 200) == (state == "succeeded")
        if state == "failed":
            job = ops.client.get(f"/v1/jobs/{job_id}").json()
            assert job["error"]["code"] == "document_lost"
    return states


@pytest.mark.skipif(REDIS is None, reason="there is no redis-server here")
def test_a_backup_goes_into_a_server_of_ones_own_and_out_of_it(
    ops: Operator, tmp_path: Path
) -> None:
    jobs = [ops.submit() for _ in range(3)]
    for job_id in jobs:
        ops.wait_for(lambda job=job_id: is_over(ops, job), "it ends")
    ops.admin("backup", str(tmp_path / "backup"))
    url, data = f"unix://{tmp_path}/redis.sock?db=0", tmp_path / "data"
    socket = f"unixsocket {tmp_path}/redis.sock"
    with server(tmp_path / "redis", str(REDIS), socket, "port 0"):
        while not is_up(Settings(redis_url=url)):
            time.sleep(0.02)
        admin("restore", str(tmp_path / "backup"), data=data, store=url)
        found = JobStore(connect(url), Limits(1, 1)).of_ids(jobs)
        assert [job.status for job in found] == ["succeeded"] * 3
        assert "empty it first" in admin(
            "restore", str(tmp_path / "backup"), data=data, store=url, code=1
        )
        admin("backup", str(tmp_path / "again"), data=data, store=url)
    admin("restore", str(tmp_path / "again"), data=tmp_path / "third")
    with running_store(Settings(data_dir=tmp_path / "third"), "a test"):
        client = connect(Settings(data_dir=tmp_path / "third").store_url)
        assert [job.id for job in JobStore(client, Limits(1, 1)).of_ids(jobs)] == jobs


def test_what_is_no_whole_backup_is_not_restored(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    said = admin("restore", str(tmp_path / "broken"), data=tmp_path / "data", code=1)
    assert "holds no whole backup" in said and not (tmp_path / "data").exists()
