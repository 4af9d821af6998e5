"""One server at a time has a data folder; commands find it, or say what is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bench.service import free_port
from shared.errors import SettingError
from shared.running import data_lock, local
from shared.running.embedded import is_up, server_command
from shared.settings import Settings

pytestmark = pytest.mark.acceptance  # whole services, or many pages

LONG_S = 60
Server = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, bind=f"127.0.0.1:{free_port()}")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """Start the embedded server as the supervisor does, and wait until it answers."""
    started: list[subprocess.Popen[str]] = []

    def start(*, comes_up: bool = True) -> subprocess.Popen[str]:
        environment = os.environ | {"DOCCHU_DATA_DIR": str(settings.data_dir)}
        command = [sys.executable, "-m", "shared.running.embedded"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        started.append(process)
        if comes_up:
            wait_until(lambda: is_up(settings))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


def store(settings: Settings) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(settings.socket_path), decode_responses=True)


def keys(
    *arguments: str, cwd: Path, data_dir: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `docchu keys` in a folder."""
    environment = dict(os.environ)
    del environment["DOCCHU_ENV_FILE"]
    if data_dir:
        environment["DOCCHU_DATA_DIR"] = str(data_dir)
    command = [sys.executable, "-m", "shared.running.keys_command", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LONG_S
    )


def test_a_second_server_on_a_folder_does_not_start(settings: Settings, server: Server) -> None:
    first = server()
    with store(settings) as client:
        client.set("job", "accepted")
        second = server(comes_up=False)
        _, said = second.communicate(timeout=LONG_S)
        assert second.returncode == 1 and f"process {first.pid}, the store of the service" in said
        client.bgrewriteaof()
        wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
    first.kill()
    first.wait()
    server()
    with store(settings) as client:
        assert client.get("job") == "accepted"


def test_a_second_service_says_who_has_the_folder(settings: Settings, server: Server) -> None:
    first = server()
    with pytest.raises(SettingError, match=f"in use: process {first.pid}, the store of the servi"):
        local.check(settings)


def test_the_lock_ends_with_its_holder_however_that_ends(
    settings: Settings, server: Server
) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = server()
        assert data_lock.take(settings, "a test") is None
        assert str(process.pid) in str(data_lock.holder(settings))
        process.send_signal(number)
        process.communicate(timeout=LONG_S)
        assert data_lock.holder(settings) is None
        lock = data_lock.take(settings, "a test")
        assert lock
        lock.close()


def test_a_server_that_knows_no_lock_is_seen_too(settings: Settings) -> None:
    settings.data_dir.mkdir()
    old = subprocess.Popen(server_command(settings))
    try:
        wait_until(lambda: is_up(settings))
        assert data_lock.holder(settings) and data_lock.take(settings, "a test") is None
    finally:
        old.kill()
        old.wait()
    assert data_lock.holder(settings) is None


@pytest.mark.parametrize("busy", ["paused", "stopped"])
def test_a_command_starts_no_server_beside_one_that_is_busy(
    settings: Settings, server: Server, tmp_path: Path, busy: str
) -> None:
    process = server()
    inode = settings.socket_path.stat().st_ino
    with store(settings) as client:
        if busy == "paused":
            client.client_pause(4000)
        else:
            process.send_signal(signal.SIGSTOP)
        command = [sys.executable, "-m", "shared.running.keys_command", "create"]
        environment = os.environ | {"DOCCHU_DATA_DIR": str(settings.data_dir)}
        creating = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        time.sleep(3)  # seconds; it used to give the server one
        process.send_signal(signal.SIGCONT)
        token, _ = creating.communicate(timeout=LONG_S)
        assert creating.returncode == 0 and token.startswith("dk_")
        assert settings.socket_path.stat().st_ino == inode, "its socket is still there"
        assert client.hlen("docchu:keys") == 1


def test_a_command_says_that_it_cannot_tell(
    settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import Unavailable
    from shared.running import embedded

    process = server()
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(embedded, "_START_S", 0.5)
    with (
        pytest.raises(Unavailable, match=f"does not answer.*{process.pid}"),
        embedded.running(settings, "a test"),
    ):
        pass
    process.send_signal(signal.SIGCONT)


def test_a_command_from_another_folder_makes_no_key_and_no_folder(tmp_path: Path) -> None:
    done = keys("create", cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert "DOCCHU_DATA_DIR" in done.stderr and str(tmp_path / "data") in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_command_finds_the_service_that_runs_in_its_folder(
    settings: Settings, server: Server
) -> None:
    server()
    token = keys("create", cwd=settings.data_dir.parent).stdout.strip()
    assert token[:9] in keys("list", cwd=settings.data_dir.parent).stdout
    with store(settings) as client:
        assert client.hlen("docchu:keys") == 1


def test_a_first_key_is_made_in_a_folder_that_is_named(settings: Settings, tmp_path: Path) -> None:
    done = keys("create", cwd=tmp_path, data_dir=settings.data_dir)
    assert done.returncode == 0 and f"{settings.data_dir} is made" in done.stderr
    assert data_lock.holder(settings) is None, "its server has ended with it"
    (tmp_path / ".env").write_text(f"DOCCHU_DATA_DIR={settings.data_dir}\n")
    done = keys("list", cwd=tmp_path)
    assert done.returncode == 0 and "default" in done.stdout
    assert "is made" not in done.stderr


def test_keys_without_a_command_are_explained(tmp_path: Path) -> None:
    done = keys(cwd=tmp_path)
    said = done.stdout + done.stderr
    assert "create" in said and "revoke" in said and "Error" not in said and "╭" not in said


def damage(settings: Settings, server: Server) -> Path:
    """A store that ran, with a fault in the middle of its file."""
    process = server()
    with store(settings) as client:
        for number in range(100):
            client.set(f"key {number}", "x" * 100)
    process.terminate()
    process.communicate()
    (file,) = (settings.data_dir / "appendonlydir").glob("*.incr.aof")
    data = bytearray(file.read_bytes())
    at = data.index(b"key 50") - 8
    data[at : at + 4] = b"\0\0\0\0"
    file.write_bytes(data)
    return file


def test_a_damaged_file_is_named_once_with_what_to_do(settings: Settings, server: Server) -> None:
    file = damage(settings, server)
    first = server(comes_up=False)
    assert first.wait(LONG_S) == 1, "the server has found out"
    second = server(comes_up=False)
    _, said = second.communicate(timeout=LONG_S)
    assert second.returncode == 78, "and is not started again"
    assert "damaged" in said and file.name in said and "Copy " in said
    repair = said.split("begins: ")[1].split(". What")[0]
    subprocess.run(repair, shell=True, check=True, input=b"y\n", stdout=subprocess.DEVNULL)
    server()
    with store(settings) as client:
        assert client.get("key 49") and not client.get("key 51")


def test_the_supervisor_does_not_start_a_damaged_store_over_and_over(
    settings: Settings, server: Server
) -> None:
    damage(settings, server)
    path = settings.data_dir / "supervisord.conf"
    path.write_text(local.configuration(settings, only=()))
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
        env=os.environ | {"DOCCHU_DATA_DIR": str(settings.data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert supervisor.stdout
    said = ""
    for line in supervisor.stdout:
        said += line
        if "exit status 78; expected" in line:
            break
    time.sleep(2)  # seconds, in which it would start it twice
    supervisor.terminate()
    said += supervisor.communicate(timeout=LONG_S)[0]
    assert said.count("spawned: 'valkey'") == 2 and said.count("is damaged") == 1
