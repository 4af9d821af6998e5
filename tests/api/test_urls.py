"""Documents by URL: taken at once and named by it; the API itself asks neither server nor name."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from shared.settings import Settings
from tests.api.playing import Api, problem


@pytest.fixture
def api(make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Api:
    """An API of a keeper that may fetch from this machine; it has no name server."""

    def no_name_server(*args: object, **more: object) -> None:
        raise AssertionError("a name server was asked")

    allowed = Settings.model_validate({"allow_targets": "127.0.0.0/8"}).allow_targets
    made = make_api(allow_targets=allowed)
    monkeypatch.setattr(socket, "getaddrinfo", no_name_server)
    return made


URLS = ["https://a.example/scan%20a.png?token=secret", "http://127.0.0.1:9/scan%20a.png"]


@pytest.mark.parametrize("url", URLS)
def test_a_document_is_taken_at_once_and_named_by_its_url(api: Api, url: str) -> None:
    answer = api.client.post("/v1/jobs", json={"url": url, "priority": "bulk"})
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    unknown = {"media_type": None, "size": None, "sha256": None, "num_pages": None}
    assert job["document"] == {"name": "scan a.png", **unknown}
    assert job["status"] == "queued" and job["queue"]["position"] is None
    assert job["options"]["priority"] == "bulk" and "secret" not in answer.text
    assert api.stored() == [] and api.leftovers() == []
    shown = api.client.get(job["links"]["self"])
    assert shown.get_json() == job and "secret" not in shown.text


def test_a_repeated_request_makes_one_job(api: Api) -> None:
    key = {"Idempotency-Key": "1"}
    first = api.client.post("/v1/jobs", json={"url": URLS[0]}, headers=key)
    again = api.client.post("/v1/jobs", json={"url": URLS[0]}, headers=key)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.client.post("/v1/jobs", json={"url": URLS[1]}, headers=key)
    problem(other, 422, "idempotency_mismatch")


def test_a_document_goes_into_its_batch_once(api: Api) -> None:
    batch = api.client.post("/v1/batches").get_json()
    body = {"url": URLS[0], "batch_id": batch["id"], "custom_id": "a"}
    first = api.client.post("/v1/jobs", json=body)
    again = api.client.post("/v1/jobs", json=body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.get_json()["id"] == again.get_json()["id"]


@pytest.mark.parametrize("deed", ["cancel", "erase"])
def test_a_job_may_end_before_its_document_comes(api: Api, deed: str) -> None:
    link = api.client.post("/v1/jobs", json={"url": URLS[0]}).get_json()["links"]["self"]
    if deed == "cancel":
        assert api.client.post(f"{link}/cancel").get_json()["status"] == "canceled"
        problem(api.client.get(f"{link}/result"), 409, "job_canceled")
    else:
        assert api.client.delete(link).status_code == 204
        problem(api.client.get(link), 410, "job_gone")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://127.1/",
        "http://localhost/",
        "http://a.localhost./",
        "http://[::1]/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://a.example/",
        "http://a.example:99999/",
        "x",
    ],
)
def test_what_is_plain_without_a_look_up_is_refused_at_once(
    make_api: Callable[..., Api], url: str
) -> None:
    api = make_api()
    problem(api.client.post("/v1/jobs", json={"url": url}), 422, "address_refused")
    assert api.stored() == [] and api.leftovers() == []


def test_a_url_is_a_string_and_no_document_beside_another(api: Api) -> None:
    problem(api.client.post("/v1/jobs", json={"url": 5}), 422, "invalid_option")
    both = {"url": URLS[0], "data": "aGk="}
    assert api.client.post("/v1/jobs", json=both).status_code in (415, 422)
