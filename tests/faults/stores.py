"""The store of a world: the embedded server, or a primary, a replica and three sentinels.

A proxy stands in front of each server, and can lose answers.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.service import free_port
from shared.running.embedded import is_up
from shared.settings import Settings
from tests.faults.proxy import Proxy
from tests.service.servers import server_lines

SERVERS = ("store-1", "store-2")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
_SERVICE, _PASSWORD = "docchu", "secret"
_DOWN_MS, _FAILOVER_MS, _QUORUM = 1000, 6000, 2
_TIMEOUT_S = 5
_SETTLED_S = 3.0


@dataclass(frozen=True)
class Footing:
    """What a world stands on: its blobs in an object store; its store watched by Sentinel."""

    objects: bool = False
    sentinel: bool = False

    @property
    def name(self) -> str:
        """What a run on it is called."""
        parts = "objects" * self.objects, "sentinel" * self.sentinel
        return "-".join(filter(None, parts)) or "ordinary"


ORDINARY = Footing()


class EmbeddedStore:
    """The server that a service starts for itself."""

    programs: tuple[str, ...] = ("valkey",)

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        self.proxies = [Proxy(folder / "proxy.sock", settings.socket_path)]
        self.url = f"unix://{folder / 'proxy.sock'}?db=0"

    def environ(self, name: str) -> dict[str, str]:
        """What the program's environment has besides."""
        return {}

    def is_whole(self) -> bool:
        """Whether it answers."""
        return is_up(self._settings)

    def primary(self) -> str:
        """The program that is asked."""
        return "valkey"

    def connect(self, socket_timeout: float = _TIMEOUT_S) -> redis.Redis:
        """A connection to it, past the proxy."""
        return redis.Redis(
            unix_socket_path=str(self._settings.socket_path),
            socket_timeout=socket_timeout,
            decode_responses=True,
            retry=None,
        )

    def close(self) -> None:
        """Cut the way to it."""
        for proxy in self.proxies:
            proxy.close()


class WatchedStore:
    """What the servers are called, and where they are; who starts them is the world.

    Each is known by the address of its proxy: whoever asks Sentinel gets that one, and the servers'
    own connections take the same way.
    """

    programs = (*SERVERS, *SENTINELS)

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._whole_since = math.inf
        self._ports = {name: free_port() for name in (*SERVERS, *SENTINELS)}
        self._fronts = {name: free_port() for name in SERVERS}
        self.proxies = [Proxy(self._fronts[name], self._ports[name]) for name in SERVERS]
        first = self._fronts[SERVERS[0]]
        for name in SERVERS:
            self._write(name, _server(folder, self._ports[name], self._fronts[name]))
        with self._file(SERVERS[1]).open("a") as file:
            file.write(f"replicaof 127.0.0.1 {first}\n")
        for name in SENTINELS:
            self._write(name, _sentinel(folder, self._ports[name], first))

    @property
    def url(self) -> str:
        """Where the store is, as a setting says it: what is answered, the replica has, too."""
        hosts = ",".join(f"127.0.0.1:{self._ports[name]}" for name in SENTINELS)
        return f"sentinel://:{_PASSWORD}@{hosts}/{_SERVICE}/0?replicas=1"

    def environ(self, name: str) -> dict[str, str]:
        """What the program's environment has besides: where its configuration lies."""
        return {"DOCCHU_FAULTS_SERVER": str(self._file(name))}

    def close(self) -> None:
        """Cut the ways to the servers."""
        for proxy in self.proxies:
            proxy.close()

    def connect(self, socket_timeout: float = _TIMEOUT_S) -> redis.Redis:
        """A connection to the primary, past the proxies."""
        return self.connect_to(self.primary(), socket_timeout)

    def connect_to(self, name: str, socket_timeout: float = _TIMEOUT_S) -> redis.Redis:
        """A connection to one of them."""
        return redis.Redis(
            port=self._ports[name],
            password=_PASSWORD if name in SERVERS else None,
            socket_timeout=socket_timeout,
            decode_responses=True,
            retry=None,
        )

    def primary(self) -> str:
        """The server that the sentinels name; the first one where none of them answers."""
        for name in SENTINELS:
            with suppress(redis.RedisError, TypeError), self.connect_to(name) as sentinel:
                _, port = sentinel.execute_command("SENTINEL", "get-master-addr-by-name", _SERVICE)
                return next(one for one in SERVERS if self._fronts[one] == int(port))
        return SERVERS[0]

    def replica(self) -> str:
        """The other one."""
        return next(name for name in SERVERS if name != self.primary())

    def fail_over(self) -> bool:
        """Ask for another primary, as an operator does; whether that was begun."""
        for name in SENTINELS:
            with suppress(redis.RedisError), self.connect_to(name) as sentinel:
                return bool(sentinel.execute_command("SENTINEL", "FAILOVER", _SERVICE))
        return False

    def part(self, name: str, apart: bool) -> bool:
        """Let a server not get at its primary any more, or get at it again; whether that is so."""
        with suppress(redis.RedisError), self.connect_to(name) as server:
            server.config_set("masterauth", "no password" if apart else _PASSWORD)
            server.client_kill_filter(_type="master")
            return True
        return False

    def is_whole(self) -> bool:
        """Whether the primary has its replica, and every sentinel sees that and the others.

        For some seconds: a failover may be under way of which not all know yet.
        """
        now = time.monotonic()
        if not self._looks_whole():
            self._whole_since = math.inf
            return False
        self._whole_since = min(self._whole_since, now)
        if now < self._whole_since + _SETTLED_S:
            return False
        self._whole_since = math.inf  # who asks again wants to know it anew
        return True

    def _looks_whole(self) -> bool:
        try:
            with self.connect_to(self.primary()) as primary:
                told = primary.info("replication")
            if told["role"] != "master" or told.get("slave0", {}).get("state") != "online":
                return False
            return all(self._sees_all(name) for name in SENTINELS)
        except redis.RedisError:
            return False

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.conf"

    def _sees_all(self, name: str) -> bool:
        with self.connect_to(name) as sentinel:
            known = sentinel.sentinel_master(_SERVICE)
        told = known["num-slaves"], known["num-other-sentinels"], known["flags"]
        return told == (1, 2, "master")

    def _write(self, name: str, lines: list[str]) -> None:
        self._file(name).write_text("\n".join([*lines, f"logfile {name}.log", ""]))


def _server(folder: Path, port: int, front: int) -> list[str]:
    announced = ["replica-announce-ip 127.0.0.1", f"replica-announce-port {front}"]
    return [f"dir {folder}", *announced, *server_lines(port, _PASSWORD)]


def _sentinel(folder: Path, port: int, primary: int) -> list[str]:
    return [
        f"dir {folder}",
        f"port {port}",
        "bind 127.0.0.1",
        f"sentinel monitor {_SERVICE} 127.0.0.1 {primary} {_QUORUM}",
        f"sentinel auth-pass {_SERVICE} {_PASSWORD}",
        f"sentinel down-after-milliseconds {_SERVICE} {_DOWN_MS}",
        f"sentinel failover-timeout {_SERVICE} {_FAILOVER_MS}",
    ]


Store = EmbeddedStore | WatchedStore
