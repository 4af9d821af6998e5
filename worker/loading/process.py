"""One child process from the worker's side: started, asked, killed when it must be, replaced."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import time

import psutil

from shared.errors import ServiceError
from shared.errors.documents import DocumentError, PageCrashed, PageTimeout
from worker.loading import protocol
from worker.loading.answers import Answer, Line
from worker.loading.limits import LoadLimits
from worker.loading.starting import start_child

_START_S = 60.0
"""A child is ready after 0.2 s; this is for a machine that has just come up and is busy."""
_EXIT_S = 2.0
"""A child that closed its socket is about to exit; returning much memory takes a moment."""
_MOST_KEPT = 1 / 4
"""Of the memory that a page may take: a child that keeps more of it for good is replaced, or the
next document would have less than a child gives that has just started."""
_log = logging.getLogger(__name__)


class _Killed(Exception):
    """Something else ended the child, which says nothing of what it was asked."""


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

        Where the child is killed meanwhile, as the kernel does where memory is short, another is
        asked, once. Raises the error that the child names, FileNotFoundError, PageTimeout,
        PageCrashed (the child died of the request), ServiceError (no child can be started) and what
        `check` raises: then the child is ended in the middle of its work.
        """
        with contextlib.suppress(_Killed):
            return self._asked(request, document, check)
        try:
            return self._asked(request, document, check)
        except _Killed:
            raise PageCrashed from None

    def _asked(
        self, request: protocol.Header, document: tuple[str, str], check: protocol.Check
    ) -> Answer:
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
        except (RecursionError, TypeError, ValueError):
            self._end(wait_s=0)  # it talks nonsense, so something else may be in charge of it
            raise PageCrashed from None
        except BaseException:
            self.stop()  # interrupted half-way: what the child says next answers no later request
            raise
        if answer.refusal is not None:
            raise answer.refusal
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
        if self._process is not None and not self._waits_for_request(self._process):
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

    def _waits_for_request(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it lives and, once it was ready, has said nothing that nobody asked for.

        That would be taken for the answer to the next request, which is of another document.
        """
        if process.poll() is not None:
            return False
        if not self._is_ready or self._connection is None:
            return True
        self._connection.settimeout(0)
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

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
        line = Line(connection, self._window, deadline_s, check)
        return line.answer(request["verb"], self._limits)

    def _cause_of_crash(self) -> DocumentError | _Killed:
        status = self._end(_EXIT_S)
        if status == -signal.SIGKILL:
            return _Killed()
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
