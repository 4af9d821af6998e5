"""The whole service, from the upload to the text, with its processes killed on the way."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import httpx
import pytest

from bench.service import RunningService, running_service
from tests.service.documents import CANARY, CANARY_TEXT, PHONE, malformed_uploads, numbered_pdf

NUM_MALFORMED = int(os.environ.get("DOCCHU_TEST_MALFORMED", "200"))


def submit(service: RunningService, name: str, data: bytes) -> str:
    answer = service.client.post("/v1/jobs", files={"file": (name, data)})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def text_of(service: RunningService, job_id: str) -> str:
    answer = service.client.get(f"/v1/jobs/{job_id}/result?format=text")
    assert answer.status_code == 200, answer.text
    return answer.text


def expect_all_pages(service: RunningService, job_id: str, num_pages: int) -> None:
    """Every page is there, in order, with its own text."""
    job = service.finished(job_id)
    assert job["status"] == "succeeded", job
    pages = text_of(service, job_id).split("\f")
    assert len(pages) == num_pages
    for number, page in enumerate(pages, start=1):
        assert str(number) in page, f"page {number} says {page!r}"


def test_an_image_becomes_its_text(service: RunningService) -> None:
    job_id = submit(service, "chữ.png", CANARY.read_bytes())
    assert service.finished(job_id)["status"] == "succeeded"
    assert text_of(service, job_id).strip() == CANARY_TEXT


def test_it_ends_at_ctrl_c_and_its_log_alarms_nobody(tmp_path: Path) -> None:
    with running_service(tmp_path) as running:
        assert running.is_ready()  # a trial page was read
    log = running.log.read_text()
    assert "stopped: worker (exit status 0)" in log
    assert "leaked" not in log and "Traceback" not in log, log[-3000:]


def test_a_phones_picture_becomes_its_text_and_a_searchable_pdf(service: RunningService) -> None:
    job_id = submit(service, "ảnh.heic", PHONE.read_bytes())
    job = service.finished(job_id)
    assert job["status"] == "succeeded" and job["document"]["media_type"] == "image/heic"
    assert text_of(service, job_id).strip() == CANARY_TEXT
    assert service.client.get(f"/v1/jobs/{job_id}/result/pdf").content.startswith(b"%PDF-")


def test_the_workers_log_says_whose_request_it_read_and_for_how_long(
    service: RunningService,
) -> None:
    headers = {"X-Request-ID": "req-4711", "Content-Type": "image/png"}
    answer = service.client.post("/v1/jobs", content=CANARY.read_bytes(), headers=headers)
    job_id = service.finished(answer.json()["id"])["id"]
    lines = [row for row in service.log.read_text().splitlines() if "slice ended" in row]
    (row,) = [json.loads(row) for row in lines if job_id in row]
    assert row["request"] == "req-4711" and row["tenant"] and row["worker"]
    assert row["seconds"] > 0


def test_one_call_is_enough_with_prefer_wait(service: RunningService) -> None:
    answer = service.client.post(
        "/v1/jobs",
        content=CANARY.read_bytes(),
        headers={"Prefer": "wait=60", "Content-Type": "image/png"},
    )
    assert answer.status_code == 200 and answer.json()["status"] == "succeeded"


def test_the_old_tools_client_works_unchanged(service: RunningService) -> None:
    body = base64.b64encode(CANARY.read_bytes())
    answer = service.client.post("/predictions/ocr_model", files={"body": body})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.strip() == CANARY_TEXT


def test_the_models_are_listed_and_the_one_in_the_path_reads(service: RunningService) -> None:
    names = [model["modelName"] for model in service.client.get("/models").json()["models"]]
    assert names == ["shouting", "vi-print"]
    answer = service.client.post("/predictions/shouting", content=CANARY.read_bytes())
    assert answer.text.strip() == CANARY_TEXT.swapcase()


def test_a_worker_killed_in_the_middle_of_a_document_costs_no_page(
    service: RunningService,
) -> None:
    job_id = submit(service, "scan.pdf", numbered_pdf(30))

    def some_pages_are_read() -> bool:
        job = service.client.get(f"/v1/jobs/{job_id}").json()
        return bool(job["progress"]["pages_done"] >= 3)

    service.wait_until(some_pages_are_read, "no page is read")
    service.kill("worker")
    expect_all_pages(service, job_id, 30)


def test_a_store_killed_right_after_the_202_has_the_job(service: RunningService) -> None:
    job_id = submit(service, "scan.pdf", numbered_pdf(3))
    service.kill("valkey-server")
    expect_all_pages(service, job_id, 3)
    service.wait_until(service.is_ready, "the service does not recover")


def test_it_is_not_ready_once_its_last_worker_is_gone(service: RunningService) -> None:
    """It used to say so after 65 seconds and more: when the next trial reading was overdue."""
    worker = service.program("worker")
    worker.suspend()
    try:
        service.wait_until(lambda: not service.is_ready(), "it stays ready", timeout_s=30)
        assert "No worker" in service.client.get("/readyz").json()["detail"]
    finally:
        worker.resume()
    service.wait_until(service.is_ready, "it does not become ready again")


def test_malformed_uploads_leave_no_500_no_dead_worker_and_no_stuck_job(
    service: RunningService,
) -> None:
    worker = service.program("worker").pid
    accepted = []
    for name, data in malformed_uploads(NUM_MALFORMED, seed=20_261_122):
        answer = _post(service.client, name, data)
        assert answer.status_code in (202, 400, 413, 415, 422), (name, answer.text)
        if answer.status_code == 202:
            accepted.append(answer.json()["id"])
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]
    ends = [service.finished(job_id)["status"] for job_id in accepted]
    assert {"failed"} <= set(ends) <= {"succeeded", "partial", "failed"}
    assert service.program("worker").pid == worker, "the worker lived through all of them"


def _post(client: httpx.Client, name: str, data: bytes) -> httpx.Response:
    for _ in range(100):
        answer = client.post("/v1/jobs", files={"file": (name, data)})
        if answer.status_code != 429:
            return answer
        time.sleep(float(answer.headers["Retry-After"]))
    pytest.fail("the queue stays full")
