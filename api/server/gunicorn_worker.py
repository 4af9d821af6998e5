"""The gunicorn worker of the API: a greenlet for each connection, and none holds up the others.

gunicorn's own gevent worker with what a public door needs on top: every wait for a client is
bounded, a body that nobody wants is not waited for, what blocks is done in threads, who wants much
lets others go first, and errors are problems as everywhere else.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from random import uniform
from typing import IO, TYPE_CHECKING, Any

import gevent
from gevent.server import StreamServer
from gevent.threadpool import ThreadPool
from gunicorn.http import errors as http_errors
from gunicorn.http.body import Body, LengthReader
from gunicorn.workers.ggevent import GeventWorker

from api.server.aside import aside, use
from api.server.turns import IDLE, Turn, Turns
from shared.errors import DocchuError

if TYPE_CHECKING:  # the app is loaded after the patches, not before
    from flask import Response

_HEAD_S = 15.0  # or so, for the head of a request to come, from the end of the one before
_HURRY_S = 2.0  # the same while more than half of all connections are in use
_STALL_S = 30.0  # a client that neither sends nor takes anything for so long is given up
_LOOK_S = 0.2  # whether the process is told to stop
_PIECE_BYTES = 64 * 1024
_SWITCH_S = 0.0005  # what is done in threads is short, and waits for the busy loop at each step
_MAX_ACCEPT = 10  # new connections in one go; then those that are there already
# A client that sends its whole body before it reads the answer must get to see the answer: what
# still comes is thrown away for a while before the connection is closed (RFC 9112, 9.6).
_LINGER_S = 10.0
_LINGER_STALL_S = 2.0
_LINGER_BYTES = 1 << 30
_STATUSES: dict[type[Exception], HTTPStatus] = {
    http_errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    http_errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    http_errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    http_errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    http_errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    http_errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    http_errors.ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
    http_errors.ParseException: HTTPStatus.BAD_REQUEST,
}


StartResponse = Callable[..., Any]


class Worker(GeventWorker):  # type: ignore[misc]
    """One API process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns, self._pipelined = Turns(), Turns(IDLE)
        self._connections: dict[Any, bool] = {}  # whether a request is handled on it

    def load_wsgi(self) -> None:
        """Make the app, and put between gunicorn and it what this worker adds."""
        from api.services import of_app

        super().load_wsgi()
        self._app: Callable[..., Iterable[bytes]] = self.app.callable
        self.wsgi = self._serve
        parts = of_app(self.app.callable)
        StreamServer.max_accept = _MAX_ACCEPT
        sys.setswitchinterval(_SWITCH_S)
        use(ThreadPool(parts.settings.api_threads).apply)
        gevent.spawn(self._let_go, parts.waiters.stop)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection to its end."""
        if not self.alive:
            return
        self._connections[client] = False
        try:
            super().handle(listener, client, addr)
        finally:
            del self._connections[client]

    def timeout_ctx(self) -> gevent.Timeout:
        """How long to wait for the next request; the connection is closed then."""
        is_full = len(self._connections) > self.worker_connections // 2
        # Those that came together need not be given up together.
        return gevent.Timeout((_HURRY_S if is_full else _HEAD_S) * uniform(0.8, 1.2), False)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Answer a request, and get rid of what the app left of its body."""
        self._connections[sock] = True
        sock.settimeout(_STALL_S)
        req.body = body = _Body(req, sock, self._turns)
        try:
            answered = super().handle_request(listener_name, req, sock, addr)
        except StopIteration:  # the connection is to be closed
            if not body.ended:
                _linger(sock, self._turns)
            raise
        except TimeoutError:
            self.log.debug("a client stopped taking its answer; it is given up")
            raise StopIteration from None
        finally:
            self._connections[sock] = False
        if body.num_buffered:  # the next request is there already, which no honest client does
            self._pipelined.give_way()
        return answered

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what went wrong outside of the app, or after it had begun its answer."""
        answer = _problem(exc)
        log = self.log.exception if answer.status_code == 500 else self.log.warning
        log("request could not be served: %s", exc)
        try:
            client.settimeout(_LINGER_STALL_S)
            client.sendall(_as_bytes(answer))
            _linger(client, self._turns)
        except OSError:
            self.log.debug("the client is gone")

    def _serve(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Be the app, with answers in small pieces."""
        body = environ["wsgi.input"]
        environ["wsgi.file_wrapper"] = _FilePieces

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            body.close_unless_read()
            return start_response(status, headers, exc_info)

        return _Pieces(self._app(environ, start), Turn(self._turns))

    def _let_go(self, stop: Callable[[], None]) -> None:
        """Once the process is told to stop, end what only waits."""
        while self.alive:
            gevent.sleep(_LOOK_S)
        stop()
        for client, is_busy in list(self._connections.items()):
            if not is_busy:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RD)


class _Body(Body):  # type: ignore[misc]
    """A request's body. The client is told to send it when it is wanted, not before."""

    def __init__(self, req: Any, sock: Any, turns: Turns) -> None:
        super().__init__(req.body.reader)
        self._req = req
        self._sock = sock
        self._turn = Turn(turns)
        self._awaits_go_ahead = req._expected_100_continue
        req._expected_100_continue = False

    @property
    def ended(self) -> bool:
        """Whether all of it was read."""
        if isinstance(self.reader, LengthReader):
            return not self.failed and self.reader.length == 0
        return not self.failed and self.reader.parser is None

    @property
    def num_buffered(self) -> int:
        """How many bytes have come that nobody has asked for yet."""
        return self._req.unreader.buf.getbuffer().nbytes  # type: ignore[no-any-return]

    def close_unless_read(self) -> None:
        """See to it that the connection ends with the answer if more of the body is to come."""
        if isinstance(self.reader, LengthReader) and self.reader.length <= self.num_buffered:
            self.read()
        if not self.ended:
            self._req.force_close()

    def _read_reader(self, size: int) -> bytes:
        if self._awaits_go_ahead:
            self._awaits_go_ahead = False
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._turn.breathe()
        return super()._read_reader(size)  # type: ignore[no-any-return]


class _Pieces:
    """An answer, piece by piece, none so large that a slow client could not take it in time."""

    def __init__(self, answer: Iterable[bytes], turn: Turn) -> None:
        self._answer = answer
        self._turn = turn

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._answer:
            for start in range(0, len(piece), _PIECE_BYTES):
                yield piece[start : start + _PIECE_BYTES]
                self._turn.go_on()

    def close(self) -> None:
        """Let go of what the answer is made of."""
        if hasattr(self._answer, "close"):
            self._answer.close()


class _FilePieces:
    """A file as an answer (PEP 3333, `wsgi.file_wrapper`)."""

    def __init__(self, file: IO[bytes], _: int = 0) -> None:
        self._file = file
        self.close, self.seek, self.tell = file.close, file.seek, file.tell
        self.seekable = file.seekable

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: aside(self._file.read, _PIECE_BYTES), b"")


def _linger(sock: Any, turns: Turns) -> None:
    """Throw away what a client still sends, so that it gets to see its answer."""
    turn, left = Turn(turns), _LINGER_BYTES
    with suppress(OSError), gevent.Timeout(_LINGER_S, False):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(_LINGER_STALL_S)
        while left > 0 and (data := sock.recv(_PIECE_BYTES)):
            left -= len(data)
            turn.breathe()


def _problem(error: BaseException) -> Response:
    """An error that gunicorn came upon, as the app would answer it."""
    from api.http.problems import of_error, problem, title, unexpected

    if isinstance(error, DocchuError):
        return of_error(error)
    status = next(
        (status for kind, status in _STATUSES.items() if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected()
    code = title(status).lower().replace(" ", "_")
    return problem(status, code, f"This is no request that can be understood: {error}.")


def _as_bytes(answer: Response) -> bytes:
    answer.headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + answer.get_data()
