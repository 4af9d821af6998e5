"""A key that is revoked ends what it had opened: waits, streams and uploads, of this key alone."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
import redis

from shared.blobs import open_blobs
from shared.settings import Settings
from shared.store.api_keys import ApiKeys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from tests.api.playing import MODEL, PNG, page_of
from tests.api.process import Process, Start, run
from tests.api.test_connections import body_of, read_until

SOON_S = 4.0
"""Twice what is promised: whatever comes in later is nothing to the key any more."""
LATER = "thêm sau khi thu hồi"


@pytest.fixture(scope="module")
def shared_process(start: Start) -> Process:
    return run(start, DOCCHU_LOG_LEVEL="error")


@pytest.fixture
def running(shared_process: Process, store_client: redis.Redis) -> Process:
    """An API that answers, on an empty store."""
    return shared_process


def head(line: str, token: str | None, *headers: str) -> bytes:
    key = [f"Authorization: Bearer {token}"] if token else []
    named = ["Host: localhost", "Connection: close", *key, *headers]
    return "\r\n".join([f"{line} HTTP/1.1", *named, "", ""]).encode()


def posted(running: Process, path: str, token: str | None, body: bytes = b"") -> dict[str, str]:
    """What was made by a request of this key."""
    with running.connect() as connection:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        assert answer.status in (201, 202)
        made: dict[str, str] = json.loads(answer.read())
        return made


def read_all(store: redis.Redis, settings: Settings) -> None:
    """Play the worker: every document that waits says the same."""
    worker = SliceQueue(store, "ann", 10)
    data = page_of(1, LATER).model_dump_json().encode()
    while isinstance(claim := worker.claim(), Claim):
        open_blobs(settings).put(claim.tenant, claim.job_id, "page-1", data)
        worker.record(claim, 1, PageRecord("page-1"), PageTimings(), MODEL)


def of_job(job: str, token: str | None) -> dict[str, bytes]:
    """Requests that go on until a document is read."""
    size = f"Content-Length: {len(PNG)}"
    return {
        "events": head(f"GET /v1/jobs/{job}/events", token),
        "poll": head(f"GET /v1/jobs/{job}?wait=60", token),
        "prediction": head("POST /predictions/vi-print", token, size) + PNG,
        "submission": head("POST /v1/jobs", token, "Prefer: wait=60", size) + PNG,
    }


def of_batch(batch: str, token: str | None) -> dict[str, bytes]:
    """Requests that go on until a batch ends."""
    return {
        "lines": head(f"GET /v1/batches/{batch}/results?follow=1&format=text", token),
        "poll of the batch": head(f"GET /v1/batches/{batch}?wait=60", token),
    }


def uploads(batch: str, token: str | None) -> dict[str, bytes]:
    """Requests that are in the middle of their bodies."""
    size = "Content-Length: 100000"
    return {
        "document": head("POST /v1/jobs", token, size) + PNG,
        "of the batch": head(f"POST /v1/jobs?batch_id={batch}&custom_id=a", token, size) + PNG,
        "zip": head("POST /v1/batches", token, size, "Content-Type: application/zip")
        + b"PK\x03\x04",
        "of a prediction": head("PUT /predictions/vi-print", token, size) + PNG,
    }


def wait_for(holds: Callable[[], bool]) -> None:
    """The test's own time limit is the only one."""
    while not holds():
        time.sleep(0.01)


class Told:
    """What the answers to requests say until they end, or say too much, each in its own thread."""

    def __init__(self, running: Process, requests: dict[str, bytes], stack: ExitStack) -> None:
        self._data: dict[str, bytes] = {}
        self._threads = []
        for name, said in requests.items():
            one = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), 30))
            one.sendall(said)
            if name in ("events", "lines"):  # their heads come at once
                read_until(one, b"\r\n\r\n")
            thread = threading.Thread(target=self._read, args=(name, one))
            thread.start()
            self._threads.append(thread)

    def _read(self, name: str, one: socket.socket) -> None:
        data = b""
        while LATER.encode() not in data and (piece := one.recv(1 << 16)):
            data += piece
        self._data[name] = data

    def to_the_end(self) -> dict[str, bytes]:
        """All of it, once all have ended."""
        for thread in self._threads:
            thread.join()
        return self._data


def expect_refused(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 401 "), answer[:200]
    assert body_of(answer)["code"] == "unauthorized"


def test_what_a_revoked_key_had_opened_ends_and_hears_of_nothing_that_comes_later(
    running: Process, store_client: redis.Redis, valkey_settings: Settings
) -> None:
    incoming = valkey_settings.data_dir / "blobs" / "incoming"
    api_keys = ApiKeys(store_client)
    (revoked, token), (_, other) = api_keys.create("acme"), api_keys.create("acme")
    batch = posted(running, "/v1/batches", other)["id"]
    job = posted(running, f"/v1/jobs?batch_id={batch}&custom_id=0", other, PNG)["id"]
    with ExitStack() as stack:
        waiting = Told(running, of_job(job, token) | of_batch(batch, token), stack)
        sending = Told(running, uploads(batch, token), stack)
        of_others = Told(running, of_job(job, other), stack)
        wait_for(lambda: len(list(incoming.glob("*"))) == len(uploads(batch, token)))
        # The first one, and those that were sent by who waits for them.
        wait_for(lambda: SliceQueue(store_client, "ann", 10).num_ready() == 5)
        assert api_keys.revoke(revoked.id)
        time.sleep(SOON_S)
        posted(running, f"/v1/jobs?batch_id={batch}&custom_id=1", other, PNG)
        read_all(store_client, valkey_settings)
        told, refused, heard = (one.to_the_end() for one in (waiting, sending, of_others))
    assert told.keys() == {*of_job(job, token), *of_batch(batch, token)}
    for said in told.values():
        assert LATER.encode() not in said and b"succeeded" not in said
    # What was accepted before is read; the one who sent it gets to know its id, and no more.
    assert told.pop("submission").startswith(b"HTTP/1.1 202 ")
    for name in ("poll", "poll of the batch", "prediction"):
        expect_refused(told[name])
    assert len(refused) == len(uploads(batch, token)) and not any(incoming.glob("*"))
    for said in refused.values():
        expect_refused(said)
    # The other key's requests went on to their ends.
    assert LATER.encode() in heard.pop("prediction")
    assert all(b'"status":"succeeded"' in said for said in heard.values())


def test_the_first_key_ends_what_was_open_without_one(
    running: Process, store_client: redis.Redis, valkey_settings: Settings
) -> None:
    job = posted(running, "/v1/jobs", None, PNG)["id"]
    batch = posted(running, "/v1/batches", None)["id"]
    with ExitStack() as stack:
        waiting = Told(running, of_job(job, None) | of_batch(batch, None), stack)
        ApiKeys(store_client).create("acme")
        time.sleep(SOON_S)
        read_all(store_client, valkey_settings)
        told = waiting.to_the_end()
    assert told.keys() == {*of_job(job, None), *of_batch(batch, None)}
    assert not any(LATER.encode() in said or b"succeeded" in said for said in told.values())
