"""A store that Sentinel watches: who connects asks it which server is the primary.

`sentinel://[USER:PASSWORD@]HOST:PORT[,HOST:PORT…]/SERVICE[/DB][?OPTIONS]`: user and password are
those of the store; of the sentinels they are `sentinel_username` and `sentinel_password`.
With `replicas=N` a write counts as done once so many replicas have it (`replicas.py`).
https://redis.io/docs/latest/develop/reference/sentinel-clients/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection

from shared.errors import SettingError
from shared.store.replicas import ReplicatedClient

SCHEME = "sentinel"
_PORT = 26379
_TIMEOUT_S = 2
"""Of a sentinel: another one is asked then."""
_OPTIONS = ("sentinel_username", "sentinel_password", "replicas")


@dataclass(frozen=True)
class Watched:
    """What such an address says."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    db: int
    userinfo: str
    store: dict[str, str]
    sentinel: dict[str, Any]
    replicas: int

    @classmethod
    def parse(cls, url: str) -> Watched:
        """Raises SettingError."""
        try:
            return cls._parse(url)
        except ValueError as error:
            raise SettingError(
                f"DOCCHU_REDIS_URL cannot be used ({error}): "
                "sentinel://[USER:PASSWORD@]HOST:PORT[,HOST:PORT…]/SERVICE[/DB]"
                "[?sentinel_username=…&sentinel_password=…&replicas=…] is wanted."
            ) from None

    @classmethod
    def _parse(cls, url: str) -> Watched:
        parts = urlsplit(url)
        userinfo, _, hosts = parts.netloc.rpartition("@")
        service, _, db = parts.path.strip("/").partition("/")
        if not service:
            raise ValueError("it names no service")
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        if unknown := sorted(options.keys() - set(_OPTIONS)):
            raise ValueError(f"it has no option {unknown[0]}")
        replicas = int(options.pop("replicas", 0))
        known = urlsplit(f"//{userinfo}@none")
        store = {"username": known.username or "", "password": known.password or ""}
        return cls(
            sentinels=tuple(_host(one) for one in hosts.split(",")),
            service=service,
            db=int(db or 0),
            userinfo=f"{userinfo}@" if userinfo else "",
            store={name: unquote(value) for name, value in store.items() if value},
            sentinel={
                **{name.removeprefix("sentinel_"): value for name, value in options.items()},
                "socket_timeout": _TIMEOUT_S,
                "socket_connect_timeout": _TIMEOUT_S,
                # Its own would ask one that is away four times, for up to 25 s.
                "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
            },
            replicas=replicas,
        )


def _host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a sentinel has no name")
    return parts.hostname, parts.port or _PORT


class _Connection(SentinelManagedConnection):
    """Asks Sentinel again after a server took no writes: it may be the primary no more."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except ResponseError as error:
            if str(error).startswith("NOREPLICAS"):
                self.disconnect()  # type: ignore[no-untyped-call]
            raise


class _BlockingPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary, of which one is waited for where all are in use."""


def client(url: str, options: dict[str, Any]) -> Redis:
    """A client of whichever server is the primary. Raises SettingError."""
    watched = Watched.parse(url)
    kind: Any = _BlockingPool if "max_connections" in options else SentinelConnectionPool
    manager = Sentinel(watched.sentinels, sentinel_kwargs=watched.sentinel)  # type: ignore[no-untyped-call]
    options = {"connection_class": _Connection, "db": watched.db, **watched.store, **options}
    pool = kind(watched.service, manager, **options)
    if watched.replicas:
        return ReplicatedClient(pool, watched.replicas)
    return Redis.from_pool(pool)


def broker(url: str) -> tuple[str, dict[str, Any]]:
    """The same address as Celery wants it: URLs, and options of its transport."""
    watched = Watched.parse(url)
    urls = [
        f"{SCHEME}://{watched.userinfo}{host}:{port}/{watched.db}"
        for host, port in watched.sentinels
    ]
    options = {"master_name": watched.service, "sentinel_kwargs": watched.sentinel}
    return ";".join(urls), options
