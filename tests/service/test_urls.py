"""Documents by URL in the whole service: silent servers hold up neither the API nor the reading."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

from bench.service import RunningService
from tests.service.documents import CANARY, CANARY_TEXT
from tests.shared.answering import serving

NUM_SILENT = 40


def test_silent_servers_hold_up_neither_the_api_nor_other_documents(
    service: RunningService,
) -> None:
    def submit(url: str) -> str:
        answer = service.client.post("/v1/jobs", json={"url": url})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    picture = CANARY.read_bytes()
    whole = f"HTTP/1.1 200 OK\r\nContent-Length: {len(picture)}\r\n\r\n".encode() + picture
    with (
        serving(whole) as server,
        socket.create_server(("127.0.0.1", 0), backlog=100) as silent,  # accepts, and says nothing
        ThreadPoolExecutor(NUM_SILENT) as callers,
    ):
        port = silent.getsockname()[1]
        ids = list(callers.map(submit, [f"http://127.0.0.1:{port}/"] * NUM_SILENT))
        for _ in range(20):
            assert service.client.get("/healthz").status_code == 200
        job = service.finished(submit(f"http://127.0.0.1:{server.port}/ch%E1%BB%AF.png"))
        assert job["status"] == "succeeded" and job["document"]["name"] == "chữ.png", job
        assert job["document"]["size"] == len(picture)
        text = service.client.get(f"/v1/jobs/{job['id']}/result?format=text").text
        assert text.strip() == CANARY_TEXT
        shown = [service.client.get(f"/v1/jobs/{one}").json() for one in ids]
        assert {one["status"] for one in shown} == {"queued"}, "nobody was waited for"
    ends = [service.finished(one) for one in ids]  # who was silent is there no longer
    assert {(one["status"], one["error"]["code"]) for one in ends} == {("failed", "fetch_failed")}
