"""Batches over HTTP: open one, add documents under their own names, watch it, read it."""

from __future__ import annotations

import io

import pytest

from tests.api.playing import PNG, Api, Shown, page_of, problem


def open_batch(api: Api, **fields: object) -> Shown:
    """Open a batch that is accepted."""
    answer = api.client.post("/v1/batches", json=fields)
    assert answer.status_code == 201, answer.text
    body: Shown = answer.get_json()
    assert answer.headers["Location"] == f"/v1/batches/{body['id']}"
    return body


def show(api: Api, batch: Shown) -> Shown:
    """The batch as it stands."""
    answer = api.get(batch["links"]["self"])
    assert answer.status_code == 200, answer.text
    body: Shown = answer.get_json()
    return body


def test_an_empty_batch_is_open(api: Api) -> None:
    batch = open_batch(api, metadata={"kho": "Hà Nội"}, pages="1-3")
    assert batch["status"] == "open"
    assert batch["num_jobs"] == 0 and not batch["unpacking"]
    assert batch["options"]["priority"] == "bulk" and batch["options"]["pages"] == "1-3"
    assert batch["metadata"] == {"kho": "Hà Nội"}
    assert "tenant" not in batch
    assert show(api, batch) == batch


def test_a_batch_can_be_opened_without_a_word(api: Api) -> None:
    assert api.client.post("/v1/batches").status_code == 201
    assert api.client.post("/v1/batches?priority=interactive").status_code == 201
    form, kind = {"priority": "interactive"}, "multipart/form-data"
    assert api.client.post("/v1/batches", data=form, content_type=kind).status_code == 201


def test_documents_are_added_read_and_counted(api: Api) -> None:
    batch = open_batch(api)
    first = api.submit(batch_id=batch["id"], custom_id="a/một.png")
    second = api.submit(batch_id=batch["id"], custom_id="a/hai.png", priority="interactive")
    assert first["batch_id"] == batch["id"]
    assert (first["custom_id"], first["position"]) == ("a/một.png", 1)
    assert first["options"]["priority"] == "bulk"
    assert second["options"]["priority"] == "interactive"
    assert show(api, batch)["counts"]["queued"] == 2
    api.finish(page_of(1, "hai"))
    api.finish(page_of(1, "một"))
    closed = api.client.post(f"/v1/batches/{batch['id']}/close").get_json()
    assert closed["status"] == "finished"
    assert closed["counts"]["succeeded"] == closed["num_jobs"] == 2
    assert closed["progress"] == {"pages_done": 2, "pages_total": 2}
    assert closed["pages_per_s"] > 0 and closed["eta_s"] is None


def test_a_custom_id_sent_again_answers_the_job_that_is_there(api: Api) -> None:
    batch = open_batch(api)
    place = {"batch_id": batch["id"], "custom_id": "a.png"}
    job = api.submit(**place)
    for data in (PNG, PNG + b"another", b"not even a picture"):
        again = api.client.post("/v1/jobs", data=data, query_string=place)
        assert again.status_code == 200, again.text
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.get_json()["id"] == job["id"]
    form = {**place, "file": (io.BytesIO(PNG), "a.png")}
    again = api.client.post("/v1/jobs", data=form, headers={"Idempotency-Key": "k"})
    assert again.status_code == 200 and again.get_json()["id"] == job["id"]
    api.client.post(f"/v1/batches/{batch['id']}/close")
    assert api.client.post("/v1/jobs", data=PNG, query_string=place).status_code == 200
    other = {**place, "custom_id": "b.png"}
    problem(api.client.post("/v1/jobs", data=PNG, query_string=other), 409, "batch_closed")
    assert len(api.stored()) == 1


@pytest.mark.parametrize(
    "query", [{"batch_id": "bat_x"}, {"custom_id": "a.png"}, {"batch_id": "b", "custom_id": "\n"}]
)
def test_a_place_in_a_batch_is_named_whole(api: Api, query: dict[str, str]) -> None:
    problem(api.client.post("/v1/jobs", data=PNG, query_string=query), 422, "invalid_option")


def test_a_batch_that_is_not_there_is_not_found(api: Api) -> None:
    place = {"batch_id": "bat_x", "custom_id": "a"}
    problem(api.client.post("/v1/jobs", data=PNG, query_string=place), 404, "batch_not_found")
    problem(api.get("/v1/batches/bat_x"), 404, "batch_not_found")
    problem(api.get("/v1/batches/bat_x/jobs"), 404, "batch_not_found")
