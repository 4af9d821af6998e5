"""The description of the API is sound, complete, and true."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from pydantic import BaseModel

from api.http.schemas import EXAMPLES, Schemas
from bench.receiver import receiving
from shared.webhooks import EVENT_TYPES, TRIAL
from tests.api.playing import PDF, PNG, Api, Shown, page_of, problem
from tests.api.test_webhooks import read, register, send


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """An API whose webhooks may go to this machine."""
    here = (ipaddress.ip_network("127.0.0.0/8"),)
    return make_api(allow_targets=here, webhook_timeout_s=5.0)


def described(api: Api) -> Shown:
    spec: Shown = api.get("/openapi.json").get_json()
    return spec


def operations(spec: Shown) -> list[Shown]:
    both = (*spec["paths"].values(), *spec["webhooks"].values())
    return [operation for item in both for operation in item.values()]


def check(spec: Shown, schema: Shown, value: Any) -> None:
    whole = {**schema, "components": spec["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def test_it_is_valid_openapi(api: Api) -> None:
    validate(described(api))


def test_everything_has_a_name_and_one_name(api: Api) -> None:
    spec = described(api)
    tags = [tag["name"] for tag in spec["tags"]]
    assert max(Counter(tags).values()) == 1
    assert {tag for one in operations(spec) for tag in one["tags"]} == set(tags)
    ids = [one["operationId"] for one in operations(spec)]
    assert max(Counter(ids).values()) == 1
    assert spec["servers"] and spec["info"]["license"]["identifier"] == "Apache-2.0"
    schemas = spec["components"]["schemas"]
    assert "worker" in schemas["SliceAttempt"]["properties"]
    assert "status_code" in schemas["DeliveryAttempt"]["properties"]


def test_it_says_that_empty_options_count_as_absent(api: Api) -> None:
    paths = described(api)["paths"]
    for path in ("/v1/jobs", "/v1/batches"):
        queries = [one for one in paths[path]["post"]["parameters"] if one["in"] == "query"]
        assert queries and all(one["allowEmptyValue"] for one in queries)
        empty = {one["name"]: "" for one in queries}
        data = PNG if path == "/v1/jobs" else None
        answer = api.client.post(path, data=data, query_string=empty)
        assert answer.status_code in (201, 202), answer.text
    listed = paths["/v1/jobs"]["get"]["parameters"]
    assert not any("allowEmptyValue" in one for one in listed)
    assert api.get("/v1/jobs?status=").status_code == 422


def test_it_says_that_an_address_can_be_too_long_wherever_there_is_a_query(api: Api) -> None:
    for one in operations(described(api)):
        has_query = any(parameter["in"] == "query" for parameter in one.get("parameters", ()))
        assert ("414" in one["responses"]) == has_query


def test_two_models_of_one_name_are_told_apart_or_refused() -> None:
    one = type("Twin", (BaseModel,), {"__annotations__": {"a": int}})
    other = type("Twin", (BaseModel,), {"__annotations__": {"b": str}})
    schemas = Schemas(60)
    schemas.of(one)
    schemas.of(one)
    with pytest.raises(ValueError, match="Twin"):
        schemas.of(other)


def test_its_examples_are_what_it_says(api: Api) -> None:
    spec = described(api)
    schemas = spec["components"]["schemas"]
    shown = {name for name, schema in schemas.items() if schema.get("examples")}
    assert shown == set(json.loads(EXAMPLES.read_text())) >= {"Job", "JobByUrl", "Result"}
    for name in shown:
        for example in schemas[name]["examples"]:
            check(spec, {"$ref": f"#/components/schemas/{name}"}, example)


def test_what_is_answered_is_what_is_described(api: Api) -> None:
    spec = described(api)
    batch = api.client.post("/v1/batches?pages=1").get_json()
    api.submit(PDF, pages="1", metadata='{"a": [1]}', batch_id=batch["id"], custom_id="ả")
    api.finish(page_of(1, "Đọc chữ"))
    job = api.get("/v1/jobs").get_json()["jobs"][0]
    paths = {
        "/v1/jobs": "JobList",
        "/v1/batches": "BatchList",
        job["links"]["self"]: "Job",
        job["links"]["result"]: "Result",
        f"{job['links']['self']}/timeline": "Timeline",
        f"{job['links']['self']}/pages/1": "Page",
        batch["links"]["self"]: "Batch",
        "/v1/webhooks": "WebhookList",
        "/v1/webhook-secret": "Secret",
        "/v1/deliveries": "DeliveryList",
        "/v1/jobs/job_1": "ProblemDetails",
    }
    for path, name in paths.items():
        check(spec, {"$ref": f"#/components/schemas/{name}"}, api.get(path).get_json())


def test_what_webhooks_are_sent_is_what_is_described(api: Api) -> None:
    spec = described(api)
    assert set(spec["webhooks"]) == {*EVENT_TYPES, TRIAL}
    with receiving() as receiver:
        hook = register(api, receiver.url, include="text")
        api.client.post(f"/v1/webhooks/{hook['id']}/test")
        batch = api.client.post("/v1/batches").get_json()
        for name in ("a", "b", "c"):
            api.submit(PNG, batch_id=batch["id"], custom_id=name)
        read(api, "chữ")
        jobs = api.get(batch["links"]["jobs"]).get_json()["jobs"]
        api.client.delete(jobs[2]["links"]["self"])
        api.client.post(f"{batch['links']['self']}/cancel")
        for _ in range(20):
            if len(receiver.received) < 5:
                send(api)
        bodies = [json.loads(one.body) for one in receiver.received]
        headers = [set(one.headers) for one in receiver.received]
    kinds = {body["type"] for body in bodies}
    assert kinds == {TRIAL, "job.succeeded", "job.canceled", "batch.finished"}
    for body, sent in zip(bodies, headers, strict=True):
        operation = spec["webhooks"][body["type"]]["post"]
        check(spec, operation["requestBody"]["content"]["application/json"]["schema"], body)
        assert {one["name"] for one in operation["parameters"]} <= {name.lower() for name in sent}


@pytest.mark.parametrize("member", ["url", "events", "description", "enabled"])
def test_null_changes_nothing_of_a_webhook_but_what_can_be_null(api: Api, member: str) -> None:
    path = f"/v1/webhooks/{register(api, include='text')['id']}"
    answer = api.client.patch(path, json={member: None})
    assert problem(answer, 422, "invalid_option")["option"] == member
    assert api.client.patch(path, json={"include": None}).get_json()["include"] is None


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"url": NaN}', "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b'{"url": "http://127.0.0.1:9/"}', "text/plain", 415),
        (b'{"url": "http://127.0.0.1:9/", "events": "job.failed"}', "application/json", 422),
    ],
)
def test_a_webhook_is_registered_in_json_and_nothing_else(
    api: Api, body: bytes, content_type: str, status: int
) -> None:
    answer = api.client.post("/v1/webhooks", data=body, content_type=content_type)
    assert answer.status_code == status and answer.mimetype == "application/problem+json"


def test_a_query_is_checked_and_given_once(api: Api) -> None:
    for query in ("limit=", "limit=0", "limit=1&limit=2", "status=lost", "colour=1"):
        problem(api.get(f"/v1/jobs?{query}"), 422, "invalid_option")


def test_a_key_of_a_batch_that_is_gone_is_gone_as_described(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    batch = api.client.post("/v1/batches", headers=key).get_json()
    api.client.delete(batch["links"]["self"])
    problem(api.client.post("/v1/batches", headers=key), 410, "batch_gone")
    assert "410" in described(api)["paths"]["/v1/batches"]["post"]["responses"]


def test_every_format_has_an_address_of_its_own(api: Api) -> None:
    job = api.submit()
    api.finish(page_of(1, "Đọc chữ"))
    path = f"/v1/jobs/{job['id']}/result"
    for name, media_type in {
        "text": "text/plain",
        "markdown": "text/markdown",
        "html": "text/html",
        "hocr": "text/vnd.hocr+html",
        "alto": "application/alto+xml",
    }.items():
        answer = api.get(f"{path}/{name}")
        assert (
            answer.mimetype == media_type and answer.data == api.get(f"{path}?format={name}").data
        )
    problem(api.get(f"{path}/odt"), 406, "format_not_available")
