"""Fetching a document: from the checked address, whole, bounded in size and time."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings

from shared.errors import DocumentTooLarge, FetchFailed, Unavailable
from shared.outgoing.addresses import Target
from shared.outgoing.fetching import fetch
from tests.shared.answering import Server, odd_answers, sending, serving

BODY = bytes(range(256)) * 1000


def target(port: int, *addresses: str, host: str = "docs.example", scheme: str = "http") -> Target:
    return Target("", scheme, host, port, "/a.pdf?b=c", addresses or ("127.0.0.1",))


def fetched(port: int, max_bytes: int = 1 << 20, timeout_s: float = 10) -> bytes:
    pieces: list[bytes] = []
    fetch(target(port), pieces.append, max_bytes, timeout_s)
    return b"".join(pieces)


def ok(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    "answer",
    [
        ok(BODY, LENGTH),
        ok(BODY),  # until the connection ends
        ok(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), "Transfer-Encoding: chunked"),
    ],
)
def test_a_document_comes_whole(answer: bytes) -> None:
    with serving(answer) as server:
        assert fetched(server.port) == BODY
    (request,) = server.received
    assert request.startswith(b"GET /a.pdf?b=c HTTP/1.1\r\n")
    assert f"\r\nHost: docs.example:{server.port}\r\n".encode() in request


def test_the_environment_s_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(ok(BODY, LENGTH)) as server:
        assert fetched(server.port) == BODY


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    pieces: list[bytes] = []
    with serving(ok(BODY, LENGTH)) as server:
        fetch(target(server.port, "127.0.0.2", "127.0.0.1"), pieces.append, 1 << 20, 10)
    assert b"".join(pieces) == BODY


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\na",
        ok(BODY, LENGTH, "Content-Encoding: gzip"),
        ok(BODY[:-1], LENGTH),
        ok(b"5\r\nab", "Transfer-Encoding: chunked"),
        ok(b"zz\r\nab", "Transfer-Encoding: chunked"),
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"",
    ],
)
def test_anything_but_a_whole_200_is_no_document(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(FetchFailed):
        fetched(server.port)


def test_whatever_a_server_answers_is_a_document_or_a_failed_fetch() -> None:
    with serving(b"") as server:

        @settings(deadline=None, max_examples=300)
        @given(answer=odd_answers)
        def any_answer(answer: bytes) -> None:
            server.answer = sending(answer)
            try:
                body = fetched(server.port, max_bytes=100)
            except (FetchFailed, DocumentTooLarge):
                return
            assert len(body) <= 100

        any_answer()


def test_a_chunk_of_negative_length_is_not_taken_into_memory_to_its_end() -> None:
    many = 1000  # pieces, each as large as a document may be
    sent: list[int] = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(ok(b"-1\r\n", "Transfer-Encoding: chunked"))
        for _ in range(many):
            connection.sendall(bytes(1 << 16))
            sent.append(1)

    with serving(endless) as server, pytest.raises((FetchFailed, DocumentTooLarge)):
        fetched(server.port, max_bytes=1 << 16)
    assert len(sent) < many


def test_nobody_listening_is_no_document() -> None:
    with pytest.raises(FetchFailed):
        fetched(1)


@pytest.mark.parametrize("answer", [ok(BODY, LENGTH), ok(BODY)])
def test_a_document_that_is_too_large_is_given_up(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(DocumentTooLarge):
        fetched(server.port, max_bytes=len(BODY) - 1)


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\n", ok(b""), ok(b"", LENGTH)])
def test_a_server_that_drips_is_cut_off_at_the_deadline(beginning: bytes) -> None:
    """Each byte comes in time; the whole of it never would. A body without a length is not taken
    for whole because it was cut."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while not server.ending.wait(0.02):
            connection.sendall(b"X")

    with serving(drip) as server, pytest.raises(FetchFailed, match="within"):
        fetched(server.port, timeout_s=0.3)


def test_what_the_writer_raises_comes_through() -> None:
    def refuse(data: bytes) -> None:
        raise DocumentTooLarge

    with serving(ok(BODY, LENGTH)) as server, pytest.raises(DocumentTooLarge):
        fetch(target(server.port), refuse, 1 << 20, 10)


def test_who_is_held_up_himself_does_not_blame_the_host() -> None:
    """By a disk that stands still, or because the process was stopped for a while."""
    with serving(ok(BODY, LENGTH)) as server, pytest.raises(Unavailable, match="held up"):
        fetch(target(server.port), lambda _: time.sleep(1.5), 1 << 20, 0.2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of docs.example with its key, which nobody but the test trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    path = folder / "both.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=docs.example", "-addext", "subjectAltName=DNS:docs.example"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    return path


def test_tls_is_with_the_host_of_the_url_and_not_with_the_address(certificate: Path) -> None:
    serving_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving_context.load_cert_chain(certificate)
    names: list[str | None] = []
    serving_context.sni_callback = lambda _, name, __: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    server = Server(lambda connection: connection.sendall(ok(BODY, LENGTH)), serving_context)
    with closing(server):
        pieces: list[bytes] = []
        good = target(server.port, scheme="https")
        fetch(good, pieces.append, 1 << 20, 10, context=trusting)
        assert b"".join(pieces) == BODY
        with pytest.raises(FetchFailed):
            other = target(server.port, scheme="https", host="other.example")
            fetch(other, pieces.append, 1 << 20, 10, context=trusting)
        with pytest.raises(FetchFailed):
            fetch(good, pieces.append, 1 << 20, 10)
    assert names[:2] == ["docs.example", "other.example"]
