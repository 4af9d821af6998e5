"""API, worker and keeper that share no folder: documents and results lie in an object store."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from bench.receiver import receiving
from bench.service import free_port
from bench.workers.marked import picture_of, text_of
from shared.settings import Settings
from tests.objects import BUCKET, ObjectServer

PROGRAMS = {"api": "api", "worker": "bench.workers.marked", "keeper": "keeper"}
READY_S = 120


@contextmanager
def programs(folder: Path, **environ: str) -> Iterator[httpx.Client]:
    """The programs, each with a data folder of its own, as if on a machine of its own."""
    bind = f"127.0.0.1:{free_port()}"
    started = []
    for name, module in PROGRAMS.items():
        own = {"DOCCHU_DATA_DIR": str(folder / name), "DOCCHU_BIND": bind}
        with (folder / f"{name}.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", module],
                    env={**os.environ, **environ, **own},
                    stdout=log,
                    stderr=log,
                )
            )
    try:
        with httpx.Client(base_url=f"http://{bind}", timeout=90) as web:
            yield web
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


@pytest.fixture
def web(
    valkey_settings: Settings,
    store_client: redis.Redis,
    object_server: ObjectServer,
    tmp_path: Path,
) -> Iterator[httpx.Client]:
    environ = {
        "DOCCHU_REDIS_URL": valkey_settings.store_url,
        "DOCCHU_BLOBS": f"s3://{BUCKET}/{tmp_path.name}",
        "DOCCHU_ALLOW_TARGETS": "127.0.0.0/8",
    }
    with programs(tmp_path, **environ) as web:
        yield web


def wait_until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + READY_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def is_ready(web: httpx.Client) -> bool:
    try:
        return web.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def zipped(*numbers: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in numbers:
            archive.writestr(f"{number}.png", picture_of(number))
    return file.getvalue()


@pytest.mark.timeout(300)
def test_hosts_without_a_shared_disk_read_tell_and_erase(
    web: httpx.Client, object_server: ObjectServer, tmp_path: Path
) -> None:
    wait_until(lambda: is_ready(web), "the trial reading does not come back")
    with receiving() as receiver:
        options = {"webhook_url": receiver.url, "webhook_include": "text"}
        sent = web.post("/v1/jobs", files={"file": ("a.png", picture_of(7))}, data=options)
        assert sent.status_code == 202, sent.text
        job_id = sent.json()["id"]
        assert any(name.endswith(f"{job_id}/input") for name in object_server.names())
        assert web.get(f"/v1/jobs/{job_id}?wait=60").json()["status"] == "succeeded"
        wait_until(lambda: receiver.received, "nobody is told")
    assert text_of(7) in receiver.received[0].body.decode()
    assert web.get(f"/v1/jobs/{job_id}/result?format=text").text.strip() == text_of(7)
    assert web.get(f"/v1/jobs/{job_id}/result?format=pdf").content.startswith(b"%PDF")
    (found,) = web.get("/v1/jobs", params={"q": text_of(7).lower()}).json()["jobs"]
    assert found["id"] == job_id and text_of(7) in found["found"][0]["text"]

    batch = web.post("/v1/batches", files={"file": ("a.zip", zipped(1, 2, 3))})
    assert batch.status_code == 202, batch.text
    path = f"/v1/batches/{batch.json()['id']}"
    wait_until(lambda: web.get(path).json()["status"] == "finished", "the batch does not end")
    texts = web.get(f"{path}/results?format=text").text
    assert all(text_of(number) in texts for number in (1, 2, 3))

    assert web.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert not [name for name in object_server.names() if job_id in name]
    assert not list(tmp_path.glob("*/blobs")), "something went to a disk"
