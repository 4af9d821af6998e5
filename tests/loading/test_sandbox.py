"""A decoder that is taken over finds itself in a process that can do next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PRELUDE = """
import ctypes, os, resource, socket, sys
from shared.running.sandbox import enter
path = sys.argv[2]
listener = socket.create_server(("127.0.0.1", 0))
if ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < int(sys.argv[1]):
    sys.exit(99)
def check(status):
    if status < 0:
        raise OSError
enter(1 << 30)
try:
    {attempt}
except OSError:
    sys.exit(0)
sys.exit(1)
"""


def outcome(attempt: str, landlock_version: int, path: Path) -> int:
    """0 if the attempt was refused, 1 if it went through, 99 if this kernel is too old for it."""
    path.write_bytes(b"a document")
    script = PRELUDE.replace("{attempt}", attempt)
    command = [sys.executable, "-c", script, str(landlock_version), str(path)]
    return subprocess.run(command, check=False, cwd=PROJECT, stderr=subprocess.DEVNULL).returncode


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
@pytest.mark.parametrize(
    ("attempt", "landlock_version"),
    [
        ("open(path, 'a')", 1),
        ("os.remove(path)", 1),
        ("os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(1)'])", 1),
        ("open(f'/proc/{os.getppid()}/environ').read()", 1),
        ("socket.create_connection(listener.getsockname(), timeout=5)", 4),
        ("os.kill(os.getppid(), 0)", 6),
        ("os.fork() or os._exit(0)", 0),
        ("os.posix_spawn('/bin/true', ['true'], {})", 0),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))", 0),
        ("os.chmod(path, 0)", 0),
        ("os.chown(path, -1, -1)", 0),
        ("resource.prlimit(os.getppid(), resource.RLIMIT_AS)", 0),
        ("os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", 0),
        ("os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))", 0),
        ("check(ctypes.CDLL(None).shmget(0, 4096, 0o1600))", 0),
        ("check(ctypes.CDLL(None).unshare(0x10000000))", 0),
        ("check(ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120)))", 0),
    ],
    ids=[
        *("write", "remove", "execute", "read the worker's passwords", "connect", "signal"),
        *("fork", "spawn", "send a datagram", "change a mode", "change an owner"),
        *("limit the worker", "slow the worker", "pin the worker", "leave memory behind"),
        *("make a namespace", "ask by a ring"),
    ],
)
def test_what_a_decoder_never_needs_is_refused(
    attempt: str, landlock_version: int, tmp_path: Path
) -> None:
    status = outcome(attempt, landlock_version, tmp_path / "document")
    if status == 99:
        pytest.skip(f"this kernel has no Landlock {landlock_version}")
    assert status == 0


def test_a_thread_can_still_be_started_which_one_decoder_needs(tmp_path: Path) -> None:
    start = "__import__('threading').Thread(target=print).start()"
    assert outcome(start, 0, tmp_path / "document") == 1


def test_its_own_limits_can_still_be_set(tmp_path: Path) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_CPU, (50, resource.RLIM_INFINITY))"
    assert outcome(limit, 0, tmp_path / "document") == 1


def test_a_document_and_a_font_can_still_be_read(tmp_path: Path) -> None:
    assert outcome("open(path, 'rb').read()", 0, tmp_path / "document") == 1
