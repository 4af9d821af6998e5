"""Documents by URL: fetched from a checked address, once, and named by it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest

from shared.settings import Settings
from tests.api.playing import PNG, Api, problem

DOCUMENTS = {"/scan%20a.png": PNG, "/large.png": PNG + bytes(100_000), "/page.html": b"<html>"}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = DOCUMENTS.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    """A server on this machine, which the API may only reach if it is told so."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Handler) as made:
        made.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """An API that may fetch from this machine."""
    allowed = Settings.model_validate({"allow_targets": "127.0.0.0/8"}).allow_targets
    return make_api(max_upload_bytes=100_000, allow_targets=allowed, fetch_timeout_s=10)


def url(server: http.server.HTTPServer, path: str = "/scan%20a.png") -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_document_is_fetched_and_named_by_its_url(
    api: Api, server: http.server.HTTPServer
) -> None:
    answer = api.client.post("/v1/jobs", json={"url": url(server), "priority": "bulk"})
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert job["document"]["name"] == "scan a.png" and job["document"]["size"] == len(PNG)
    assert job["options"]["priority"] == "bulk"


def test_what_is_there_is_judged_as_any_upload(api: Api, server: http.server.HTTPServer) -> None:
    for path, status, code in (
        ("/page.html", 415, "unsupported_media_type"),
        ("/large.png", 413, "document_too_large"),
        ("/nothing", 422, "fetch_failed"),
    ):
        problem(api.client.post("/v1/jobs", json={"url": url(server, path)}), status, code)
    assert api.stored() == [] and api.leftovers() == []


def test_a_repeated_request_fetches_nothing(api: Api, server: http.server.HTTPServer) -> None:
    key = {"Idempotency-Key": "1"}
    first = api.client.post("/v1/jobs", json={"url": url(server)}, headers=key)
    again = api.client.post("/v1/jobs", json={"url": url(server)}, headers=key)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert server.asked == ["/scan%20a.png"]  # type: ignore[attr-defined]
    other = api.client.post("/v1/jobs", json={"url": url(server, "/b.png")}, headers=key)
    problem(other, 422, "idempotency_mismatch")


def test_inside_addresses_are_refused_unless_the_operator_opens_them(
    make_api: Callable[..., Api], server: http.server.HTTPServer
) -> None:
    api = make_api()
    for address in (url(server), "http://localhost/", "file:///etc/passwd", "http://[::1]/", "x"):
        answer = api.client.post("/v1/jobs", json={"url": address})
        problem(answer, 422, "address_refused")
    assert server.asked == []  # type: ignore[attr-defined]
