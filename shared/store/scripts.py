"""The store's Lua scripts, run atomically by the server, and its faults as our errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    MasterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
)
from redis.retry import Retry

from shared.broker import message_template
from shared.errors import Unavailable
from shared.store import keys, sentinel

Clock = Callable[[], int | None]
"""Milliseconds since 1970, or None for the server's own clock, which all processes share."""

Client: TypeAlias = Any
"""A client made by `connect`. redis-py's own annotations say `bytes | str | Awaitable` of every
answer, for clients of all kinds, which tells nothing of this one: it answers `str`."""

_LUA = {path.stem: path for path in Path(__file__).parent.rglob("*.lua")}
_SOCKET_TIMEOUT_S = 10
# Whatever the server says that means "not now", a full disk (MISCONF) and a full memory included,
# or "not you": a wrong password is a ConnectionError, too. It goes on once that has been mended.
# A script that was there a moment ago is missing where another server became the primary.
_AWAY = (
    *(ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError),
    *(NoPermissionError, NoScriptError, OutOfMemoryError, MasterDownError),
)
_AWAY_PREFIXES = ("BUSY ", "MISCONF", "NOREPLICAS")  # the codes that have no class of their own


def connect(url: str, max_connections: int | None = None) -> Client:
    """Make a client that connects when it is first used.

    A broken connection is tried once more, since a restart of the server breaks every idle one;
    the scripts are written so that a command may arrive twice. Who finds `max_connections` in use
    waits for one of them. Raises SettingError for an address that cannot be used.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": _SOCKET_TIMEOUT_S,
        "socket_connect_timeout": _SOCKET_TIMEOUT_S,
        "health_check_interval": 25,
        "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    }
    if max_connections is not None:
        options |= {"max_connections": max_connections, "timeout": _SOCKET_TIMEOUT_S}
    if url.startswith(sentinel.SCHEME):
        return sentinel.client(url, options)
    if max_connections is None:
        return redis.Redis.from_url(url, **options)
    return redis.Redis.from_pool(redis.BlockingConnectionPool.from_url(url, **options))


@contextmanager
def store_faults() -> Iterator[None]:
    """Turn the client's faults into `Unavailable`."""
    try:
        yield
    except redis.RedisError as error:
        if _is_away(error):
            raise Unavailable from error
        raise


def _is_away(error: Exception) -> bool:
    said = str(error).rpartition("caused error: ")[2]  # in front of it redis-py names the command
    return isinstance(error, _AWAY) or said.startswith(_AWAY_PREFIXES)


# What stands in front of a script; of one that changes a job, the clock and `_job`.
_PRELUDES: dict[str, tuple[str, ...]] = {
    "overdue": ("_clock", "_outbox", "_lists", "_job", "_unread"),
    "give_up": ("_clock", "_outbox", "_lists", "_job", "_unread"),
    "claim": ("_clock", "_choose", "_outbox", "_lists", "_job"),
    "fan_out": ("_clock", "_errand", "_lists", "_log"),
    "take": ("_clock", "_errand"),
    "record_attempt": ("_clock", "_errand", "_lists", "_log"),
    "redeliver": ("_clock", "_errand", "_lists", "_log"),
    "adopt": ("_clock", "_errand"),
    "migrate_delivery": ("_clock", "_errand"),
    "migrate_batch": (),
    "list_delivery": ("_clock", "_lists", "_log"),
    "forget": ("_clock", "_lists", "_log"),
    "tick": ("_clock",),
    "steady": ("_clock",),
    "due": ("_clock",),
    "create": ("_clock", "_outbox", "_lists", "_job", "_adding", "_errand"),
    "fetch_begin": ("_clock", "_outbox", "_lists", "_job", "_errand"),
    "fetch_end": ("_clock", "_outbox", "_lists", "_job", "_errand"),
    "batch_create": ("_clock", "_outbox", "_lists", "_batch"),
    "batch_close": ("_clock", "_outbox", "_lists", "_batch"),
    "bulk_begin": ("_clock", "_outbox", "_lists", "_batch"),
    "bulk_progress": ("_clock", "_outbox", "_lists", "_batch"),
    "batch_due": ("_clock", "_outbox", "_lists", "_batch"),
    "upload_add": ("_clock", "_outbox", "_lists", "_batch"),
    "upload_take": ("_clock",),
    "upload_note": ("_clock",),
    "upload_finish": ("_clock", "_outbox", "_lists", "_batch"),
}
# Those that may queue a slice: Celery's message for it is their last argument.
_WAKING = frozenset({"create", "open", "claim", "release", "recover", "wake", "fetch_end"})


@cache
def _source(name: str) -> str:
    parts = (*_PRELUDES.get(name, ("_clock", "_outbox", "_lists", "_job")), name)
    return "".join(_LUA[part].read_text() for part in parts)


def _raised(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def answers_of(pipe: Client) -> list[Any]:
    """Execute a pipeline; an error that one record gives stands in its answer's place.

    Raises Unavailable.
    """
    with store_faults():
        answers: list[Any] = pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and _is_away(answer):
                raise answer
    return answers


def server_clock() -> None:
    """Leave the time to the server."""
    return None


class Scripts:
    """Runs the scripts of one server."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self.client = client
        self._clock = clock
        self._loaded: dict[str, Any] = {}

    def now_ms(self) -> int:
        """The time that the scripts see."""
        now = self._clock()
        if now is not None:
            return now
        with store_faults():
            seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def steady_ms(self) -> int:
        """The clock that everything is waited by: it never goes back, nor jumps (`_clock.lua`)."""
        return int(self.run_on("steady", []))

    def due(self, name: str, limit: int, base: int = 0) -> list[str]:
        """What is due by it in a sorted set by time, the longest first, in one round trip.

        `base` stands before the times of what is asked for; what lies below it is not told.
        """
        found: list[str] = self.run_on("due", [name], limit, base)
        return found

    def run(self, name: str, job_id: str, *args: object, more_keys: tuple[str, ...] = ()) -> Any:
        """Run the script of this name on a job. Raises Unavailable."""
        return self.run_on(name, [*keys.of_job(job_id), *more_keys], job_id, *args)

    def run_on(self, name: str, names: list[str], *args: object) -> Any:
        """Run the script of this name on these keys. Raises Unavailable."""
        now = self._clock()
        argv = ["" if now is None else now, *args]
        if name in _WAKING:
            argv.append(message_template())
        return self._call(name, names, argv)

    def run_on_jobs(self, name: str, job_ids: Sequence[str]) -> list[Any]:
        """Run the script of this name on each job, in one round trip. Raises Unavailable."""
        return self.run_many(name, [(keys.of_job(job_id), [job_id]) for job_id in job_ids])

    def run_many(self, name: str, calls: Sequence[tuple[list[str], list[Any]]]) -> list[Any]:
        """Run a script on several sets of keys and arguments, each atomically, in one round trip.

        With `appendfsync always` the server then waits for the disk once, not for each.
        """
        return [_raised(answer) for answer in self.run_each(name, calls)]

    def run_each(self, name: str, calls: Sequence[tuple[list[str], list[Any]]]) -> list[Any]:
        """As `run_many`, but an error that one record gives stands in its answer's place."""
        now = self._clock()
        with store_faults(), self.client.pipeline(transaction=False) as pipe:
            for names, args in calls:
                self._script(name)(
                    [*names, keys.CLOCK], ["" if now is None else now, *args], client=pipe
                )
            return answers_of(pipe)

    def _call(self, name: str, names: list[str], argv: list[Any]) -> Any:
        with store_faults():
            return self._script(name)(keys=[*names, keys.CLOCK], args=argv)

    def _script(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self.client.register_script(_source(name))
        return self._loaded[name]
