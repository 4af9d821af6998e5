"""TorchServe's clients: every way in which they send a picture gives its text."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from werkzeug.test import TestResponse

from api.jobs import at_once
from shared.errors.documents import DocumentEncrypted
from shared.store import keys
from shared.store.workers import WorkerInfo
from tests.api.playing import MODEL, PDF, PNG, Api, page_of, problem

TEXT = "Đọc chữ\nhai dòng\n"
BASE64 = base64.b64encode(PNG)


@contextmanager
def worker(api: Api, work: Callable[[], None] | None = None) -> Iterator[None]:
    """Somebody who reads the next document."""

    def read() -> None:
        while not api.worker.num_ready() and not ended.wait(0.01):
            pass
        if not ended.is_set():
            (work or (lambda: api.finish(page_of(1, "Đọc chữ", "hai dòng"))))()

    ended = threading.Event()
    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


FORM = {"content_type": "multipart/form-data"}
WAYS: dict[str, Callable[[Api], TestResponse]] = {
    "the file in `data`": lambda api: api.client.post(
        "/predictions/ocr", data={"data": (io.BytesIO(PNG), "a.png")}
    ),
    "the file in `body`": lambda api: api.client.post(
        "/predictions/ocr", data={"body": (io.BytesIO(PNG), "a.png")}
    ),
    "base64 as a file": lambda api: api.client.post(
        "/predictions/ocr", data={"data": (io.BytesIO(BASE64), "a.txt")}
    ),
    "base64 in a form field": lambda api: api.client.post(
        "/predictions/ocr", data={"data": BASE64.decode()}, **FORM
    ),
    "base64 in a URL-encoded form": lambda api: api.client.post(
        "/predictions/ocr", data={"body": BASE64.decode()}
    ),
    "base64 in a URL-encoded form, not encoded": lambda api: api.client.post(
        "/predictions/ocr",
        data=b"data=" + BASE64 + b"&more=1",
        content_type="application/x-www-form-urlencoded",
    ),
    "the raw body": lambda api: api.client.post("/predictions/ocr", data=PNG),
    "the raw body, put": lambda api: api.client.put("/predictions/ocr/1.0", data=PNG),
    "the raw body of `curl --data-binary`": lambda api: api.client.post(
        "/predictions/ocr", data=PNG, content_type="application/x-www-form-urlencoded"
    ),
    "a base64 body": lambda api: api.client.post("/predictions/any", data=BASE64),
    "a base64 body in lines": lambda api: api.client.post(
        "/predictions/any", data=base64.encodebytes(PNG)
    ),
    "a data URL": lambda api: api.client.post(
        "/predictions/any", data=b"data:image/png;base64," + BASE64
    ),
    "JSON": lambda api: api.client.post("/predictions/any", json={"data": BASE64.decode()}),
    "JSON with a data URL in `body`": lambda api: api.client.post(
        "/predictions/any", json={"body": "data:image/png;base64," + BASE64.decode()}
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send_a_picture_gives_its_text(api: Api, way: str) -> None:
    with worker(api):
        answer = WAYS[way](api)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == TEXT
    (path,) = [path for path in api.stored() if path.name == "input"]
    assert path.read_bytes() == PNG


def test_a_small_picture_in_base64_is_guessed_right(api: Api) -> None:
    data = PNG[:20]
    for body in (data, base64.b64encode(data), b"data=" + base64.b64encode(data)):
        with worker(api):
            assert api.client.post("/predictions/ocr", data=body).text == TEXT


@pytest.mark.parametrize("data", [b"hello", b"!" * 3000, b"data=" + b"%" * 2000, b"data:,x"])
def test_what_is_no_picture_is_refused(api: Api, data: bytes) -> None:
    problem(api.client.post("/predictions/ocr", data=data), 415, "unsupported_media_type")
    assert api.stored() == []


def test_nothing_is_refused_as_empty(api: Api) -> None:
    problem(api.client.post("/predictions/ocr"), 400, "empty_document")
    problem(api.client.post("/predictions/ocr", data={"data": ""}), 400, "empty_document")
    problem(api.client.post("/predictions/ocr", json={}), 400, "empty_document")


def test_base64_is_bounded_too(api: Api) -> None:
    body = base64.b64encode(PNG + bytes(200_000))
    problem(api.client.post("/predictions/ocr", data=body), 413, "document_too_large")


def test_a_document_that_cannot_be_read_says_so(api: Api) -> None:
    with worker(api, lambda: api.worker.fail(api.claim(), DocumentEncrypted())):
        answer = api.client.post("/predictions/ocr", data=PDF)
    problem(answer, 422, "document_encrypted")


def test_a_full_queue_says_so(api: Api) -> None:
    api.store.hset(keys.BACKLOG, "*", 50)
    problem(api.client.post("/predictions/ocr", data=PNG), 429, "queue_full")


def test_a_document_that_takes_too_long_is_given_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "_WAIT_S", 0.05)
    problem(api.client.post("/predictions/ocr", data=PNG), 504, "timeout")
    (job,) = api.get("/v1/jobs").get_json()["jobs"]
    assert job["status"] == "canceled"


def test_with_no_place_to_wait_it_says_so_at_once(make_api: Callable[..., Api]) -> None:
    api = make_api(max_waiters=1)
    with api.parts.waiters.place():
        answer = api.client.post("/predictions/ocr", data=PNG)
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]


def test_results_are_not_kept_for_long(api: Api) -> None:
    with worker(api):
        api.client.post("/predictions/ocr", data=PNG)
    (job,) = api.get("/v1/jobs").get_json()["jobs"]
    assert api.store.hget(keys.job(job["id"]), "result_ttl") == "600000"


def test_the_loaded_models_are_described(api: Api) -> None:
    assert api.get("/models").get_json() == {"models": []}
    for name, device in (("ann", "cuda:0"), ("bob", "cpu")):
        info = WorkerInfo(id=name, model=MODEL, device=device, num_slices=4)
        api.parts.workers.report(info)
    assert api.get("/models").get_json() == {
        "models": [{"modelName": "vi-print", "modelUrl": "vi-print.mar"}]
    }
    (described,) = api.get("/models/vi-print").get_json()
    assert described["modelName"] == "vi-print" and described["modelVersion"] == "1"
    assert described["minWorkers"] == described["maxWorkers"] == 2
    assert described["workers"] == [
        {"id": "ann", "status": "READY", "gpu": True},
        {"id": "bob", "status": "READY", "gpu": False},
    ]
    (own,) = api.get("/models/ocr_model").get_json()
    assert own == {**described, "modelName": "ocr_model"}, "any name is read with their own"


def test_without_a_worker_no_model_is_loaded(api: Api) -> None:
    problem(api.get("/models/ocr_model"), 404, "model_not_found")


def test_ping_says_healthy(api: Api) -> None:
    assert api.get("/ping").get_json() == {"status": "Healthy"}
