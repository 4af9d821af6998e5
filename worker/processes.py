"""The processes of one worker: how many read on which device, started, watched, stopped.

A page holds the interpreter lock for a good part of the time that it takes the host, so one process
feeds a GPU with so many pages a second and no more. Each has a context and a model of its own: a
process that owned the device for all would have the lock of all (docs/figures.md has the figures).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import structlog

from shared.errors import SettingError
from shared.running.embedded import CONFIG_EXIT_CODE
from shared.settings import Settings
from worker.ocr.networks.cores import num_cores

_OF_CORES = 3 / 4
"""So many processes read on a GPU for each core: of one the host works on a page at a time, and
decoding children and the service want some, too."""
_CARD_BYTES_OF_ONE = 2 << 30
"""Of the GPU: context, networks and batches."""
_HOST_BYTES_OF_ONE = 3 << 30
"""Of the host: torch, the networks, pages in hand, decoding children."""
_REST_S = 2  # after a process that failed, be it at its start
_STOP_S = 30  # for a process that is told to end; it hands its slices back within seconds
_LOOK_S = 0.2
ONE = "one"
"""The argument of a process that is one of several."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """What one process reads on, and how many bytes of its memory it may take; 0: all."""

    device: str
    memory_bytes: int = 0


@dataclass(frozen=True)
class Machine:
    """Cores that may be used, bytes of memory, and bytes of each GPU's."""

    num_cores: int
    memory_bytes: int
    cards: tuple[int, ...]

    @classmethod
    def here(cls, limits: Path = Path("/sys/fs/cgroup")) -> Machine:
        """This one, within its container's limits."""
        return cls(num_cores(), _memory_bytes(limits), _cards())


def places(settings: Settings, machine: Machine) -> list[Place]:
    """Where the processes of this worker read. Raises SettingError where the device is missing."""
    devices = _devices(settings, machine)
    if not devices[0].startswith("cuda"):
        count = 1 if settings.device_processes == "auto" else settings.device_processes
        return [Place(devices[0])] * count
    found = []
    for device in devices:
        card = machine.cards[int(device.partition(":")[2])]
        allowed = min(settings.gpu_memory_bytes or card, card)
        count = _num_on(allowed, machine, len(devices), settings)
        # Alone and without a limit it looks by itself what is free.
        share = allowed // count if count > 1 or settings.gpu_memory_bytes else 0
        found += [Place(device, share)] * count
    return found


def _devices(settings: Settings, machine: Machine) -> list[str]:
    """The devices that the setting names, every GPU by its number."""
    name = settings.device
    if name == "auto":
        name = "cuda" if machine.cards else "cpu"
    if name == "cuda" and machine.cards:
        return [f"cuda:{number}" for number in range(len(machine.cards))]
    if name.startswith("cuda") and name not in {f"cuda:{n}" for n in range(len(machine.cards))}:
        there = f"of those there are {len(machine.cards)}" if machine.cards else "there is no GPU"
        raise SettingError(f"DOCCHU_DEVICE={settings.device} cannot be used: {there}.")
    return [name]


def _num_on(card_bytes: int, machine: Machine, num_cards: int, settings: Settings) -> int:
    """How many processes read on one GPU."""
    if settings.device_processes != "auto":
        return settings.device_processes
    by_cores = int(_OF_CORES * machine.num_cores / num_cards)
    by_card = card_bytes // _CARD_BYTES_OF_ONE
    by_memory = machine.memory_bytes // (_HOST_BYTES_OF_ONE * num_cards)
    return max(1, min(by_cores, by_card, by_memory))


def _memory_bytes(limits: Path) -> int:
    """Of the machine, or less where the container has less (cgroup v2)."""
    total: int = psutil.virtual_memory().total
    try:
        allowed = (limits / "memory.max").read_text().strip()
    except OSError:
        return total
    return total if allowed == "max" else min(total, int(allowed))


def _cards() -> tuple[int, ...]:
    """Bytes of memory of each GPU, as the driver says; no device is opened."""
    if version("torch").endswith("+cpu"):
        return ()
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return ()
    count, size = ctypes.c_int(), ctypes.c_size_t()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    cards = []
    for number in range(count.value):
        cuda.cuDeviceTotalMem_v2(ctypes.byref(size), number)
        cards.append(size.value)
    return tuple(cards)


class Crew:
    """Processes of one program, each in its place; whichever ends by itself is started again."""

    def __init__(self, module: str, places: Sequence[Place]) -> None:
        """`module` is what follows `python -m`; each reads the settings with its place in them."""
        self._command = [sys.executable, "-m", module, ONE]
        self._places = places
        self._closing = threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self) -> int:
        """Start all and watch them until one may not start or `stop` is called; the exit code."""
        self._processes = [self._start(place) for place in self._places]
        code = 0
        while not self._closing.wait(_LOOK_S):
            for number, process in enumerate(self._processes):
                if (status := process.poll()) is None:
                    continue
                if status == CONFIG_EXIT_CODE:  # it has said why, and so would the others
                    code = status
                    self._closing.set()
                    break
                _log.warning(
                    "a process of the worker ended; another is started",
                    status=status,
                    device=self._places[number].device,
                )
                if self._closing.wait(_REST_S):
                    break
                self._processes[number] = self._start(self._places[number])
        self._end_all()
        return code

    def stop(self) -> None:
        """End all, which hand back what they have in hand. May be called by a signal handler."""
        self._closing.set()

    def _start(self, place: Place) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "DOCCHU_DEVICE": place.device,
            "DOCCHU_DEVICE_PROCESSES": "1",
            "DOCCHU_GPU_MEMORY_BYTES": str(place.memory_bytes),
        }
        # With a standard input that ends when this process does, in whatever way, and in a group of
        # its own: this process tells it to end, and it is told once.
        return subprocess.Popen(self._command, env=environ, stdin=subprocess.PIPE, process_group=0)

    def _end_all(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + _STOP_S
        for process in self._processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def end_with_parent() -> None:
    """Let this process stop as by a signal once its standard input ends: its parent has ended."""
    threading.Thread(target=_await_end, name="parent", daemon=True).start()


def _await_end() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def run_all(module: str, found: Sequence[Place]) -> int:
    """Run several processes until a signal ends them; the exit code."""
    crew = Crew(module, found)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: crew.stop())
    return crew.run()
