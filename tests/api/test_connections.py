"""Slow, idle, waiting and deaf clients of a real process: the others do not notice them."""

from __future__ import annotations

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest
import redis

from shared.store.api_keys import ApiKeys
from tests.api.playing import PNG
from tests.api.process import Process, Start, run

pytestmark = pytest.mark.acceptance  # whole services, or many pages

MANY = 150  # more than any number of threads
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def with_header(header: bytes) -> bytes:
    return HEALTHZ.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n")


@pytest.fixture(scope="module")
def shared_process(start: Start) -> Process:
    return run(start, DOCCHU_LOG_LEVEL="error")


@pytest.fixture
def running(shared_process: Process, store_client: redis.Redis) -> Process:
    """An API that answers, on an empty store."""
    return shared_process


@contextmanager
def connections(running: Process, say: bytes, number: int = MANY) -> Iterator[list[socket.socket]]:
    """So many connections that say something, and then nothing more."""
    with ExitStack() as stack:
        found = [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=30))
            for _ in range(number)
        ]
        for one in found:
            one.sendall(say)
        yield found


def read_to_end(one: socket.socket) -> bytes:
    data = b""
    while piece := one.recv(1 << 16):
        data += piece
    return data


def read_until(one: socket.socket, wanted: bytes) -> None:
    data = b""
    while wanted not in data:
        piece = one.recv(1 << 16)
        assert piece, data
        data += piece


def body_of(answer: bytes) -> dict[str, object]:
    body: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return body


@pytest.mark.parametrize(
    "say",
    [
        b"",
        b"G",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nhalf",
        b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100,
    ],
    ids=["silent", "one byte", "half a head", "half a body", "never reading"],
)
def test_clients_that_do_not_go_on_hold_nobody_up(running: Process, say: bytes) -> None:
    with connections(running, say):
        assert running.get("/healthz")[0] == 200
        answer, body = running.post(PNG)
        assert answer.status == 202
        assert running.get(f"/v1/jobs/{json.loads(body)['id']}")[0] == 200


def test_many_wait_at_once_over_a_few_connections_to_the_store(
    running: Process, store_client: redis.Redis
) -> None:
    job = json.loads(running.post(PNG)[1])["id"]
    before = store_client.info("clients")["connected_clients"]
    poll = f"GET /v1/jobs/{job}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    follow = f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connections(running, poll) as polls, connections(running, follow) as streams:
        for stream in streams:
            read_until(stream, b"retry: 1000")
        assert store_client.info("clients")["connected_clients"] <= before + 64
        assert store_client.pubsub_numsub(f"docchu:events:{job}")[0][1] == 1
        assert running.get("/healthz")[0] == 200
        with running.connect() as canceling:
            canceling.request("POST", f"/v1/jobs/{job}/cancel")
            assert canceling.getresponse().status == 200
        for one in polls:
            read_until(one, b'"status":"canceled"')
        for one in streams:
            assert b"job.finished" in read_to_end(one)


def test_a_body_without_a_valid_key_is_not_waited_for(
    start: Start, store_client: redis.Redis
) -> None:
    running = run(start, DOCCHU_AUTH="on", DOCCHU_LOG_LEVEL="error")
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    with connections(running, head + b"Authorization: Bearer dk_no\r\n\r\n" + PNG) as stalled:
        for one in stalled:
            answer = read_to_end(one)  # the connection is closed, though nothing more came
            assert answer.startswith(b"HTTP/1.1 401 ") and b"Connection: close" in answer
            assert body_of(answer)["code"] == "unauthorized"


def test_a_client_that_asks_first_is_told_to_send_its_body_only_if_it_is_wanted(
    start: Start, store_client: redis.Redis
) -> None:
    running = run(start, DOCCHU_AUTH="on", DOCCHU_LOG_LEVEL="error")
    _, token = ApiKeys(store_client).create()
    head = (
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(PNG)}\r\nAuthorization: Bearer "
    ).encode()
    with connections(running, head + b"dk_no\r\n\r\n", 1) as (one,):
        assert one.recv(1 << 16).startswith(b"HTTP/1.1 401 ")
    with connections(running, head + token.encode() + b"\r\n\r\n", 1) as (one,):
        assert one.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(PNG)
        assert one.recv(1 << 16).startswith(b"HTTP/1.1 202 ")


def test_requests_that_come_together_are_answered_in_their_order(running: Process) -> None:
    """A small body that nobody reads is no reason to end the connection."""
    small = b"POST /v1/jobs/job_x/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    last = with_header(b"Connection: close")
    with connections(running, HEALTHZ + small + HEALTHZ + last, 1) as (one,):
        answers = read_to_end(one).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"404", b"200", b"200"]


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"no request\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
        (with_header(b"X: " + b"a" * 20_000), 431, "request_header_fields_too_large"),
        (with_header(b"Expect: tea"), 417, "expectation_failed"),
        (with_header(b"Transfer-Encoding: tea"), 501, "not_implemented"),
    ],
)
def test_what_is_no_request_is_answered_by_a_problem(
    running: Process, request_bytes: bytes, status: int, code: str
) -> None:
    with connections(running, request_bytes, 1) as (one,):
        answer = read_to_end(one)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json\r\n" in answer
    body = body_of(answer)
    assert body["status"] == status and body["code"] == code and body["detail"]


def test_a_stop_does_not_wait_for_connections_that_say_nothing(
    start: Start, store_client: redis.Redis
) -> None:
    running = run(start)
    with connections(running, b""), connections(running, HEALTHZ) as kept:
        for one in kept:
            assert one.recv(1 << 16)
        running.process.terminate()
        _, log = running.process.communicate(timeout=60)
    assert running.process.returncode == 0 and "graceful timeout" not in log


def test_it_takes_as_many_descriptors_as_the_system_lets_it_have(
    start: Start, store_client: redis.Redis
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        running = run(start)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for process in psutil.Process(running.process.pid).children():
        assert process.rlimit(psutil.RLIMIT_NOFILE)[0] >= min(hard, 20_000)
    with connections(running, b"G", 300):
        assert running.get("/healthz")[0] == 200


def test_the_figures_of_all_processes_add_up(start: Start, store_client: redis.Redis) -> None:
    running = run(start, DOCCHU_API_PROCESSES="3", DOCCHU_LOG_LEVEL="error")
    asked = 1 + sum(running.get("/ping")[0] == 200 for _ in range(60))  # one when it was up

    def told() -> float:
        text = running.get("/metrics")[1].decode()
        counts = [
            line for line in text.splitlines() if line.startswith("docchu_http_requests_total")
        ]
        return sum(float(line.rpartition(" ")[2]) for line in counts if '"/ping"' in line)

    assert [told() for _ in range(10)] == [60.0] * 10 and asked == 61
