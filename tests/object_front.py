"""What stands before the object store in tests: passes requests on, or fails them as it is told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["none", "503", "cut", "silence", "lost answer", "another bucket"]
_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_NOT_PASSED_ON = {"connection", "transfer-encoding", "server", "date", "content-length"}


class ObjectFront:
    """A server in front of an object store on this machine."""

    def __init__(self, behind: int, port: int = 0) -> None:
        self.fault: Fault = "none"
        self.num_faults = 0
        self._behind = behind
        self._over = threading.Event()
        self._killing = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = lambda *_: None  # noqa: E731
            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = lambda request: self._answer(request)

        self._handler = Handler
        self._listen(port)
        self.port: int = self._server.server_address[1]

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Fail every request for a while."""
        self.fault = fault
        try:
            yield
        finally:
            self.fault = "none"

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Nobody listens for a while, and what was under way is cut off: it was done or was not.

        So it looks when a store is killed that has its objects on a disk; moto's are in its memory.
        """
        with self._killing:
            self.fault = "cut"
            self._server.shutdown()
            self._server.server_close()
            try:
                yield
            finally:
                self._listen(self.port)
                self.fault = "none"

    def _listen(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        fault = self.fault
        self.num_faults += fault != "none"
        if fault == "503":
            self._reply(request, 503, {}, _BUSY)
        elif fault == "cut":
            request.close_connection = True
        elif fault == "silence":
            self._over.wait()
            request.close_connection = True
        else:
            status, headers, data = self._passed_on(request, body, fault)
            if self.fault == "cut":  # since then
                request.close_connection = True
            elif fault == "lost answer":  # once: what is tried again finds it done
                self.fault, request.close_connection = "none", True
            else:
                self._reply(request, status, headers, data)

    def _passed_on(
        self, request: BaseHTTPRequestHandler, body: bytes, fault: Fault
    ) -> tuple[int, dict[str, str], bytes]:
        bucket, _, rest = request.path.removeprefix("/").partition("/")
        path = f"/{bucket}-2/{rest}" if fault == "another bucket" else request.path
        behind = http.client.HTTPConnection("127.0.0.1", self._behind, timeout=60)
        try:
            behind.request(request.command, path, body, dict(request.headers))
            answer = behind.getresponse()
            headers = dict(answer.getheaders())
            return answer.status, headers, answer.read()
        finally:
            behind.close()

    def _reply(
        self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], data: bytes
    ) -> None:
        request.send_response(status)
        length = headers.get("Content-Length", "0")
        for name, value in headers.items():
            if name.lower() not in _NOT_PASSED_ON:
                request.send_header(name, value)
        request.send_header(
            "Content-Length", length if request.command == "HEAD" else str(len(data))
        )
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
