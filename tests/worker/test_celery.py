"""Celery's own tools, from outside: they find the workers and see a task run for each slice."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.broker import READ, make_celery
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from tests.worker.stories import TENANT, Service, grey_tiff

CELERY = [str(Path(sys.executable).with_name("celery")), "-A", "worker.app"]
ROOT = Path(__file__).parents[2]
CANARY = ROOT / "keeper" / "canary.png"
# Nothing else is set: the tools find the service in the folder where it was started.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("DOCCHU_")},
    "PYTHONPATH": str(ROOT),
}


def celery(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CELERY, *args], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=150
    )


@dataclass
class Running:
    """A store with its worker, both started in this folder."""

    folder: Path
    service: Service
    worker: subprocess.Popen[str]

    def inspect(self, what: str) -> Any:
        """What the one worker answers."""
        answer = celery(self.folder, "inspect", "--json", "--timeout", "10", what)
        assert answer.returncode == 0, answer.stderr
        (told,) = json.loads(answer.stdout).values()
        return told


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("celery")
    settings = Settings(data_dir=folder / "data")
    settings.data_dir.mkdir()
    server = subprocess.Popen(server_command(settings))
    while not is_up(settings):
        assert server.poll() is None
        time.sleep(0.02)
    yield settings
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def running(store: Settings) -> Iterator[Running]:
    """A worker that is started as Celery's users start one."""
    folder = store.data_dir.parent
    environment = {**ENVIRONMENT, "DOCCHU_TASK_EVENTS": "on"}
    log = (folder / "worker.log").open("w")
    worker = subprocess.Popen(
        [*CELERY, "worker"], cwd=folder, env=environment, text=True, stdout=log, stderr=log
    )
    while celery(folder, "inspect", "ping").returncode:
        assert worker.poll() is None
    yield Running(folder, Service(store), worker)
    worker.terminate()
    assert worker.wait(60) == 0
    log.close()


def test_celery_shows_a_worker_that_was_started_without_our_wrapper(running: Running) -> None:
    status = celery(running.folder, "status")
    assert status.returncode == 0 and "1 node online" in status.stdout
    pool = running.inspect("stats")["pool"]
    assert pool["implementation"].endswith("thread:TaskPool")
    assert pool["max-concurrency"] == Settings().worker_slices


@contextmanager
def heard(settings: Settings) -> Iterator[Counter[str]]:
    """The workers' events, counted, as Flower would hear them."""
    events: Counter[str] = Counter()
    app = make_celery(settings)
    with app.connection_for_read() as connection:
        handlers = {"*": lambda event: events.update([event["type"]])}
        receiver = app.events.Receiver(connection, handlers=handlers)
        listener = threading.Thread(target=receiver.capture, args=(None, None, False))
        listener.start()
        while not events["worker-heartbeat"]:
            time.sleep(0.1)
        yield events
        receiver.should_stop = True
        listener.join(60)


def test_a_slice_is_one_task_run(running: Running) -> None:
    ran_before = running.inspect("stats")["total"].get(READ, 0)
    with heard(running.service.settings) as events:
        job_id = running.service.submit(grey_tiff(40))
        while not running.service.job(job_id).status.terminal:
            time.sleep(0.1)
        assert running.service.job(job_id).status == "succeeded"
        while events["task-succeeded"] < 3:
            time.sleep(0.1)
    assert len(running.service.jobs.timeline(TENANT, job_id)) == 3, "slices of 16 pages"
    assert events["task-succeeded"] == events["task-started"] == 3
    assert running.inspect("stats")["total"][READ] - ran_before == 3


def test_inspect_says_what_is_being_read_and_since_when(running: Running) -> None:
    with Image.open(CANARY) as page:
        file = io.BytesIO()
        page.save(file, "TIFF", save_all=True, append_images=[page] * 199)
    # As many as last for the command, which takes seconds to start, on a fast machine, too.
    job_ids = {running.service.submit(file.getvalue()) for _ in range(20)}
    try:
        while not (reading := running.inspect("reading")):
            pass
        assert {one["job"] for one in reading} <= job_ids
        assert all(one["pages"] and one["since"].endswith("Z") for one in reading)
        assert {one["name"] for one in running.inspect("active")} == {READ}
    finally:
        for job_id in job_ids:
            running.service.jobs.cancel(TENANT, job_id)


def test_a_store_that_takes_no_writes_for_a_while_ends_no_worker(running: Running) -> None:
    """As one whose only replica is away (`min-replicas-to-write`), or whose disk is full."""
    log = running.folder / "worker.log"
    running.service.client.config_set("min-replicas-to-write", 1)
    try:
        while log.read_text().count("NOREPLICAS") < 3:
            assert running.worker.poll() is None
            time.sleep(0.1)
    finally:
        running.service.client.config_set("min-replicas-to-write", 0)
    job_id = running.service.submit(grey_tiff(1))
    while not running.service.job(job_id).status.terminal:
        assert running.worker.poll() is None
        time.sleep(0.1)
    assert "Frequent restarts" not in log.read_text(), "it takes its time"


def test_no_worker_is_a_failure(tmp_path: Path, store: Settings) -> None:
    told = subprocess.run(
        [*CELERY, "inspect", "ping"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "DOCCHU_REDIS_URL": store.store_url.replace("db=0", "db=9")},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert told.returncode != 0 and "No nodes replied" in told.stdout + told.stderr


def test_a_worker_that_would_hang_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refused = celery(tmp_path, "worker", "--pool", "solo")
    assert refused.returncode == 78
    assert "A worker reads with threads: leave out --pool." in refused.stdout + refused.stderr


def test_a_setting_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    told = subprocess.run(
        [*CELERY, "worker"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "DOCCHU_LEASE_S": "soon"},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert told.returncode == 78
    assert told.stderr.startswith("docchu: DOCCHU_LEASE_S=soon cannot be used")
    assert "Traceback" not in told.stderr
