"""A webhook of the whole service: read, signed, sent, and never ahead of the API."""

from __future__ import annotations

import json

import httpx

from bench.receiver import Received, Reply, receiving
from bench.service import RunningService
from docchu.webhooks import verify_webhook
from tests.service.documents import CANARY, CANARY_TEXT


def test_a_document_is_read_and_its_end_told(service: RunningService) -> None:
    told: list[tuple[str, str]] = []

    def read_back(request: Received) -> Reply:
        event = json.loads(request.body)
        job = httpx.get(f"{service.client.base_url}/v1/jobs/{event['data']['id']}").json()
        told.append((event["data"]["status"], job["status"]))
        return Reply()

    with receiving(read_back) as receiver:
        options = {"webhook_url": receiver.url, "webhook_include": "text"}
        answer = service.client.post(
            "/v1/jobs", files={"file": ("chữ.png", CANARY.read_bytes())}, data=options
        )
        assert answer.status_code == 202, answer.text
        service.wait_until(lambda: bool(told), "nobody is told")
    assert told == [("succeeded", "succeeded")]
    secret = service.client.get("/v1/webhook-secret").json()["secret"]
    (request,) = receiver.received
    event = verify_webhook(request.headers, request.body, secret)
    assert event["data"]["text"].strip() == CANARY_TEXT
    job_id = event["data"]["id"]

    def is_noted() -> bool:
        found = service.client.get(f"/v1/deliveries?job={job_id}&status=succeeded").json()
        return [one["num_attempts"] for one in found["deliveries"]] == [1]

    service.wait_until(is_noted, "the delivery is not in the log")
