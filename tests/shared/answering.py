"""A server on this machine that sends any bytes, and odd answers to send with it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from hypothesis import strategies as st

Answer = Callable[[socket.socket], None]


class Server:
    """Answers every connection in one way. `received` is what it was sent."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.answer = answer
        self._context = context
        self.port: int = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self.ending.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    if self._context:
                        connection = self._context.wrap_socket(connection, server_side=True)
                    with closing(connection):
                        self.received.append(connection.recv(65536))
                        self.answer(connection)
                except OSError:  # the client has enough
                    continue


def sending(answer: bytes) -> Answer:
    """Send these bytes, whatever was asked."""
    return lambda connection: connection.sendall(answer)


@contextmanager
def serving(answer: bytes | Answer) -> Iterator[Server]:
    server = Server(sending(answer) if isinstance(answer, bytes) else answer)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def until_stopped(run: Callable[[threading.Event], object]) -> Iterator[None]:
    """Have a keeper's loop run beside the test."""
    stopped = threading.Event()
    running = threading.Thread(target=run, args=(stopped,))
    running.start()
    try:
        yield
    finally:
        stopped.set()
        running.join()


_NUMBERS = ["0", "5", "-1", "-5", "+3", "0x5", "1_0", "9" * 25, "9" * 5000, "", " ", "1e3", "\xb2"]
_YEARS = ["2027", "9999", "10000", "99999", "9" * 30, "0", "0001", "-5", "69"]
_ZONES = ["GMT", "+0000", "-2359", "+2359", "-9999", "+" + "9" * 30, "", "EST", "-0000"]
_DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Fri", "Freitag", ""]),
    st.sampled_from(["31", "01", "0", "-1", "9" * 20]),
    st.sampled_from(["Dec", "Feb", "13", "x"]),
    st.sampled_from(_YEARS),
    st.sampled_from(["23", "24", "-1", "9" * 20]),
    st.sampled_from(["59", "60", "x"]),
    st.sampled_from(["59", "61", ""]),
    st.sampled_from(_ZONES),
)
_TEXTS = st.text(st.characters(max_codepoint=255), max_size=40)
_VALUES = st.one_of(
    st.sampled_from(_NUMBERS),
    _DATES,
    _TEXTS,
    st.sampled_from(
        [
            "chunked",
            "gzip, chunked",
            "identity",
            "close",
            "keep-alive",
            "multipart/x; boundary=b",
            "message/rfc822",
            "http://[::1",
            "//@:99999/\\",
            "a=b; Domain=ÿ; Max-Age=" + "9" * 30,
            "=?utf-8?q?=ff?=",
            "y" * 70000,
        ]
    ),
)
_NAMES = st.sampled_from(
    [
        "Retry-After",
        "Content-Length",
        "Transfer-Encoding",
        "Content-Encoding",
        "Content-Type",
        "Connection",
        "Location",
        "Set-Cookie",
        "X",
        "",
        " folded",
        "bad name",
        "ÿ",
        "no colon\r\nX",
    ]
)
_STATUSES = st.one_of(
    st.sampled_from(
        [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 204 No",
            "HTTP/1.1 429 Slow",
            "HTTP/1.1 503 Busy",
            "HTTP/1.1 302 There",
            "HTTP/1.1 410 Gone",
            "HTTP/1.1 100 Go on",
            "HTTP/1.1 101 Other",
            "HTTP/1.0 200",
            "HTTP/0.9 200 Old",
            "HTTP/2 200",
            "HTTP/1.1 999 X",
            "HTTP/1.1 -200 X",
            "HTTP/1.1 " + "9" * 5000,
            "HTTP/1.1 ٢٠٠ OK",
            "ICY 200 OK",
            "HTTP/1.1",
            "",
        ]
    ),
    _TEXTS,
)
_BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"5\r\nabcde\r\n0\r\n\r\n",
            b"-1\r\nabc",
            b"-5\r\n" + bytes(99),
            b"0\r\nX: y\r\n" * 9,
            b"9" * 30 + b"\r\nab",
            b"5;x=y\r\nabcde",
            b"0x5\r\nabcde\r\n0\r\n\r\n",
            b"\r\n" * 50,
        ]
    ),
)


def _bytes(status: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [status, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("utf-8" if "٢" in status else "latin-1", "replace") + body


odd_answers = st.one_of(
    st.binary(max_size=200),
    st.builds(_bytes, _STATUSES, st.lists(st.tuples(_NAMES, _VALUES), max_size=5), _BODIES),
    # Most of what is odd shows only where the rest is sound.
    st.builds(
        _bytes,
        st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.1 429 Slow", "HTTP/1.1 503 Busy"]),
        st.lists(
            st.tuples(st.sampled_from(["Retry-After", "Content-Length"]), _VALUES), max_size=2
        ),
        _BODIES,
    ),
    st.builds(
        _bytes,
        st.just("HTTP/1.1 200 OK"),
        st.just([("Transfer-Encoding", "chunked")]),
        _BODIES,
    ),
)
"""Answers as bytes: sound in part, odd in their heads, lengths, chunks and dates."""
