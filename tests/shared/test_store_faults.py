"""Why the store cannot be used stands in the log; whatever it is, it is no fault of a caller."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.errors import Unavailable
from shared.store.scripts import connect, store_faults


@pytest.fixture
def limited(store_client: redis.Redis) -> Iterator[str]:
    """A user of the server that may read alone; its name."""
    store_client.acl_setuser(
        "limited", enabled=True, passwords=["+right"], keys=["*"], commands=["+get", "+hello"]
    )
    yield "limited"
    store_client.acl_deluser("limited")


def fault(url: str) -> Unavailable:
    """What becomes of a write."""
    with connect(url) as client, pytest.raises(Unavailable) as caught, store_faults():
        client.set("a", "b")
    return caught.value


def test_a_wrong_password_is_named(valkey_url: str, limited: str) -> None:
    found = fault(valkey_url.replace("unix://", f"unix://{limited}:wrong@"))
    assert "invalid username-password pair" in found.reason
    assert "password" not in found.detail, "that is nothing to a caller"


def test_a_missing_right_is_named(valkey_url: str, limited: str) -> None:
    found = fault(valkey_url.replace("unix://", f"unix://{limited}:right@"))
    assert "no permissions to run the 'set' command" in found.reason


@pytest.mark.parametrize("in_script", [False, True])
def test_a_full_memory_is_named(
    store_client: redis.Redis, valkey_url: str, in_script: bool
) -> None:
    store_client.config_set("maxmemory", 1)
    try:
        with connect(valkey_url) as client, pytest.raises(Unavailable) as caught, store_faults():
            if in_script:
                client.eval("return redis.call('SET', KEYS[1], 'b')", 1, "a")
            else:
                client.set("a", "b")
    finally:
        store_client.config_set("maxmemory", 0)
    assert "maxmemory" in caught.value.reason


def test_an_unknown_certificate_is_named(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):  # it tries twice
                client, _ = listener.accept()
                with client, pytest.raises(OSError), context.wrap_socket(client, server_side=True):
                    pass

        server = threading.Thread(target=serve)
        server.start()
        found = fault(f"rediss://127.0.0.1:{listener.getsockname()[1]}/0")
        server.join()
    assert "certificate verify failed" in found.reason


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody knows, with its key."""
    path = tmp_path / "own.pem"
    made = ["-keyout", path, "-out", path, "-days", "1", "-subj", "/CN=127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    return path


def test_nobody_there_is_named() -> None:
    assert "Connection refused" in fault("redis://127.0.0.1:1/0").reason


def test_a_server_that_became_the_primary_a_moment_ago_lacks_scripts(valkey_url: str) -> None:
    """A pipeline looks for them, and may then be cut off and go to another server."""
    with connect(valkey_url) as client, pytest.raises(Unavailable), store_faults():
        client.evalsha("0" * 40, 0)


@pytest.mark.parametrize("transaction", [True, False])
def test_a_server_that_somebody_keeps_busy_is_away_for_a_while(
    store_client: redis.Redis, valkey_url: str, transaction: bool
) -> None:
    before = store_client.config_get("busy-reply-threshold")
    store_client.config_set("busy-reply-threshold", 50)
    hog = threading.Thread(
        target=store_client.eval,
        args=("local e = os.clock() + 1.5; repeat until os.clock() > e; return 1", 0),
    )
    hog.start()
    try:
        found = None
        while found is None and hog.is_alive():
            with connect(valkey_url) as client:
                try:
                    with store_faults(), client.pipeline(transaction) as pipe:
                        pipe.set("a", "b").execute()
                except Unavailable as error:
                    found = error
    finally:
        hog.join()
        store_client.config_set("busy-reply-threshold", *before.values())
    assert found and found.reason and "BUSY" in found.reason
