"""Stories of a batch's results over a connection that breaks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from docchu.client import Docchu
from docchu.errors import BatchGone, ConnectionLost

NUM_ITEMS = 6
Cut = Callable[[int, bytes], bytes]
"""Says what of an answer (how many came before it, its bytes) gets through."""


def line(position: int) -> bytes:
    """An item whose text has what other programs take for a line's end."""
    text = f"số {position}\u2028\x85\x0c\nhết"
    item = {"position": position, "custom_id": f"{position}.png", "job_id": f"job_{position}"}
    rest = {"status": "succeeded", "error": None, "text": text}
    return json.dumps(item | rest, ensure_ascii=False).encode() + b"\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[int]
    cut: Cut
    batch_status = 200

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if not parts.path.endswith("/results"):
            return self._send_batch()
        after = int(parse_qs(parts.query)["after"][0])
        body = b"\n".join(line(n) for n in range(after + 1, NUM_ITEMS + 1)) + b"\n\n"
        through = self.cut(len(self.asked), body)
        self.asked.append(after)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if through:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(through), through))
        if through == body:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def _send_batch(self) -> None:
        batch: dict[str, Any] = {
            "id": "bat_1",
            "status": "finished",
            "created_at": "2026-11-22T13:40:00Z",
            "counts": {"succeeded": NUM_ITEMS},
            "num_jobs": NUM_ITEMS,
            "progress": {"pages_done": 6, "pages_total": 6},
        }
        if self.batch_status != 200:
            batch = {"code": "batch_gone", "detail": "It was erased."}
        body = json.dumps(batch).encode()
        self.send_response(self.batch_status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def results(cut: Cut, **facts: Any) -> Iterator[tuple[str, list[int]]]:
    """A service with one batch; the positions behind which it was asked."""
    asked: list[int] = []
    members = {"cut": staticmethod(cut), "asked": asked} | facts
    handler = type("Handler", (_Handler,), members)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("size", [0, 1, 40, 117, 118, 119, 200, 236])
def test_no_item_is_lost_or_repeated_wherever_the_connection_breaks(size: int) -> None:
    with (
        results(lambda count, body: body[:size] if count < 3 else body) as (url, asked),
        Docchu(url, sleep=lambda _: None) as docchu,
    ):
        items = list(docchu.batches.results("bat_1", form="text"))
    assert [item.position for item in items] == list(range(1, NUM_ITEMS + 1))
    assert items[0].text == "số 1\u2028\x85\x0c\nhết"
    assert len(asked) == 4 and asked == sorted(asked)


def test_patience_counts_from_the_last_item(pauses: list[float]) -> None:
    def one_a_time(count: int, body: bytes) -> bytes:
        return b"" if count % 3 else body[: len(line(1)) + 5]

    with results(one_a_time) as (url, _), Docchu(url, patience_s=2, sleep=pauses.append) as docchu:
        assert len(list(docchu.batches.results("bat_1", form="text"))) == NUM_ITEMS
    assert sum(pauses) > 2


def test_a_service_that_gives_nothing_is_given_up(pauses: list[float]) -> None:
    with (
        results(lambda count, body: b"") as (url, _),
        Docchu(url, patience_s=5, sleep=pauses.append) as docchu,
        pytest.raises(ConnectionLost),
    ):
        list(docchu.batches.results("bat_1", form="text"))
    assert 0 < sum(pauses) <= 5


def test_a_batch_that_is_gone_is_told() -> None:
    with (
        results(lambda count, body: body, batch_status=410) as (url, _),
        Docchu(url) as docchu,
        pytest.raises(BatchGone),
    ):
        list(docchu.batches.results("bat_1"))
