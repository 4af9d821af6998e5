"""Documents of a schedule that are named by a URL, and their server: slow, silent or broken."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.faults.documents import Document, Source

_CHANCE = 0.3  # that a document is named by a URL
_SLOW_PIECES, _SLOW_S = 4, 0.12  # less in all than fetching may take
_SILENT_S = 60


def elsewhere(seed: int, documents: list[Document]) -> list[Document]:
    """Some of the documents named by a URL; otherwise all stay as they are."""
    rng = random.Random(f"url {seed}")
    return [
        replace(one, source=_source(rng, one)) if rng.random() < _CHANCE else one
        for one in documents
    ]


def _source(rng: random.Random, document: Document) -> Source:
    sources: tuple[Source, ...] = ("url", "slow", "silent", "cut")
    if document.timeout_s is not None or set(document.deeds) - {"plain"}:
        return "url"  # what its pages do is to be seen
    return rng.choices(sources, (4, 2, 1, 1))[0]


class Library:
    """The server. A document is at the address that it is given with `put`."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[Source, bytes]] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def put(self, name: str, source: Source, data: bytes) -> str:
        """Where the document is from now on."""
        self._documents[f"/{name}"] = source, data
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        """Stop serving; who was silent ends."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        library = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source, data = library._documents[self.path]
                if source == "silent":
                    library._closing.wait(_SILENT_S)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with suppress(OSError):  # the keeper was killed
                    self._send(source, data)

            def _send(self, source: Source, data: bytes) -> None:
                if source == "cut":
                    data = data[: len(data) // 2]
                size = len(data) // (_SLOW_PIECES if source == "slow" else 1) + 1
                for start in range(0, len(data), size):
                    self.wfile.write(data[start : start + size])
                    self.wfile.flush()
                    if source == "slow":
                        time.sleep(_SLOW_S)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
