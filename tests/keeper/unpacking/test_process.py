"""The API and the keeper as processes of their own: uploads stream in, and kills lose nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from bench.service import free_port
from shared.settings import Settings
from shared.store import keys
from shared.store.needs import PLAIN
from tests.keeper.unpacking.stories import Raw, Story, make_story, png, raw_zip, zipped
from tests.keeper.unpacking.test_lines import line

pytestmark = pytest.mark.acceptance  # whole services, or many pages

FAST = {"DOCCHU_LEASE_S": "0.3", "DOCCHU_KEEPER_INTERVAL_S": "0.1"}
STEPS = ("taken", "noted", "kept", "created", "emptied", "erased")


@pytest.fixture
def story(valkey_settings: Settings, tmp_path: Path) -> Story:
    return make_story(valkey_settings, tmp_path, failpoints_dir=tmp_path / "failpoints")


@contextmanager
def program(story: Story, module: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the service, on the story's store and blobs."""
    settings = {
        "DOCCHU_REDIS_URL": story.settings.redis_url,
        "DOCCHU_DATA_DIR": str(story.settings.data_dir),
        "DOCCHU_FAILPOINTS_DIR": str(story.settings.failpoints_dir),
        "DOCCHU_MAX_BATCH_JOBS": "250",
    }
    command = [sys.executable, "-m", module]
    process = subprocess.Popen(command, env={**os.environ, **FAST, **settings, **variables})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until_unpacked(story: Story, *batches: str) -> None:
    deadline = time.monotonic() + 60
    while any(story.batch(one).unpacking for one in batches):
        assert time.monotonic() < deadline, "it is not unpacked"
        time.sleep(0.05)


def arm(story: Story, step: str, deed: str) -> None:
    """Let the next keeper that comes there be killed, or stopped."""
    folder = story.settings.failpoints_dir
    assert folder
    folder.mkdir(exist_ok=True)
    (folder / f"unpacking.{step}").write_text(deed)


def kill_at(story: Story, step: str) -> None:
    """Let a keeper run until it dies there."""
    arm(story, step, "kill")
    with program(story, "keeper") as keeper:
        assert keeper.wait(60) == -9, step


def test_a_keeper_killed_anywhere_loses_nothing_and_doubles_nothing(story: Story) -> None:
    names = [f"hồ sơ/{n}.png" for n in range(12)]
    entries = [Raw(name.encode(), png(name)) for name in names]
    double, broken = Raw(names[0].encode(), png("double")), Raw(b"broken.png", b"", size=9)
    zips = story.submit(raw_zip(*entries, double, broken))
    lines = story.submit(b"\n".join(line(png(n), custom_id=n) for n in [*names, "last"]), "ndjson")
    for step in STEPS:
        kill_at(story, step)
    with program(story, "keeper"):
        wait_until_unpacked(story, zips, lines)
    for batch_id, more in ((zips, [f"{names[0]} #13", "broken.png"]), (lines, ["last"])):
        items = story.items(batch_id)
        assert [(i.position, i.custom_id) for i in items] == list(enumerate([*names, *more], 1))
        assert [story.document(item) for item in items[:12]] == [png(name) for name in names]
        assert len({item.job_id for item in items}) == len(items)
    assert story.batch(zips).counts.failed == 2 and story.batch(lines).counts.failed == 0
    queued = [i for batch_id in (zips, lines) for i in story.items(batch_id) if i.code is None]
    kept = {name for name in story.files() if not name.startswith("incoming/")}
    assert kept == {f"{item.job_id}/input" for item in queued}
    assert story.client.zcard(keys.ready("bulk", PLAIN)) == len(queued)


def test_a_keeper_killed_after_it_told_of_an_unreadable_zip_told_of_it(story: Story) -> None:
    batch_id = story.submit(zipped({"a.png": png(1)})[:-30])
    kill_at(story, "told")
    with program(story, "keeper"):
        wait_until_unpacked(story, batch_id)
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "archive_unreadable"
    assert batch.status == "finished"


def test_a_keeper_that_sleeps_through_its_lease_doubles_nothing(story: Story) -> None:
    names = [f"{n}.png" for n in range(12)]
    batch_id = story.submit(zipped({name: png(name) for name in names}))
    arm(story, "kept", "stop")
    with program(story, "keeper") as sleeper:
        while psutil.Process(sleeper.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.05)
        with program(story, "keeper"):
            wait_until_unpacked(story, batch_id)
            sleeper.send_signal(signal.SIGCONT)
    items = story.items(batch_id)
    assert [(i.position, i.custom_id) for i in items] == list(enumerate(names, 1))
    assert story.batch(batch_id).counts.queued == 12
    assert story.files() == {f"{item.job_id}/input" for item in items}


def test_two_hundred_files_stream_in_and_come_out_as_jobs(story: Story) -> None:
    port = free_port()
    api = program(story, "api", DOCCHU_BIND=f"127.0.0.1:{port}")
    with api, program(story, "keeper"), httpx.Client(timeout=60) as client:
        client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        _wait_for(client)
        names = [f"kho/{n % 7}/tờ {n}.png" for n in range(200)]
        files = [("file", (name, png(name))) for name in names]
        answer = client.post("/v1/batches", files=files, data={"metadata": '{"a": 1}'})
        assert answer.status_code == 202, answer.text
        lines = b"\n".join([line(png("x"), custom_id="x"), b"not json", line(png("y"))])
        kind = {"Content-Type": "application/x-ndjson"}
        more = client.post("/v1/batches", content=iter([lines[:9], lines[9:]]), headers=kind)
        assert more.status_code == 202, more.text
        sent, lined = answer.json()["id"], more.json()["id"]
        _wait_for_both(client, sent, lined)
        jobs = client.get(f"/v1/batches/{sent}/jobs?limit=1000").json()["jobs"]
        lined_jobs = client.get(f"/v1/batches/{lined}/jobs").json()["jobs"]
    assert [job["custom_id"] for job in jobs] == names
    for job in jobs:
        assert story.blobs.get("default", job["id"], "input") == png(job["custom_id"])
    assert [job["custom_id"] for job in lined_jobs] == ["x", "2", "3"]
    assert [job["status"] for job in lined_jobs] == ["queued", "failed", "queued"]


def _wait_for_both(client: httpx.Client, *batches: str) -> None:
    deadline = time.monotonic() + 60
    while any(client.get(f"/v1/batches/{one}").json()["unpacking"] for one in batches):
        assert time.monotonic() < deadline, "it is not unpacked"
        time.sleep(0.1)


def _wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if client.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the API does not come up")
