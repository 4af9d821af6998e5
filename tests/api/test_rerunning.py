"""A job's document is read again with other options, without an upload."""

from __future__ import annotations

import io

import pytest

from shared.blobs import INPUT, PASSWORD
from shared.store import keys
from tests.api.playing import PDF, PNG, Api, page_of, problem
from tests.api.test_auth import bearer


def ended(api: Api, data: bytes = PNG, **query: str) -> str:
    """The path of a job that has been read."""
    job = api.submit(data, **query)
    api.finish(page_of(1, "một"))
    path: str = job["links"]["self"]
    return path


def test_a_new_job_reads_it_with_the_options_that_are_given(api: Api) -> None:
    path = ended(api, PDF, pages="1", text_layer="ignore", metadata='{"a": 1}')
    before = api.get(path).get_json()
    answer = api.client.post(f"{path}/rerun", json={"pages": "2-3"})
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert answer.headers["Location"] == job["links"]["self"] != path
    assert job["rerun_of"] == before["id"] and before["rerun_of"] is None
    assert job["options"] == {**before["options"], "pages": "2-3"}
    assert job["metadata"] == {"a": 1}
    assert job["document"] == {**before["document"], "num_pages": None}
    assert api.parts.blobs.get("default", job["id"], INPUT) == PDF
    assert api.claim().job_id == job["id"]
    assert api.get(path).get_json() == before, "one that has ended never changes"


def test_options_may_stand_in_the_query_and_null_is_the_default(api: Api) -> None:
    path = ended(api, PDF, pages="1", priority="bulk")
    job = api.client.post(f"{path}/rerun?text_layer=trust", json={"pages": None}).get_json()
    assert job["options"]["text_layer"] == "trust" and job["options"]["pages"] is None
    assert job["options"]["priority"] == "bulk"
    job = api.client.post(f"{path}/rerun").get_json()
    assert job["options"]["pages"] == "1"


def test_it_is_waited_for_and_made_once_as_any_job(api: Api) -> None:
    path = ended(api)
    headers = {"Idempotency-Key": "again"}
    first = api.client.post(f"{path}/rerun", headers=headers)
    second = api.client.post(f"{path}/rerun", headers=headers)
    assert second.get_json()["id"] == first.get_json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    problem(api.client.post(f"{path}/rerun?pages=1", headers=headers), 422, "idempotency_mismatch")
    api.finish(page_of(1, "hai"))
    rerun = first.get_json()["links"]["self"]
    answer = api.client.post(f"{rerun}/rerun", headers={"Prefer": "wait=1"})
    assert answer.status_code == 202 and answer.headers["Preference-Applied"] == "wait=1"
    assert answer.get_json()["rerun_of"] == first.get_json()["id"]


def test_each_erases_its_own_document(api: Api) -> None:
    path = ended(api)
    job = api.client.post(f"{path}/rerun").get_json()
    api.client.delete(path)
    assert api.parts.blobs.get("default", job["id"], INPUT) == PNG
    problem(api.client.post(f"{path}/rerun"), 410, "job_gone")
    # What is wrong with a request is told first: it would be so of any job.
    problem(api.client.post(f"{path}/rerun", json={"pages": 0}), 422, "invalid_option")
    problem(api.client.post(f"{path}/rerun", data=b"x"), 415, "unsupported_media_type")


def test_a_document_that_is_not_kept_is_gone(api: Api) -> None:
    path = ended(api)
    api.parts.blobs.delete("default", path.rpartition("/")[2], INPUT)
    stored = api.stored()
    problem(api.client.post(f"{path}/rerun"), 410, "document_not_kept")
    assert api.stored() == stored and not list((api.blobs / "jobs").glob("*/*/*/input"))


def test_what_opened_it_opens_it_again_or_another_password_does(api: Api) -> None:
    job = api.client.post("/v1/jobs", data={"file": (io.BytesIO(PDF), "a.pdf"), "password": "một"})
    path = job.get_json()["links"]["self"]
    same = api.client.post(f"{path}/rerun").get_json()["id"]
    other = api.client.post(f"{path}/rerun", json={"password": "hai"})
    assert "hai" not in other.text
    assert api.parts.blobs.get("default", same, PASSWORD).decode() == "một"
    assert api.parts.blobs.get("default", other.get_json()["id"], PASSWORD).decode() == "hai"


def test_one_that_is_fetched_is_fetched_once_more(api: Api) -> None:
    job = api.client.post("/v1/jobs", json={"url": "http://example.com/a.pdf"}).get_json()
    answer = api.client.post(f"{job['links']['self']}/rerun")
    assert answer.status_code == 202
    assert api.store.hget(keys.job(answer.get_json()["id"]), "url") == "http://example.com/a.pdf"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {"pages": "3-1"}}, 422, "invalid_option"),
        ({"json": {"colour": 1}}, 422, "invalid_option"),
        ({"json": {"batch_id": "bat_1"}}, 422, "invalid_option"),
        ({"query_string": {"password": "x"}}, 422, "invalid_option"),
        ({"query_string": {"pages": "1"}, "json": {"pages": "2"}}, 422, "invalid_option"),
        ({"json": {"webhook_url": "http://127.0.0.1/"}}, 422, "address_refused"),
        ({"data": "pages=1", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"data": "{", "content_type": "application/json"}, 400, "bad_request"),
    ],
)
def test_what_is_wrong_is_said(
    api: Api, request_: dict[str, object], status: int, code: str
) -> None:
    path, stored = ended(api), len(api.stored())
    problem(api.client.post(f"{path}/rerun", **request_), status, code)  # type: ignore[arg-type]
    assert len(api.stored()) == stored


def test_a_full_queue_and_another_tenant_are_told_so(api: Api) -> None:
    path = ended(api)
    api.store.hset(keys.BACKLOG, "*", 50)
    problem(api.client.post(f"{path}/rerun"), 429, "queue_full")
    api.store.hset(keys.BACKLOG, "*", 0)
    bob = bearer(api, "bob")
    problem(api.client.post(f"{path}/rerun", headers=bob), 404, "job_not_found")
