"""Options are the same for a job, a batch and a line of NDJSON, and are said once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from shared.store import keys
from shared.store.workers import WorkerInfo
from tests.api.playing import MODEL, PNG, Api, Shown, problem
from tests.api.test_batch_uploads import unpacked
from tests.api.test_submitting import OPTIONS, file

DATA = base64.b64encode(PNG).decode()
NDJSON = "application/x-ndjson"


def as_line(api: Api, **options: Any) -> Shown:
    """The job that a line with these options becomes."""
    line = json.dumps({"data": DATA, **options})
    batch = api.client.post("/v1/batches", data=line, content_type=NDJSON).get_json()
    (item,) = unpacked(api, batch["id"])
    job: Shown = api.get(f"/v1/jobs/{item.job_id}").get_json()
    return job


def test_a_line_takes_every_option_of_a_job(api: Api) -> None:
    job = as_line(api, **OPTIONS, metadata={"số": 7})
    assert job["status"] == "queued", job["error"]
    assert job["options"] == OPTIONS and job["metadata"] == {"số": 7}


def test_a_model_that_no_worker_has_is_refused_in_a_line_as_in_a_job(api: Api) -> None:
    info = WorkerInfo(id="ann", model=MODEL, models=[MODEL], device="cpu", num_slices=4)
    api.parts.workers.report(info)
    refused = problem(api.client.post("/v1/jobs?model=no", data=PNG), 422, "invalid_option")
    error = as_line(api, model="no")["error"]
    assert (error["code"], error["detail"]) == ("invalid_option", refused["detail"])
    assert as_line(api, model="vi-print")["options"]["model"] == "vi-print"


def nested(depth: int) -> dict[str, Any]:
    """An object with lists and objects in it, so many levels in all."""
    value: Any = 1
    for level in range(depth - 1):
        value = {"a": value} if level % 2 else [value]
    return {"a": value}


def failed(job: Shown) -> str | None:
    return str(job["error"]["detail"]) if job["error"] else None


def refused(answer: TestResponse) -> str | None:
    return str(answer.get_json()["detail"]) if answer.status_code == 422 else None


WAYS: dict[str, Callable[[Api, dict[str, Any]], str | None]] = {
    "the form of a job": lambda api, metadata: refused(
        api.client.post("/v1/jobs", data={"file": file(), "metadata": json.dumps(metadata)})
    ),
    "the query of a job": lambda api, metadata: refused(
        api.client.post("/v1/jobs", data=PNG, query_string={"metadata": json.dumps(metadata)})
    ),
    "the JSON of a job": lambda api, metadata: refused(
        api.client.post("/v1/jobs", json={"data": DATA, "metadata": metadata})
    ),
    "the JSON of a batch": lambda api, metadata: refused(
        api.client.post("/v1/batches", json={"metadata": metadata})
    ),
    "the form of a batch": lambda api, metadata: refused(
        api.client.post("/v1/batches", data={"file": file(), "metadata": json.dumps(metadata)})
    ),
    "a line": lambda api, metadata: failed(as_line(api, metadata=metadata)),
}


@pytest.mark.parametrize("way", WAYS)
def test_metadata_may_be_nested_so_deep_and_no_deeper(api: Api, way: str) -> None:
    assert WAYS[way](api, nested(32)) is None
    for depth in (33, 60):
        assert WAYS[way](api, nested(depth)) == (
            "`metadata` cannot be used: it is nested more than 32 deep."
        )
    for listed in ("/v1/jobs", "/v1/batches"):
        assert api.get(listed).status_code == 200


@pytest.mark.parametrize("depth", [256, 900, 20_000])
def test_a_body_that_is_nested_deeper_than_any_option_says_so(api: Api, depth: int) -> None:
    body = '{"metadata": ' + "[" * depth + "]" * depth + "}"
    for path in ("/v1/jobs", "/v1/batches"):
        answer = api.client.post(path, data=body, content_type="application/json")
        assert "nested more than 64 deep" in problem(answer, 400, "bad_request")["detail"]


def test_what_an_older_service_took_and_cannot_be_shown_takes_no_list_down(api: Api) -> None:
    batch = api.client.post("/v1/batches").get_json()
    job = api.submit(batch_id=batch["id"], custom_id="a")
    deep = json.dumps(nested(256))
    api.store.hset(keys.job(job["id"]), "metadata", deep)
    api.store.hset(keys.batch(batch["id"]), "metadata", deep)
    assert [one["id"] for one in api.get("/v1/jobs").get_json()["jobs"]] == [job["id"]]
    assert [one["id"] for one in api.get("/v1/batches").get_json()["batches"]] == [batch["id"]]
    for shown in (job, batch):
        answer = api.get(shown["links"]["self"])
        assert answer.status_code == 200 and answer.get_json()["metadata"] == {}


def test_equal_values_in_query_and_body_are_no_contradiction(api: Api) -> None:
    query = {**{name: str(value) for name, value in OPTIONS.items()}, "metadata": '{"a": [1]}'}
    as_form = api.client.post(
        "/v1/jobs",
        query_string=query,
        data={**query, "metadata": '{ "a":[1] }', "file": file()},
    )
    as_json = api.client.post(
        "/v1/jobs", query_string=query, json={**OPTIONS, "metadata": {"a": [1]}, "data": DATA}
    )
    for answer in (as_form, as_json):
        assert answer.status_code == 202, answer.text
        assert answer.get_json()["options"] == OPTIONS
    batch = api.client.post("/v1/batches?open=false&priority=bulk", json={"open": False})
    assert batch.status_code == 201
    differs = api.client.post("/v1/jobs?pages=1", json={"pages": "2", "data": DATA})
    assert "twice" in problem(differs, 422, "invalid_option")["detail"]


@pytest.mark.parametrize("value", ["60", 60.5, True, [], {}])
def test_json_has_types(api: Api, value: object) -> None:
    answer = api.client.post("/v1/jobs", json={"data": DATA, "ttl_s": value})
    assert problem(answer, 422, "invalid_option")["option"] == "ttl_s"
    assert as_line(api, ttl_s=value)["error"]["code"] == "invalid_option"


def test_a_default_that_is_said_makes_no_other_request(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    first = api.client.post("/v1/jobs", data=PNG, headers=key)
    again = api.client.post("/v1/jobs?priority=interactive&text_layer=auto", data=PNG, headers=key)
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
