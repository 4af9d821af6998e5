"""Three hosts with an object store between them, one of which is cut off and comes back."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis

from bench.service import free_port
from bench.workers.marked import picture_of, text_of
from shared.running.embedded import server_program
from shared.store import keys
from tests.acceptance.hosts import Host, hosts
from tests.objects import BUCKET, ObjectServer
from tests.service.servers import server

WORKER = "bench.workers.marked"
PASSWORD = "between-hosts"

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Host]]:
    if shutil.which("ip") is None:
        pytest.skip("there is no `ip` here (iproute2)")
    try:
        with hosts(3, tmp_path) as made:
            yield made
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be had here: {error.stderr.decode().strip()}")


@pytest.fixture
def objects() -> Iterator[ObjectServer]:
    started = ObjectServer(host="0.0.0.0")
    started.start()
    yield started
    started.stop()


def until(holds: Callable[[], object], what: str, timeout_s: float = 150) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def is_ready(web: httpx.Client) -> bool:
    try:
        return web.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def submit(web: httpx.Client, numbers: range) -> dict[int, str]:
    """Send documents; the id of the job of each number."""
    found = {}
    for number in numbers:
        answer = web.post("/v1/jobs", content=picture_of(number))
        assert answer.status_code == 202, answer.text
        found[number] = answer.json()["id"]
    return found


def num_ended(web: httpx.Client, jobs: dict[int, str]) -> int:
    return sum(
        web.get(f"/v1/jobs/{job}").json()["status"] not in ("queued", "running")
        for job in jobs.values()
    )


def outcomes(web: httpx.Client, jobs: dict[int, str]) -> set[str]:
    """How the attempts of all jobs ended."""
    timelines = (web.get(f"/v1/jobs/{job}/timeline").json() for job in jobs.values())
    return {attempt["outcome"] for timeline in timelines for attempt in timeline["attempts"]}


def test_a_host_that_is_cut_off_loses_nothing_and_goes_on_when_it_is_back(
    three: list[Host], objects: ObjectServer, tmp_path: Path
) -> None:
    port = free_port()
    lines = (f"port {port}", "bind * -::*", f"requirepass {PASSWORD}")
    with server(tmp_path / "store", server_program(), *lines):
        store = redis.Redis(port=port, password=PASSWORD, decode_responses=True)
        for host in three:
            environ = {
                **objects.environ,
                "AWS_ENDPOINT_URL": f"http://{host.hub}:{objects.port}",
                "DOCCHU_REDIS_URL": f"redis://:{PASSWORD}@{host.hub}:{port}/0",
                "DOCCHU_BLOBS": f"s3://{BUCKET}/hosts",
                "DOCCHU_BIND": f"{host.address}:8080",
                "DOCCHU_AUTH": "off",
                "DOCCHU_LEASE_S": "5",
                "BENCH_READ_S": "1",
            }
            for module in ("api", WORKER, "keeper"):
                host.start(module, **environ)
        one, two, _ = (
            httpx.Client(base_url=f"http://{host.address}:8080", timeout=60) for host in three
        )
        until(lambda: is_ready(one) and is_ready(two), "the trial reading does not come back")
        until(lambda: store.hlen(keys.WORKERS) == 3, "not every worker has come")

        jobs = submit(one, range(40))
        until(lambda: num_ended(two, jobs) > 5, "nothing is read")
        three[2].cut()
        jobs |= submit(two, range(40, 60))
        until(lambda: num_ended(two, jobs) == len(jobs), "work stays with the host that is away")

        three[2].mend()
        until(lambda: store.hlen(keys.WORKERS) == 3, "the host does not come back")
        jobs |= submit(one, range(60, 100))
        until(lambda: num_ended(one, jobs) == len(jobs), "work stays behind")
        for number, job in jobs.items():
            record = two.get(f"/v1/jobs/{job}").json()
            assert record["status"] == "succeeded", record
            text = two.get(f"/v1/jobs/{job}/result?format=text").text
            assert text.strip() == text_of(number)
        assert "lost" in outcomes(two, jobs), "none was under way when it was cut"
