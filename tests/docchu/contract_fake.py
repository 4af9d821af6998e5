"""FAKE of the HTTP contract (design: HTTP API): a real HTTP server that keeps jobs in a dict."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.formparser import parse_form_data

from tests.docchu.fake_jobs import FakeJob

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset (socket(7))
_HOLD_S = 0.05


@dataclass(frozen=True)
class Fault:
    """What becomes of one request instead of its answer: a reset, or a status. `late`: only after
    the request has taken effect."""

    status: int | None = None
    retry_after: str | None = None
    late: bool = False


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class ContractFake(ThreadingHTTPServer):
    """The service. `faults` are taken by the next requests, one each; `seen` are all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.api_key: str | None = None
        self.refused = ""
        self.retry_after = "0"
        self.hold_s = _HOLD_S
        self.faults: deque[Fault] = deque()
        self.seen: list[Seen] = []
        self.jobs: dict[str, FakeJob] = {}
        self.by_key: dict[str, str] = {}
        self.created = threading.Semaphore(0)
        self.asked = threading.Event()

    def create(self, document: bytes, name: str | None, options: dict[str, Any]) -> FakeJob:
        job = FakeJob(f"job_{len(self.jobs) + 1:024}", document, name, options)
        self.jobs[job.id] = job
        self.created.release()
        return job

    def only_job(self) -> FakeJob:
        (job,) = self.jobs.values()
        return job


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ContractFake

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests look at `seen`."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(Seen(self.command, parts.path, query, dict(self.headers)))
        fault = self.server.faults.popleft() if self.server.faults else None
        if fault and not fault.late:
            return self._fail(fault)
        key = self.server.api_key
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            return self._problem(401, "unauthorized", "This service wants an API key.")
        if self.server.refused:
            return self._problem(403, "forbidden", self.server.refused)
        answer = self._answer(parts.path.strip("/").split("/"), query, body)
        if fault:
            return self._fail(fault)
        self._send(*answer)

    def _answer(
        self, path: list[str], query: dict[str, str], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        match self.command, path:
            case "POST", ["v1", "jobs"]:
                return self._create(body)
            case "GET", ["v1", "jobs"]:
                return self._list(query)
            case _, ["v1", "jobs", job_id, *_] if job_id not in self.server.jobs:
                return _problem(404, "job_not_found", "There is no such job.")
            case "GET", ["v1", "jobs", job_id]:
                return self._ask(self.server.jobs[job_id], query)
            case "DELETE", ["v1", "jobs", job_id]:
                return self._erase(self.server.jobs[job_id])
            case "GET", ["v1", "jobs", job_id, "result"]:
                job = self.server.jobs[job_id]
                return 200, job.text() if query["format"] == "text" else job.result(), {}
            case "POST", ["v1", "jobs", job_id, "cancel"]:
                job = self.server.jobs[job_id]
                job.status = "canceled" if job.status == "running" else job.status
                job.canceled.set()
                return 200, job.json(), {}
        return _problem(404, "not_found", "There is nothing here.")

    def _create(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        key = self.headers.get("Idempotency-Key", "")
        if known := self.server.by_key.get(key):
            job = self.server.jobs[known]
            return 202, job.json(), {"Idempotent-Replayed": "true"}
        document, name, options = self._parse(body)
        if document.startswith(b"REFUSE"):
            return _problem(415, "unsupported_media_type", "The document is no image.")
        if options.get("pages") == "0":
            return _problem(422, "invalid_option", "`pages` cannot be used: pages count from 1.")
        job = self.server.create(document, name, options)
        self.server.by_key[key] = job.id
        return 202, job.json(), {"Retry-After": "1"}

    def _parse(self, body: bytes) -> tuple[bytes, str | None, dict[str, Any]]:
        kind = self.headers["Content-Type"]
        if kind == "application/json":
            options = json.loads(body)
            if "metadata" in options:
                options["metadata"] = json.dumps(options["metadata"])
            return options.pop("url").encode(), None, options
        sent = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        _, fields, files = parse_form_data(sent)
        with closing(files["file"]) as file:
            return file.read(), file.filename, fields.to_dict()

    def _ask(self, job: FakeJob, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if job.status == "expired":
            return _problem(410, "job_gone", "The job was erased.")
        if "wait" in query:
            self.server.asked.set()
            job.ask()
            if job.status == "running":
                job.canceled.wait(min(float(query["wait"]), self.server.hold_s))
        return 200, job.json(), {"Retry-After": self.server.retry_after}

    def _erase(self, job: FakeJob) -> tuple[int, Any, dict[str, str]]:
        if job.status == "expired":
            return _problem(410, "job_gone", "The job was erased.")
        job.status = "expired"
        return 204, None, {}

    def _list(self, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        jobs = [j for j in self.server.jobs.values() if query.get("status") in (None, j.status)]
        jobs.reverse()
        start = int(query.get("cursor", 0))
        cursor = str(start + 2) if start + 2 < len(jobs) else None
        page = [job.json() for job in jobs[start : start + 2]]
        return 200, {"jobs": page, "next_cursor": cursor}, {}

    def _fail(self, fault: Fault) -> None:
        if fault.status is None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
            return
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        code = {429: "queue_full", 409: "idempotency_in_flight"}.get(fault.status, "unavailable")
        status, problem, _ = _problem(fault.status, code, "Not now.")
        self._send(status, problem, headers)

    def _problem(self, status: int, code: str, detail: str) -> None:
        self._send(*_problem(status, code, detail))

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer) if answer else ""
        kind = "text/plain; charset=utf-8" if isinstance(answer, str) else "application/json"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _problem(status: int, code: str, detail: str) -> tuple[int, Any, dict[str, str]]:
    return status, {"code": code, "detail": detail, "status": status, "title": "Problem"}, {}
