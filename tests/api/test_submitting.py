"""Submitting a document: in every form, with options, once per key, and refused while full."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from shared.blobs import INPUT
from shared.options import Options
from shared.store import keys
from shared.store.needs import PLAIN, need_of
from tests.api.playing import PDF, PNG, Api, problem


def file(data: bytes = PNG, name: str = "a.png") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def test_an_uploaded_file_becomes_a_job(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data={"file": file(name="hoá đơn.png")})
    assert answer.status_code == 202
    job = answer.get_json()
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert job["status"] == "queued" and job["queue"]["position"] == 1
    assert job["document"] == {
        "name": "hoá đơn.png",
        "media_type": "image/png",
        "size": len(PNG),
        "sha256": sha256(PNG).hexdigest(),
        "num_pages": 1,
    }
    assert "tenant" not in job
    assert job["created_at"].endswith("Z")
    assert api.parts.blobs.get("default", job["id"], INPUT) == PNG
    assert api.store.llen(keys.wakeups(PLAIN)) == 1, "the workers hear of it"
    claim = api.claim()
    assert claim.job_id == job["id"]


def test_the_raw_body_is_a_document_whatever_its_content_type_says(api: Api) -> None:
    for content_type in ("image/png", "application/x-www-form-urlencoded", "text/html", ""):
        answer = api.client.post("/v1/jobs", data=PDF, headers={"Content-Type": content_type})
        assert answer.status_code == 202, answer.text
        assert answer.get_json()["document"]["media_type"] == "application/pdf"


def test_a_raw_body_may_say_its_name(api: Api) -> None:
    job = api.submit(headers={"Content-Disposition": "attachment; filename*=UTF-8''%E1%BA%A3.png"})
    assert job["document"]["name"] == "ả.png"


@pytest.mark.parametrize(
    "encode",
    [
        base64.b64encode,
        base64.encodebytes,
        base64.urlsafe_b64encode,
        lambda data: base64.b64encode(data).rstrip(b"="),
        lambda data: b"data:image/png;base64," + base64.b64encode(data),
    ],
)
def test_base64_in_json_is_a_document(api: Api, encode: Callable[[bytes], bytes]) -> None:
    body = {"pages": "1", "data": encode(PNG).decode(), "metadata": {"data": "x"}}
    answer = api.client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert job["document"]["sha256"] == sha256(PNG).hexdigest()
    assert job["options"]["pages"] == "1" and job["metadata"] == {"data": "x"}


def test_json_may_escape_the_letters_of_base64(api: Api) -> None:
    text = base64.b64encode(bytes(range(256)) * 300)
    escaped = text.replace(b"/", b"\\/").replace(b"+", b"\\u002B")
    data = b'{"data": "iVBORw0KGgoA' + escaped + b'"}'
    answer = api.client.post("/v1/jobs", data=data, content_type="application/json")
    assert answer.status_code == 202, answer.text
    assert answer.get_json()["document"]["size"] == 9 + 256 * 300


OPTIONS = {
    "priority": "bulk",
    "pages": "1-3, 7",
    "text_layer": "ignore",
    "language_model": "off",
    "extract": "auto",
    "timeout_s": 900,
    "ttl_s": 3600,
    "webhook_url": "https://93.184.215.14/hook",
    "webhook_include": "text",
    "model": "vi-print",
    "reuse": "auto",
}


def test_options_go_into_the_form_the_query_or_json(api: Api) -> None:
    metadata = {"đơn": [1, 2.5, None]}
    texts = {**OPTIONS, "metadata": json.dumps(metadata)}
    as_form = api.client.post("/v1/jobs", data={**texts, "file": file()})
    as_query = api.client.post("/v1/jobs", data=PNG, query_string=texts)
    as_json = api.client.post(
        "/v1/jobs",
        json={**OPTIONS, "metadata": metadata, "data": base64.b64encode(PNG).decode()},
    )
    for answer in (as_form, as_query, as_json):
        assert answer.status_code == 202, answer.text
        job = answer.get_json()
        assert job["options"] == OPTIONS
        assert job["metadata"] == metadata
    assert api.store.zcard(keys.ready("bulk", need_of(Options(model="vi-print")))) == 3


def test_a_ttl_shortens_how_long_the_result_is_kept(api: Api) -> None:
    job = api.submit(ttl_s="60")
    assert api.store.hget(keys.job(job["id"]), "result_ttl") == "60000"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"priority": "urgent"}, "priority"),
        ({"pages": "3-1"}, "pages"),
        ({"pages": "0"}, "pages"),
        ({"pages": "1-"}, "pages"),
        ({"text_layer": "no"}, "text_layer"),
        ({"language_model": "on"}, "language_model"),
        ({"reuse": "always"}, "reuse"),
        ({"ttl_s": "59"}, "ttl_s"),
        ({"ttl_s": "9999999"}, "ttl_s"),
        ({"ttl_s": "soon"}, "ttl_s"),
        ({"metadata": "[1]"}, "metadata"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": '{"a": NaN}'}, "metadata"),
        ({"metadata": '{"a": 1e999}'}, "metadata"),
        ({"metadata": '{"a": "\\ud800"}'}, "metadata"),
        ({"metadata": '{"a": ' + "[" * 2000 + "]" * 2000 + "}"}, "metadata"),
        ({"metadata": json.dumps({"a": "x" * 4096})}, "metadata"),
        ({"webhook_include": "everything"}, "webhook_include"),
        ({"batch_id": "bat_1"}, "batch_id"),
        ({"custom_id": "1"}, "custom_id"),
        ({"pagse": "1"}, "pagse"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(
    api: Api, options: dict[str, str], named: str
) -> None:
    as_form = api.client.post("/v1/jobs", data={**options, "file": file()})
    as_query = api.client.post("/v1/jobs", data=PNG, query_string=options)
    for answer in (as_form, as_query):
        body = problem(answer, 422, "invalid_option")
        assert body["option"] == named and body["detail"].count(f"`{named}`") == 1
        assert body["detail"].endswith(".") and ".." not in body["detail"]
    assert api.stored() == []


def test_an_option_is_given_once(api: Api) -> None:
    twice = [
        api.client.post("/v1/jobs?pages=1&pages=2", data=PNG),
        api.client.post("/v1/jobs?pages=1", data={"file": file(), "pages": "2"}),
        api.client.post("/v1/jobs", data={"file": file(), "pages": ["1", "2"]}),
    ]
    for answer in twice:
        assert "twice" in problem(answer, 422, "invalid_option")["detail"]


def test_an_empty_form_field_is_no_option(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data={"file": file(), "pages": "", "ttl_s": ""})
    assert answer.status_code == 202


def test_the_same_request_with_the_same_key_makes_one_job(api: Api) -> None:
    key = {"Idempotency-Key": "order-7"}
    first = api.client.post("/v1/jobs", data=PNG, headers=key)
    again = api.client.post("/v1/jobs", data=PNG, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.get_json()["id"] == again.get_json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.stored()) == 1


def test_a_key_is_for_one_document_and_one_set_of_options(api: Api) -> None:
    key = {"Idempotency-Key": "order-8"}
    api.submit(headers=key)
    problem(api.client.post("/v1/jobs", data=PDF, headers=key), 422, "idempotency_mismatch")
    other = api.client.post("/v1/jobs?pages=1", data=PNG, headers=key)
    problem(other, 422, "idempotency_mismatch")


def test_a_key_in_flight_is_a_conflict(api: Api) -> None:
    api.parts.idempotency.claim("default", "order-9")
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Idempotency-Key": "order-9"})
    problem(answer, 409, "idempotency_in_flight")
    assert answer.headers["Retry-After"] == "1"


def test_a_refused_request_lets_its_key_go(api: Api) -> None:
    key = {"Idempotency-Key": "order-10"}
    problem(api.client.post("/v1/jobs", data=b"text", headers=key), 415, "unsupported_media_type")
    api.submit(headers=key)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_has_up_to_255_printable_characters(api: Api, key: str) -> None:
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Idempotency-Key": key})
    problem(answer, 422, "invalid_option")


def test_a_full_queue_refuses_before_the_body_is_read(api: Api) -> None:
    api.store.hset(keys.BACKLOG, "default", 40)
    answer = api.client.post("/v1/jobs", data=PNG)
    problem(answer, 429, "queue_full")
    assert int(answer.headers["Retry-After"]) >= 1
    assert api.stored() == []


def test_a_full_queue_still_knows_its_keys(api: Api) -> None:
    job = api.submit(headers={"Idempotency-Key": "order-11"})
    api.store.hset(keys.BACKLOG, "*", 50)
    assert api.submit(headers={"Idempotency-Key": "order-11"})["id"] == job["id"]


def test_a_queue_that_fills_during_the_upload_keeps_nothing(api: Api) -> None:
    body = _Telling(PNG, lambda: api.store.hset(keys.BACKLOG, "*", 50))
    answer = api.client.post("/v1/jobs", input_stream=body, content_length=len(PNG))
    problem(answer, 429, "queue_full")
    assert api.stored() == []


class _Telling(io.BytesIO):
    """A body that tells when it is read."""

    def __init__(self, data: bytes, tell: Callable[[], object]) -> None:
        super().__init__(data)
        self._tell = tell

    def readinto(self, buffer: Any, /) -> int:
        self._tell()
        return super().readinto(buffer)


def test_a_store_that_is_away_takes_nothing(make_api: Callable[..., Api], tmp_path: object) -> None:
    api = make_api(redis_url="redis://127.0.0.1:1/0", auth="off")
    for headers in ({}, {"Idempotency-Key": "order-12"}):
        answer = api.client.post("/v1/jobs", data=PNG, headers=headers)
        problem(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert api.stored() == [] and api.leftovers() == []


def test_a_full_disk_takes_nothing(api: Api) -> None:
    (api.blobs / "incoming").mkdir(parents=True)
    (api.blobs / "jobs").write_text("in the way")
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Idempotency-Key": "order-13"})
    problem(answer, 503, "unavailable")
    assert api.worker.num_ready() == 0
    (api.blobs / "jobs").unlink()
    api.submit(headers={"Idempotency-Key": "order-13"})
