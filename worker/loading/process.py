"""One child process from the worker's side: started, asked, killed when it must be, replaced."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

from shared.errors import ServiceError
from shared.errors.documents import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentError,
    DynamicForm,
    PageCrashed,
    PageTimeout,
    PageTooLarge,
    TooManyPages,
)
from worker.loading import protocol
from worker.loading.limits import LoadLimits
from worker.loading.pdf import layer_json
from worker.loading.starting import start_child
from worker.ocr.layer.words import LayerWord

_START_S = 60.0
"""A child is ready after 0.2 s; this is for a machine that has just come up and is busy."""
_EXIT_S = 2.0
"""A child that closed its socket is about to exit; returning much memory takes a moment."""
_MOST_KEPT = 1 / 4
"""Of the memory that a page may take: a child that keeps more of it for good is replaced, or the
next document would have less than a child gives that has just started."""
_ERRORS: dict[str, type[DocumentError]] = {
    error.code: error
    for error in (DocumentDamaged, DocumentEncrypted, DynamicForm, PageTooLarge, TooManyPages)
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a child answered: its header, the pixels if that has `height` and `width`, the layer."""

    header: protocol.Header
    picture: NDArray[np.uint8] | None = None
    layer: Sequence[LayerWord] | None = None


class ChildProcess:
    """A process that decodes pages; where it dies, the next request starts another in its place.

    One thread at a time may use it.
    """

    def __init__(self, limits: LoadLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._watched: psutil.Process | None = None
        self._connection: socket.socket | None = None
        self._window: memoryview | None = None
        self._is_ready = False
        self._num_requests = 0
        self._fresh_bytes = 0
        self.document: tuple[str, str] | None = None
        """Path and version of the document that the process has open."""

    @property
    def process_id(self) -> int | None:
        """The id of the running process, None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process if none runs; it gets ready by itself. Raises ServiceError."""
        if self._process is not None:
            return
        try:
            ours, theirs = socket.socketpair()
            with theirs, contextlib.ExitStack() as unless_started:
                unless_started.enter_context(ours)
                self._process, self._window = start_child(theirs, self._limits)
                unless_started.pop_all()
        except OSError as error:
            raise ServiceError(f"No process for page loading can be started: {error}") from error
        self._connection = ours

    def wait_until_ready(self) -> socket.socket:
        """Start the process if need be and wait until it is ready. Raises ServiceError."""
        self._stop_if_gone()
        self.start()
        assert self._connection is not None and self._process is not None
        if not self._is_ready:
            try:
                protocol.receive(self._connection, time.monotonic() + _START_S)
            except (EOFError, OSError, ValueError):
                raise ServiceError(f"Page loading does not start: {self._end(_EXIT_S)}.") from None
            except BaseException:
                self.stop()
                raise
            self._is_ready = True
            with contextlib.suppress(psutil.Error):
                self._watched = psutil.Process(self._process.pid)
            self._fresh_bytes = self._address_space()
        return self._connection

    def ask(
        self,
        request: protocol.Header,
        document: tuple[str, str],
        check: protocol.Check = protocol.wanted,
    ) -> Answer:
        """Send a request about `document` and wait for the answer.

        Raises the error that the child names, FileNotFoundError, PageTimeout, PageCrashed (the
        child died of the request), ServiceError (no child can be started) and what `check` raises:
        then the child is ended in the middle of its work.
        """
        connection = self.wait_until_ready()
        self._num_requests += 1
        self.document = document
        try:
            answer = self._converse(connection, request, check)
        except TimeoutError:
            self._end(wait_s=0)
            raise PageTimeout(max_s=self._limits.page_wall_s) from None
        except (EOFError, OSError):
            raise self._cause_of_crash() from None
        except (TypeError, ValueError):
            self._end(wait_s=0)  # it talks nonsense, so something else may be in charge of it
            raise PageCrashed from None
        except BaseException:
            self.stop()  # interrupted half-way: what the child says next answers no later request
            raise
        _raise_refusal(answer.header)
        return answer

    def renew_if_spent(self) -> None:
        """Make sure that a fresh process is on its way if this one died or served long enough."""
        self._stop_if_gone()
        kept_bytes = self._address_space() - self._fresh_bytes
        is_spent = self._num_requests >= self._limits.requests_per_child
        if is_spent or kept_bytes > _MOST_KEPT * self._limits.max_memory_bytes:
            self.stop()
        with contextlib.suppress(ServiceError):  # the next request tries again, and says so
            self.start()

    def _stop_if_gone(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            _log.warning("page loading process %d is gone: another is started", self._process.pid)
            self.stop()

    def stop(self) -> None:
        """Kill the process, if one runs, and leave neither a zombie nor a socket."""
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        self._window = self._watched = None
        self._is_ready, self._num_requests, self.document = False, 0, None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            process.wait()

    def _address_space(self) -> int:
        """Bytes that the process holds, of those that `max_memory_bytes` limits."""
        with contextlib.suppress(psutil.Error):
            if self._watched is not None:
                return int(self._watched.memory_info().vms)
        return self._fresh_bytes

    def _converse(
        self, connection: socket.socket, request: protocol.Header, check: protocol.Check
    ) -> Answer:
        deadline_s = time.monotonic() + self._limits.page_wall_s
        connection.settimeout(self._limits.page_wall_s)
        protocol.send(connection, request)
        header = protocol.receive(connection, deadline_s, check)
        if "layer_bytes" in header:
            return Answer(header, layer=_receive_layer(connection, header, deadline_s))
        if "height" not in header:
            return Answer(header)
        height, width = int(header["height"]), int(header["width"])
        # The child had a stranger's file in its hands, so nothing that it says is taken on trust.
        if min(height, width) < 1 or height * width > self._limits.max_page_pixels:
            raise ValueError(f"a page of {height} x {width} pixels")
        picture = np.empty((height, width, 3), np.uint8)
        _receive_pixels(connection, picture.reshape(-1), self._window, deadline_s)
        return Answer(header, picture)

    def _cause_of_crash(self) -> DocumentError:
        status = self._end(_EXIT_S)
        if status == -signal.SIGXCPU:
            return PageTimeout(max_cpu_s=self._limits.page_cpu_s)
        if status == protocol.OUT_OF_MEMORY_EXIT:
            return PageCrashed(
                "The page wants more memory than it may have.",
                max_memory_bytes=self._limits.max_memory_bytes,
            )
        return PageCrashed()

    def _end(self, wait_s: float) -> int | None:
        """End a process that failed; returns the status it exited with by itself, if it did."""
        process = self._process
        assert process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
        status = process.poll()
        self.stop()
        _log.warning(
            "page loading process %d ended with status %s: another is started", process.pid, status
        )
        return status


def _receive_pixels(
    connection: socket.socket,
    pixels: NDArray[np.uint8],
    window: memoryview | None,
    deadline_s: float,
) -> None:
    """Copy them: what the child does with the window later is no part of the page."""
    if window is None:
        protocol.receive_into(connection, pixels.data, deadline_s)
        return
    seen = np.frombuffer(window, np.uint8)  # its copies are made without the interpreter lock
    for start in range(0, len(pixels), len(seen)):
        if start:
            protocol.give_turn(connection)
        protocol.await_turn(connection, deadline_s)
        part = pixels[start : start + len(seen)]
        part[:] = seen[: len(part)]


def _receive_layer(
    connection: socket.socket, header: protocol.Header, deadline_s: float
) -> list[LayerWord]:
    num_bytes = int(header["layer_bytes"])
    if not 0 < num_bytes <= protocol.MAX_LAYER_BYTES:
        raise ValueError(f"a text layer of {num_bytes} bytes")
    encoded = bytearray(num_bytes)
    protocol.receive_into(connection, memoryview(encoded), deadline_s)
    return layer_json.decoded(bytes(encoded))


def _raise_refusal(header: protocol.Header) -> None:
    if (code := header.get("error")) is None:
        return
    if code == "file_not_found":
        raise FileNotFoundError("the document is gone")
    raise _ERRORS.get(str(code), DocumentDamaged)(str(header["detail"]), **header["facts"])
