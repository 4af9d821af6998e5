"""Clients that keep a service busy with pages, in as many processes as it takes."""

from __future__ import annotations

import http.client
import itertools
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_START_S = 60
_PATIENCE_S = 150


@dataclass(frozen=True)
class Load:
    """Pages read to the end so far, of all clients, and those that were not."""

    _done: Any
    _failed: Any

    @property
    def num_done(self) -> int:
        """Pages whose job succeeded."""
        return int(self._done.value)

    @property
    def num_failed(self) -> int:
        """Requests that ended in anything else."""
        return int(self._failed.value)


@contextmanager
def load_on(url: str, paths: Sequence[Path], processes: int, threads: int) -> Iterator[Load]:
    """Upload pages as bulk jobs and wait for each, `processes` times `threads` at once."""
    context = multiprocessing.get_context("spawn")
    load = Load(context.Value("q", 0), context.Value("q", 0))
    ready, over = context.Value("i", 0), context.Event()
    arguments = url, paths, threads, load, ready, over
    clients = [
        context.Process(target=_client, args=arguments, daemon=True) for _ in range(processes)
    ]
    for client in clients:
        client.start()
    try:
        deadline = time.monotonic() + _START_S
        while ready.value < processes and time.monotonic() < deadline:
            time.sleep(0.02)
        yield load
    finally:
        over.set()
        for client in clients:
            client.join(2)
            client.kill()


def _client(
    url: str, paths: Sequence[Path], num_threads: int, load: Load, ready: Any, over: Any
) -> None:
    bodies = [path.read_bytes() for path in paths]
    turns = itertools.count()
    threads = [
        threading.Thread(target=_send_on, args=(url, bodies, turns, load, over), daemon=True)
        for _ in range(num_threads)
    ]
    for thread in threads:
        thread.start()
    with ready.get_lock():
        ready.value += 1
    for thread in threads:
        thread.join()


def _send_on(
    url: str, bodies: Sequence[bytes], turns: Iterator[int], load: Load, over: Any
) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_PATIENCE_S)
    headers = {"Content-Type": "image/jpeg", "Prefer": "wait=60"}
    while not over.is_set():
        try:
            body = bodies[next(turns) % len(bodies)]
            connection.request("POST", "/v1/jobs?priority=bulk&reuse=never", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            count = load._done if b'"succeeded"' in text else load._failed
        except OSError:
            connection.close()
            count = load._failed
        with count.get_lock():
            count.value += 1
