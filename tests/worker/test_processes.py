"""A worker of several processes: how many there are and where, and what happens when one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from bench.crew import NULL_WORKER
from shared.errors import SettingError
from shared.running.embedded import CONFIG_EXIT_CODE
from shared.settings import Settings
from shared.store.scripts import connect
from shared.store.workers import Workers
from worker.processes import Machine, Place, places

GIB = 1 << 30
SMALL = Machine(num_cores=2, memory_bytes=24 * GIB, cards=())
H100 = Machine(num_cores=16, memory_bytes=128 * GIB, cards=(80 * GIB,))
TWO = Machine(num_cores=16, memory_bytes=128 * GIB, cards=(80 * GIB, 24 * GIB))


def test_on_processors_one_process_reads() -> None:
    assert places(Settings(), SMALL) == [Place("cpu")]


def test_on_a_gpu_there_are_three_processes_for_four_cores_and_each_has_its_share() -> None:
    assert places(Settings(), H100) == [Place("cuda:0", 80 * GIB // 12)] * 12


def test_a_second_gpu_is_used_without_further_settings() -> None:
    found = places(Settings(), TWO)
    assert found == [Place("cuda:0", 80 * GIB // 6)] * 6 + [Place("cuda:1", 4 * GIB)] * 6


def test_a_gpu_that_is_named_is_the_only_one() -> None:
    assert {one.device for one in places(Settings(device="cuda:1"), TWO)} == {"cuda:1"}


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_number_counts_for_each_gpu(device: str) -> None:
    found = places(Settings(device=device, device_processes=1), TWO)
    assert found == [Place("cuda:0"), Place("cuda:1")]


def test_who_shares_a_card_takes_no_more_of_it_than_was_said() -> None:
    found = places(Settings(gpu_memory_bytes=6 * GIB), H100)
    assert found == [Place("cuda:0", 2 * GIB)] * 3
    found = places(Settings(gpu_memory_bytes=6 * GIB, device_processes=1), H100)
    assert found == [Place("cuda:0", 6 * GIB)]


def test_where_memory_is_short_fewer_read() -> None:
    machine = Machine(num_cores=16, memory_bytes=12 * GIB, cards=(80 * GIB,))
    assert len(places(Settings(), machine)) == 4


def test_a_container_has_the_memory_that_it_is_allowed(tmp_path: Path) -> None:
    machine = psutil.virtual_memory().total
    assert Machine.here(tmp_path / "without").memory_bytes == machine
    (tmp_path / "memory.max").write_text("max\n")
    assert Machine.here(tmp_path).memory_bytes == machine
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    assert Machine.here(tmp_path).memory_bytes == GIB


@pytest.mark.parametrize(("device", "machine"), [("cuda", SMALL), ("cuda:1", H100)])
def test_a_gpu_that_is_not_there_is_a_wrong_setting(device: str, machine: Machine) -> None:
    with pytest.raises(SettingError, match=f"DOCCHU_DEVICE={device} cannot be used"):
        places(Settings(device=device), machine)


@pytest.mark.parametrize("value", ["0", "some"])
def test_the_number_is_one_or_auto(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(device_processes=value)  # type: ignore[arg-type]


@pytest.fixture
def worker(valkey_settings: Settings, tmp_path: Path) -> Iterator[psutil.Process]:
    """A worker of two processes whose readers read nothing."""
    connect(valkey_settings.store_url).flushall()
    environ = {
        **os.environ,
        "DOCCHU_REDIS_URL": valkey_settings.store_url,
        "DOCCHU_DATA_DIR": str(tmp_path),
        "DOCCHU_DEVICE": "cpu",
        "DOCCHU_DEVICE_PROCESSES": "2",
    }
    with subprocess.Popen([sys.executable, "-m", NULL_WORKER], env=environ) as process:
        yield psutil.Process(process.pid)
        if process.poll() is None:
            process.kill()


@pytest.fixture
def register(valkey_settings: Settings) -> Workers:
    """Who has said that it reads."""
    return Workers(connect(valkey_settings.store_url))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def readers(worker: psutil.Process) -> list[psutil.Process]:
    return [child for child in worker.children() if child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.timeout(400)
def test_two_read_one_that_ends_is_started_again_and_all_stop_with_it(
    worker: psutil.Process, register: Workers
) -> None:
    eventually(lambda: len(register.alive()) == 2)
    first, second = readers(worker)
    first.kill()
    eventually(lambda: len(readers(worker)) == 2 and first not in readers(worker))
    eventually(lambda: len(register.alive()) == 3)  # the killed one could not say goodbye
    assert second.is_running()
    left = readers(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert not any(one.is_running() for one in left)


@pytest.mark.timeout(400)
def test_no_process_outlives_a_worker_that_is_killed(
    worker: psutil.Process, register: Workers
) -> None:
    eventually(lambda: len(register.alive()) == 2)
    left = readers(worker)
    worker.kill()
    _, alive = psutil.wait_procs(left, 60)
    assert not alive


def test_where_none_may_start_the_worker_ends_and_says_so(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "DOCCHU_DATA_DIR": str(tmp_path),
        "DOCCHU_DEVICE": "cpu",
        "DOCCHU_DEVICE_PROCESSES": "2",
        "DOCCHU_MODELS_DIR": str(tmp_path / "nowhere"),
        "DOCCHU_REDIS_URL": "cluster://nowhere",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "worker"], env=environ, capture_output=True, timeout=120
    )
    assert ended.returncode == CONFIG_EXIT_CODE
