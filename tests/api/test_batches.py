"""Batches over HTTP: open one, add documents under their own names, watch it, read it."""

from __future__ import annotations

import io
import json
import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors.documents import DocumentDamaged
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


def results(api: Api, batch: Shown, **query: object) -> list[Shown]:
    """The lines of a batch's results."""
    answer = api.client.get(batch["links"]["results"], query_string=query)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.split("\n") if line]


def test_results_come_in_the_order_of_submission_a_line_each(api: Api) -> None:
    batch = open_batch(api)
    jobs = [api.submit(batch_id=batch["id"], custom_id=name) for name in ("một", "hai", "ba")]
    api.finish(page_of(1, "Việt Nam"))
    claim = api.claim()
    api.worker.fail(claim, DocumentDamaged())
    one, two, three = results(api, batch)
    assert (one["position"], one["custom_id"], one["job_id"]) == (1, "một", jobs[0]["id"])
    assert one["status"] == "succeeded" and one["error"] is None
    assert one["result"] == api.get(jobs[0]["links"]["result"]).get_json()
    assert two["status"] == "failed" and two["error"]["code"] == "document_damaged"
    assert "result" not in two
    assert three["status"] == "queued" and three["error"] is None
    assert results(api, batch, after=1, format="text")[0]["custom_id"] == "hai"
    assert results(api, batch, format="text")[0]["text"] == "Việt Nam\n"


def test_what_was_erased_keeps_its_line(api: Api) -> None:
    batch = open_batch(api)
    job = api.submit(batch_id=batch["id"], custom_id="bí mật")
    api.finish(page_of(1, "x"))
    api.client.delete(job["links"]["self"])
    (line,) = results(api, batch)
    assert line["status"] == "expired" and line["error"]["code"] == "job_gone"
    assert line["custom_id"] is None
    assert show(api, batch)["counts"]["expired"] == 1


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_is_erased_this_moment_has_its_line_too(api: Api, form: str) -> None:
    batch = open_batch(api)
    job = api.submit(batch_id=batch["id"], custom_id="bí mật")
    api.finish(page_of(1, "x"))
    api.parts.blobs.delete_job("default", job["id"])  # and its record a moment later
    (line,) = results(api, batch, format=form)
    assert line["status"] == "expired" and line["custom_id"] is None
    assert line["error"]["code"] == "job_gone" and not {"text", "result"} & line.keys()


def test_following_brings_each_line_in_its_turn_until_the_end(api: Api) -> None:
    batch = open_batch(api)
    for name in "abc":
        api.submit(batch_id=batch["id"], custom_id=name)
    claims = [api.claim() for _ in range(3)]
    got: queue.Queue[str] = queue.Queue()

    def follow() -> None:
        answer = api.app.test_client().get(
            batch["links"]["results"], query_string={"follow": 1, "format": "text"}, buffered=False
        )
        for piece in answer.response:
            for line in piece.decode().split("\n"):
                if line:
                    got.put(json.loads(line)["custom_id"])
        got.put("end")

    follower = threading.Thread(target=follow)
    follower.start()
    api.read(claims[1], page_of(1, "b"))
    api.read(claims[0], page_of(1, "a"))
    assert [got.get(timeout=60), got.get(timeout=60)] == ["a", "b"]
    api.client.post(f"/v1/batches/{batch['id']}/close")
    assert got.empty()
    api.read(claims[2], page_of(1, "c"))
    assert [got.get(timeout=60), got.get(timeout=60)] == ["c", "end"]
    follower.join()


def test_cancel_retry_and_erase(api: Api) -> None:
    batch = open_batch(api)
    path = f"/v1/batches/{batch['id']}"
    for name in "abc":
        api.submit(batch_id=batch["id"], custom_id=name)
    api.worker.fail(api.claim(), DocumentDamaged())
    canceled = api.client.post(f"{path}/cancel").get_json()
    assert canceled["status"] == "canceled"
    assert canceled["counts"]["canceled"] == 2 and canceled["counts"]["failed"] == 1
    retried = api.client.post(f"{path}/retry").get_json()
    assert retried["status"] == "running" and retried["counts"]["queued"] == 1
    api.finish(page_of(1, "a"))
    assert api.get(f"{path}?wait=5").get_json()["status"] == "finished"
    assert results(api, batch)[0]["status"] == "succeeded"
    listed = api.get(f"{path}/jobs?status=canceled").get_json()
    assert [job["custom_id"] for job in listed["jobs"]] == ["b", "c"]
    assert api.client.delete(path).status_code == 204
    for view in ("", "/jobs", "/results"):
        problem(api.get(path + view), 410, "batch_gone")
    assert api.stored() == []


def test_a_batch_that_is_opened_twice_with_one_key_is_one(api: Api) -> None:
    headers = {"Idempotency-Key": "mở"}
    first = api.client.post("/v1/batches", json={"pages": "1"}, headers=headers)
    again = api.client.post("/v1/batches", json={"pages": "1"}, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json()["id"] == first.get_json()["id"]
    other = api.client.post("/v1/batches", json={"pages": "2"}, headers=headers)
    problem(other, 422, "idempotency_mismatch")
    assert len(api.get("/v1/batches").get_json()["batches"]) == 1


def test_options_of_a_batch_are_checked(api: Api) -> None:
    for fields in ({"priority": "urgent"}, {"pages": "x"}, {"ttl_s": 10**9}, {"nonsense": 1}):
        problem(api.client.post("/v1/batches", json=fields), 422, "invalid_option")
    refused = {"webhook_url": "http://127.0.0.1/"}
    problem(api.client.post("/v1/batches", json=refused), 422, "address_refused")


def test_the_description_names_what_a_batch_can_begin_with(api: Api) -> None:
    paths = api.get("/openapi.json").get_json()["paths"]
    opening = paths["/v1/batches"]["post"]
    kinds = {"multipart/form-data", "application/json", "application/zip", "application/x-ndjson"}
    assert set(opening["requestBody"]["content"]) == kinds
    assert {"200"} <= set(paths["/v1/batches/{batch_id}/results"]["get"]["responses"])
    assert {"201", "202", "429"} <= set(opening["responses"])


def test_many_senders_of_one_document_make_one_job(api: Api) -> None:
    batch = open_batch(api)
    place = {"batch_id": batch["id"], "custom_id": "a.png"}

    def send(number: int) -> tuple[int, str]:
        answer = api.app.test_client().post("/v1/jobs", data=PNG, query_string=place)
        return answer.status_code, answer.get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [202]
    assert len({job_id for _, job_id in answers}) == 1
    assert show(api, batch)["num_jobs"] == 1
    assert len(api.stored()) == 1
