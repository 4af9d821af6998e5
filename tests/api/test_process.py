"""The real process: `python -m api`, as gunicorn runs it."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import redis

from shared.blobs import open_blobs
from shared.settings import Settings
from shared.store.api_keys import ApiKeys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from shared.store.workers import Canary, WorkerInfo, Workers
from tests.api.playing import MODEL, PNG, page_of
from tests.api.process import MAX, Process, Start, free_port, run

MAX_RSS = 150 << 20  # bytes of memory of a process


@pytest.fixture(scope="module")
def shared_process(start: Start) -> Process:
    """An API for all tests that leave it running. Nobody reads its log, so it must not be long."""
    return run(start, DOCCHU_LOG_LEVEL="error")


@pytest.fixture
def running(shared_process: Process, store_client: redis.Redis) -> Process:
    """An API that answers, on an empty store."""
    return shared_process


def read_next(store: redis.Redis, settings: Settings) -> None:
    """Play the worker: wait for a document and read it."""
    worker = SliceQueue(store, "ann", 10)
    while not isinstance(claim := worker.claim(), Claim):
        time.sleep(0.01)
    data = page_of(1, "xong").model_dump_json().encode()
    open_blobs(settings).put(claim.tenant, claim.job_id, "page-1", data)
    worker.record(claim, 1, PageRecord("page-1"), PageTimings(), MODEL)


def test_a_document_goes_in_and_its_text_comes_out(
    running: Process, store_client: redis.Redis, valkey_settings: Settings
) -> None:
    answer, body = running.post(PNG)
    assert answer.status == 202, body
    job = json.loads(body)
    worker = threading.Thread(target=read_next, args=(store_client, valkey_settings))
    worker.start()
    _, body = running.get(f"/v1/jobs/{job['id']}?wait=30")
    worker.join()
    assert json.loads(body)["status"] == "succeeded"
    assert running.get(f"/v1/jobs/{job['id']}/result?format=text")[1] == b"xong\n"


def chunks(num_bytes: int) -> Iterator[bytes]:
    yield PNG
    for _ in range(num_bytes // (1 << 20)):
        yield bytes(1 << 20)


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_a_client_that_sends_too_much_gets_to_see_the_answer(
    running: Process, connection: str
) -> None:
    """In both ways: refused by its announced length, and as the pieces come."""
    announced, body = running.post(bytes(MAX + 1), Connection=connection)
    assert announced.status == 413 and json.loads(body)["code"] == "document_too_large"
    streamed, body = running.post(chunks(2 * MAX), Connection=connection)
    assert streamed.status == 413 and json.loads(body)["code"] == "document_too_large"


def test_an_upload_takes_no_memory_to_speak_of(running: Process) -> None:
    for _ in range(3):
        answer, body = running.post(chunks(MAX - 2 * (1 << 20)))
        assert answer.status == 202, body
    process = psutil.Process(running.process.pid)
    for one in (process, *process.children()):
        assert one.memory_info().rss < MAX_RSS


def test_an_upload_that_breaks_off_leaves_nothing(
    running: Process, valkey_settings: Settings
) -> None:
    incoming = valkey_settings.data_dir / "blobs" / "incoming"
    with closing(socket.create_connection(("127.0.0.1", running.port))) as half:
        half.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n")
        half.sendall(PNG)
        while not any(incoming.glob("*")):
            time.sleep(0.01)
    while any(incoming.glob("*")):
        time.sleep(0.01)
    assert json.loads(running.get("/v1/jobs")[1])["jobs"] == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_malformed_http_is_refused_and_the_process_lives(
    running: Process, request_bytes: bytes
) -> None:
    with closing(socket.create_connection(("127.0.0.1", running.port), timeout=30)) as raw:
        raw.sendall(request_bytes)
        raw.shutdown(socket.SHUT_WR)
        status = raw.recv(4096).split(b" ")[1:2]
    assert status in ([b"400"], [b"414"], [b"431"], []), status
    assert running.get("/healthz")[0] == 200


def test_a_stop_lets_requests_finish(start: Start, store_client: redis.Redis) -> None:
    """A request that waits is let go with what there is; nothing is broken off."""
    running = run(start)
    job = json.loads(running.post(PNG)[1])
    found: list[tuple[int, bytes]] = []
    waiting = threading.Thread(
        target=lambda: found.append(running.get(f"/v1/jobs/{job['id']}?wait=60"))
    )
    waiting.start()
    while not store_client.pubsub_numsub(f"docchu:events:{job['id']}")[0][1]:
        time.sleep(0.01)
    running.process.send_signal(signal.SIGTERM)
    _, log = running.process.communicate(timeout=60)
    waiting.join()
    assert found[0][0] == 200 and json.loads(found[0][1])["status"] == "queued"
    assert running.process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"request answered", "document accepted"} <= {line["event"] for line in lines}


def test_it_refuses_to_start_where_everybody_could_come_in(
    start: Start, store_client: redis.Redis
) -> None:
    refused = start(DOCCHU_BIND=f"0.0.0.0:{free_port()}")
    _, said = refused.communicate(timeout=60)
    assert refused.returncode != 0 and "docchu keys create" in said and "Traceback" not in said


def test_with_a_key_it_listens_everywhere(start: Start, store_client: redis.Redis) -> None:
    ApiKeys(store_client).create("acme")
    made = run(start, "0.0.0.0")
    assert made.get("/v1/jobs")[0] == 401


def test_a_bad_setting_stops_the_start_with_its_name(
    start: Start,
) -> None:
    refused = start(DOCCHU_API_THREADS="many")
    _, said = refused.communicate(timeout=60)
    assert refused.returncode != 0 and "DOCCHU_API_THREADS" in said and "Traceback" not in said


def test_the_api_loads_neither_the_model_s_libraries_nor_those_for_pictures() -> None:
    code = (
        "import sys, api, api.server.gunicorn_conf\n"
        "print({'torch', 'numpy', 'PIL', 'cv2', 'worker', 'pypdfium2'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"


def test_a_full_disk_is_named_to_the_caller_and_in_the_log_and_nothing_is_ready(
    start: Start, store_client: redis.Redis
) -> None:
    running = run(start)
    workers, canary = Workers(store_client), Canary(store_client, 30)

    def ready() -> tuple[int, str]:
        workers.report(WorkerInfo(id="ann", model=MODEL, device="cpu", num_slices=4))
        canary.returned(None)
        time.sleep(1.1)  # seconds; it looks no more often
        answer, body = running.get("/readyz")
        return answer, body.decode()

    assert ready()[0] == 200
    processes = [one for one in psutil.Process(running.process.pid).children(recursive=True)]
    for process in processes:
        process.rlimit(psutil.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    answer, body = running.post(PNG)
    reason = "File too large (EFBIG)"  # what the kernel says at such a limit
    assert answer.status == 503 and reason in json.loads(body)["detail"]
    assert ready()[0] == 503 and reason in ready()[1]
    for process in processes:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert ready()[0] == 200 and running.post(PNG)[0].status == 202
    running.process.send_signal(signal.SIGTERM)
    _, log = running.process.communicate(timeout=60)
    refused = [json.loads(one) for one in log.splitlines() if "could not be served" in one]
    assert refused and all(reason in one["reason"] for one in refused)
