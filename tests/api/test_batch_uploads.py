"""Uploads of many documents: in every form, refused as a whole or taken at once, each item once."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from keeper.unpacking.services import make_unpacker
from shared.store.batches.jobs import Item
from tests.api.playing import PDF, PNG, Api, Shown, page_of, problem

Part = tuple[io.BytesIO, str]


def part(name: str, data: bytes = PNG) -> Part:
    return io.BytesIO(data), name


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), PNG + name.encode())
    return file.getvalue()


def lines(*names: str) -> bytes:
    data = base64.b64encode(PNG).decode()
    return b"\n".join(json.dumps({"custom_id": name, "data": data}).encode() for name in names)


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Iterator[Api]:
    """An API with small limits."""
    made = make_api(
        max_upload_bytes=100_000,
        max_batch_bytes=1_000_000,
        max_batch_jobs=250,
        max_queued_pages=500,
        max_queued_pages_per_tenant=500,
    )
    yield made
    assert made.leftovers() == [], "an upload was left lying about"


def unpacked(api: Api, batch_id: str) -> list[Item]:
    """The batch's items, once the keeper's part is played."""
    known = api.parts.settings
    folder = {"data_dir": api.blobs.parent, "redis_url": known.store_url}
    settings = known.model_copy(update=folder)
    unpacker = make_unpacker(settings, api.store)
    while unpacker.turn():
        pass
    return api.parts.batch_jobs.items(batch_id, 0, 1000)


def accepted(answer: TestResponse) -> Shown:
    """The batch of an upload that was taken."""
    assert answer.status_code == 202, answer.text
    batch: Shown = answer.get_json()
    assert answer.headers["Location"] == batch["links"]["self"]
    assert batch["unpacking"]
    return batch


def names(items: list[Item]) -> list[str]:
    return [str(item.custom_id) for item in items]


def test_many_files_become_many_jobs(api: Api) -> None:
    sent = [f"hồ sơ/{n // 10}/trang {n}.png" for n in range(30)]
    files = [part(name, PNG + name.encode()) for name in sent]
    batch = accepted(api.client.post("/v1/batches", data={"file": files, "pages": "1"}))
    assert batch["status"] == "running" and batch["closed_at"]
    items = unpacked(api, batch["id"])
    assert names(items) == sent
    for item in items:
        stored = api.parts.blobs.get("default", item.job_id, "input")
        assert stored == PNG + str(item.custom_id).encode()
    shown = api.get(f"/v1/jobs/{items[7].job_id}").get_json()
    assert shown["document"]["name"] == sent[7] and shown["options"]["pages"] == "1"
    assert shown["options"]["priority"] == "bulk"


def test_a_single_file_is_a_batch_of_one(api: Api) -> None:
    batch = accepted(api.client.post("/v1/batches", data={"file": part("a.pdf", PDF)}))
    items = unpacked(api, batch["id"])
    assert names(items) == ["a.pdf"]
    assert api.parts.blobs.get("default", items[0].job_id, "input") == PDF


@pytest.mark.parametrize("kind", ["part", "application/zip", "application/octet-stream"])
def test_one_zip_is_unpacked(api: Api, kind: str) -> None:
    data = zipped("x/a.png", "x/b.png")
    if kind == "part":
        answer = api.client.post("/v1/batches", data={"file": part("all.zip", data)})
    else:
        answer = api.client.post("/v1/batches?pages=1", data=data, content_type=kind)
    assert names(unpacked(api, accepted(answer)["id"])) == ["x/a.png", "x/b.png"]


def test_a_zip_among_files_is_a_file_that_is_refused(api: Api) -> None:
    files = [part("a.png"), part("b.zip", zipped("x.png")), part("c.zip", zipped("y.png"))]
    for sent in (files[:2], [files[2], part("d.png")]):
        answer = api.client.post("/v1/batches", data={"file": sent})
        items = unpacked(api, accepted(answer)["id"])
        assert sorted(item.status for item in items) == ["failed", "queued"]
        assert {item.code for item in items} == {None, "archive_entry_refused"}


def test_lines_are_documents(api: Api) -> None:
    answer = api.client.post(
        "/v1/batches?priority=interactive",
        data=lines("a", "b"),
        content_type="application/x-ndjson",
    )
    batch = accepted(answer)
    assert batch["options"]["priority"] == "interactive"
    items = unpacked(api, batch["id"])
    assert names(items) == ["a", "b"]
    assert api.get(f"/v1/jobs/{items[0].job_id}").get_json()["options"]["priority"] == "interactive"


def test_names_of_files_are_made_safe(api: Api) -> None:
    sent = ["../../etc/a.png", "C:/Users/ann/b.png", "/abs/c.png", "", "e\u0301.png", "x" * 600]
    batch = accepted(api.client.post("/v1/batches", data={"file": [part(name) for name in sent]}))
    items = unpacked(api, batch["id"])
    assert names(items)[:5] == ["etc/a.png", "Users/ann/b.png", "abs/c.png", "document 4", "é.png"]
    assert items[5].status == "failed" and len(str(items[5].custom_id)) == 512


def test_an_empty_field_of_a_browser_is_no_document(api: Api) -> None:
    answer = api.client.post("/v1/batches", data={"file": part("", b""), "pages": "1"})
    assert answer.status_code == 201 and answer.get_json()["status"] == "open"


def test_a_batch_stays_open_if_asked(api: Api) -> None:
    data = {"file": [part("a.png"), part("b.png")], "open": "true"}
    batch = accepted(api.client.post("/v1/batches", data=data))
    assert batch["status"] == "open"
    path = f"/v1/batches/{batch['id']}/documents"
    assert api.client.post(path, data={"file": [part("b.png"), part("c.png")]}).status_code == 202
    more = api.client.post(path, data=lines("c.png", "d"), content_type="application/x-ndjson")
    assert more.status_code == 202 and more.get_json()["id"] == batch["id"]
    # What is sent again under its own name is there already.
    assert names(unpacked(api, batch["id"])) == ["a.png", "b.png", "c.png", "d"]
    closed = api.client.post(f"/v1/batches/{batch['id']}/close").get_json()
    assert closed["status"] == "running" and closed["num_jobs"] == 4
    problem(api.client.post(path, data={"file": part("e.png")}), 409, "batch_closed")


def test_nothing_can_be_added_to_what_is_not_there(api: Api) -> None:
    path = f"/v1/batches/bat_{'x' * 24}/documents"
    problem(api.client.post(path, data={"file": part("a.png")}), 404, "batch_not_found")
    batch = api.client.post("/v1/batches").get_json()
    path = f"/v1/batches/{batch['id']}/documents"
    problem(api.client.post(path), 400, "empty_document")
    problem(
        api.client.post(path, data={"file": part("a.png"), "pages": "1"}), 422, "invalid_option"
    )
    assert not api.get(batch["links"]["self"]).get_json()["unpacking"]


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"just words", "application/zip", 415, "unsupported_media_type"),
        (PNG, "image/png", 415, "unsupported_media_type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"", "application/x-ndjson", 400, "empty_document"),
        (b"", "application/zip", 415, "unsupported_media_type"),
        (b"PK\x03\x04" + bytes(1_000_000), "application/zip", 413, "document_too_large"),
        (b"\n" * 1_000_001, "application/x-ndjson", 413, "document_too_large"),
        (b"{", "application/json", 400, "bad_request"),
        (b'{"colour": 1}', "application/json", 422, "invalid_option"),
        (b"--x", "multipart/form-data; boundary=x", 400, "bad_request"),
    ],
)
def test_an_upload_is_refused_as_a_whole(
    api: Api, data: bytes, kind: str, status: int, code: str
) -> None:
    problem(api.client.post("/v1/batches", data=data, content_type=kind), status, code)
    assert api.get("/v1/batches").get_json()["batches"] == [] and api.stored() == []


def test_a_wrong_field_is_refused_with_everything(api: Api) -> None:
    for fields in ({"pages": "0"}, {"priority": "high"}, {"colour": "1"}):
        answer = api.client.post("/v1/batches", data={"file": part("a.png"), **fields})
        problem(answer, 422, "invalid_option")
    answer = api.client.post(
        "/v1/batches", data={"file": part("a.png"), "webhook_url": "http://[::1]/"}
    )
    problem(answer, 422, "address_refused")
    assert api.get("/v1/batches").get_json()["batches"] == [] and api.stored() == []


def test_a_form_of_too_many_files_is_refused(api: Api) -> None:
    files = [part(f"{n}.png", b"x") for n in range(300)]
    problem(api.client.post("/v1/batches", data={"file": files}), 400, "bad_request")


def test_a_full_queue_takes_no_upload_but_opens_a_batch(make_api: Callable[..., Api]) -> None:
    api = make_api(max_queued_pages=1, max_queued_pages_per_tenant=1)
    api.submit()
    problem(api.client.post("/v1/batches", data={"file": part("a.png")}), 429, "queue_full")
    batch = api.client.post("/v1/batches").get_json()
    path = f"/v1/batches/{batch['id']}/documents"
    problem(api.client.post(path, data={"file": part("a.png")}), 429, "queue_full")


def test_a_key_stands_for_one_batch(api: Api) -> None:
    headers = {"Idempotency-Key": "k1"}

    def send(data: bytes, query: str = "") -> TestResponse:
        path = f"/v1/batches{query}"
        return api.client.post(path, data=data, headers=headers, content_type="application/zip")

    first = accepted(send(zipped("a.png")))
    again = send(zipped("a.png"))
    assert again.status_code == 202 and again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json()["id"] == first["id"]
    problem(send(zipped("b.png")), 422, "idempotency_mismatch")
    problem(send(zipped("a.png"), "?pages=1"), 422, "idempotency_mismatch")
    assert names(unpacked(api, first["id"])) == ["a.png"]
    assert len(api.get("/v1/batches").get_json()["batches"]) == 1


def test_a_key_of_an_upload_that_failed_can_be_used_again(api: Api) -> None:
    headers = {"Idempotency-Key": "k2"}
    for _ in range(2):
        answer = api.client.post(
            "/v1/batches", data=b"no zip", headers=headers, content_type="application/zip"
        )
        problem(answer, 415, "unsupported_media_type")


def test_what_was_not_unpacked_of_a_canceled_batch_is_dropped(api: Api) -> None:
    batch = accepted(api.client.post("/v1/batches", data={"file": [part("a.png"), part("b.png")]}))
    assert api.client.post(f"/v1/batches/{batch['id']}/cancel").status_code == 200
    assert unpacked(api, batch["id"]) == []
    shown = api.get(batch["links"]["self"]).get_json()
    assert shown["status"] == "canceled" and not shown["unpacking"]
    assert api.stored() == []


def test_what_was_not_unpacked_of_an_erased_batch_is_dropped(api: Api) -> None:
    batch = accepted(api.client.post("/v1/batches", data={"file": [part("a.png"), part("b.png")]}))
    assert api.client.delete(batch["links"]["self"]).status_code == 204
    assert unpacked(api, batch["id"]) == []
    problem(api.get(batch["links"]["self"]), 410, "batch_gone")
    assert api.stored() == []


def test_a_full_queue_makes_a_upload_wait(make_api: Callable[..., Api]) -> None:
    api = make_api(max_queued_pages=6, max_queued_pages_per_tenant=6)
    api.submit()
    files = {"file": [part(f"{n}.png") for n in range(9)]}
    batch = accepted(api.client.post("/v1/batches", data=files))
    first = len(unpacked(api, batch["id"]))
    assert first < 9 and api.get(batch["links"]["self"]).get_json()["unpacking"]
    seen = first
    for _ in range(20):
        while api.worker.num_ready():
            claim = api.claim()
            api.read(claim, page_of(1, "x"))
        seen = len(unpacked(api, batch["id"]))
        if seen == 9:
            break
        time.sleep(0.3)
    assert seen == 9


@pytest.mark.parametrize("line", ["{}", "no json", '{"url": 7}', '{"data": ""}', "[" * 3000])
def test_lines_that_alone_would_crowd_out_all_ended_jobs_are_refused(
    make_api: Callable[..., Api], line: str
) -> None:
    api = make_api(max_finished_jobs_per_tenant=50)
    send = lambda body: api.client.post(  # noqa: E731
        "/v1/batches", data=body, content_type="application/x-ndjson"
    )
    good = lines(*(f"good {number}" for number in range(60)))
    failing = "\n".join([line] * 50).encode()
    for body in (failing + b"\n\n" + line.encode(), good + b"\n" + failing + b"\n" + failing):
        found = problem(send(body), 413, "too_many_failed_lines")
        assert "50 lines" in found["detail"]
    assert api.get("/v1/batches").get_json()["batches"] == [] and api.leftovers() == []
    batch = accepted(send(good + b"\n" + failing))
    assert len(unpacked(api, batch["id"])) == 110
