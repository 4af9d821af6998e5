"""Stores of several servers: a primary with replicas, and the sentinels that watch them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from bench.service import free_port
from shared.running.embedded import server_program

SERVICE = "docchu"
PASSWORD = "mật khẩu"
_QUORUM = 2


class Watched:
    """A primary, two replicas and three sentinels, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.servers = [free_port() for _ in range(3)]
        self.sentinels = [free_port() for _ in range(3)]
        first, *others = self.servers
        self._start(first, server_lines(first, PASSWORD))
        for port in others:
            self._start(port, [*server_lines(port, PASSWORD), f"replicaof 127.0.0.1 {first}"])
        for port in self.sentinels:
            self._start(port, _sentinel(port, first), "--sentinel")
        self.wait_for_all()

    @property
    def url(self) -> str:
        """Where the store is, as a setting says it."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"sentinel://:m%E1%BA%ADt%20kh%E1%BA%A9u@{hosts}/{SERVICE}/0"

    def primary(self) -> int:
        """The port of the primary, as a sentinel that answers has it."""
        with redis.Redis(port=self.sentinels[0]) as sentinel:
            _, port = sentinel.execute_command("SENTINEL", "get-master-addr-by-name", SERVICE)
        return int(port)

    def kill(self, port: int) -> None:
        """End a server as a power cut does."""
        self._processes[port].kill()
        self._processes[port].wait()

    def has(self, name: str, value: str) -> bool:
        """Whether the primary has this value under the name."""
        with redis.Redis(port=self.primary(), password=PASSWORD, decode_responses=True) as primary:
            return bool(primary.get(name) == value)

    @contextmanager
    def stopped(self, port: int) -> Iterator[None]:
        """Let a server stand still for a while."""
        self._processes[port].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[port].send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End all of them."""
        for process in reversed(self._processes.values()):
            process.terminate()
        for process in self._processes.values():
            process.wait(30)

    def _start(self, port: int, lines: list[str], *options: str) -> None:
        file = self._folder / f"{port}.conf"
        file.write_text("\n".join(lines), encoding="utf-8")
        with (self._folder / f"{port}.log").open("wb") as log:
            self._processes[port] = subprocess.Popen(
                [str(server_program()), str(file), *options], cwd=self._folder, stdout=log
            )

    def wait_for_all(self) -> None:
        """Wait until each sentinel sees them all, and the primary has its replicas."""
        for port in self.sentinels:
            with redis.Redis(port=port, decode_responses=True) as sentinel:
                while not self._is_watching(sentinel):
                    time.sleep(0.1)
        while self._num_replicas() < len(self.servers) - 1:
            time.sleep(0.1)

    def _num_replicas(self) -> int:
        with redis.Redis(port=self.primary(), password=PASSWORD) as primary:
            told = primary.info("replication")
        return sum(one.get("state") == "online" for one in told.values() if isinstance(one, dict))

    def _is_watching(self, sentinel: redis.Redis) -> bool:
        """Whether it knows of both replicas and both other sentinels."""
        try:
            known = sentinel.execute_command("SENTINEL", "MASTER", SERVICE)
        except redis.RedisError:
            return False
        told = known if isinstance(known, dict) else dict(zip(known[::2], known[1::2], strict=True))
        return (int(told["num-slaves"]), int(told["num-other-sentinels"])) == (2, 2)


@contextmanager
def server(folder: Path, program: str | Path, *lines: str) -> Iterator[None]:
    """Run one server with these lines of configuration."""
    folder.mkdir()
    file = folder / "server.conf"
    file.write_text("\n".join([f"dir {folder}", "appendonly yes", *lines]), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(program), str(file)], stdout=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def watched_store(folder: Path) -> Iterator[Watched]:
    """Run them."""
    folder.mkdir()
    store = Watched(folder)
    try:
        yield store
    finally:
        store.close()


def server_lines(port: int, password: str) -> list[str]:
    """The configuration of a server that loses nothing as long as a replica is there."""
    return [
        f"port {port}",
        "bind 127.0.0.1",
        f'requirepass "{password}"',
        f'masterauth "{password}"',
        "appendonly yes",
        "appendfsync always",
        f"appenddirname of-{port}",
        f"dbfilename {port}.rdb",
        'save ""',
        "min-replicas-to-write 1",
        "repl-diskless-sync-delay 0",
    ]


def _sentinel(port: int, primary: int) -> list[str]:
    return [
        f"port {port}",
        "bind 127.0.0.1",
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} {_QUORUM}",
        f'sentinel auth-pass {SERVICE} "{PASSWORD}"',
        f"sentinel down-after-milliseconds {SERVICE} 2000",
        f"sentinel failover-timeout {SERVICE} 6000",
    ]
