"""A running `python -m api`, and how to talk to it."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing

MAX = 50_000_000
"""Bytes of a document that it takes."""
Start = Callable[..., "subprocess.Popen[str]"]
"""Starts `python -m api` with some variables."""


class Process:
    """A running API."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process

    def connect(self) -> closing[http.client.HTTPConnection]:
        return closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))

    def post(self, body: object, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        with self.connect() as connection:
            connection.request("POST", "/v1/jobs", body, headers)  # type: ignore[arg-type]
            answer = connection.getresponse()
            return answer, answer.read()

    def get(self, path: str) -> tuple[int, bytes]:
        with self.connect() as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def wait_until_up(self) -> None:
        while True:
            assert self.process.poll() is None, self.process.communicate()
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(start: Start, host: str = "127.0.0.1", **variables: str) -> Process:
    """Start an API and wait until it answers."""
    port = free_port()
    made = Process(port, start(DOCCHU_BIND=f"{host}:{port}", **variables))
    made.wait_until_up()
    return made
