"""A service is backed up while it runs, and comes back from that."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from bench.crew import NULL_WORKER, running_crew
from shared.running.embedded import is_up
from shared.running.embedded import running as running_store
from shared.settings import Settings
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.scripts import connect
from tests.service.operating import FAST, Operator, admin
from tests.service.servers import server

pytestmark = pytest.mark.acceptance  # whole services, or many pages

REDIS = shutil.which("redis-server")


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
