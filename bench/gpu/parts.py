"""What is measured on a machine with a GPU: parts, each in a process with a time of its own."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contestants import num_cores
from bench.gpu.bare import bare_rates
from bench.gpu.kernels import network_rates
from bench.gpu.programs import feeding, tests
from bench.gpu.served import service_rates
from bench.gpu.ways import ways_of_reading

_STOP_S = 8
_PACKAGES = ("torch", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class Run:
    """What all parts are given: pages, device, how many processes, a folder for what they say, and
    whether it is a short one, to show that it runs."""

    paths: Sequence[Path]
    device: str
    processes: Sequence[int]
    out: Path

    @property
    def on_gpu(self) -> bool:
        """Whether there is one."""
        return self.device.startswith("cuda")


def _machine(run: Run) -> Iterator[dict[str, Any]]:
    import torch

    card = torch.cuda.get_device_name() if run.on_gpu else "none: a short run on the processor"
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    yield {"gpu": card, "cores": num_cores(), "python": platform.python_version(), **versions}


def _bare(run: Run) -> Iterator[dict[str, Any]]:
    yield from bare_rates(run.paths, run.device, run.processes, 4 if run.on_gpu else 2)


def _service(run: Run) -> Iterator[dict[str, Any]]:
    yield from service_rates(run.paths, on_gpu=run.on_gpu)


def _ways(run: Run) -> Iterator[dict[str, Any]]:
    yield from ways_of_reading(run.paths, run.device)


def _tests(run: Run) -> Iterator[dict[str, Any]]:
    yield from tests(run.out / "pytest.txt", 85 if run.on_gpu else 20)


def _feeding(run: Run) -> Iterator[dict[str, Any]]:
    yield from feeding(run.out / "feeding.txt", 1 if run.on_gpu else 2)


def _networks(run: Run) -> Iterator[dict[str, Any]]:
    yield from network_rates(run.device)


PARTS: dict[str, tuple[Callable[[Run], Iterator[dict[str, Any]]], float]] = {
    "machine": (_machine, 20),
    "bare": (_bare, 200),
    "service": (_service, 180),
    "ways": (_ways, 90),
    "tests": (_tests, 100),
    "feeding": (_feeding, 70),
    "networks": (_networks, 40),
}
"""The parts, the most wanted first, and the most seconds that each may take."""


def limited(name: str, run: Run, left_s: float) -> Iterator[dict[str, Any]]:
    """Run a part and yield what it says, until its time or what is left of all is over."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(name, run, theirs))
    began, limit = time.perf_counter(), min(PARTS[name][1], left_s)
    process.start()
    theirs.close()
    try:
        while ours.poll(max(0, began + limit - time.perf_counter())):
            yield ours.recv()
        yield {"error": f"cut after {limit:.0f} s"}
        process.terminate()
        while ours.poll(_STOP_S):  # what it has to say of that
            yield ours.recv()
    except EOFError:
        yield {"took_s": round(time.perf_counter() - began, 1)}
    finally:
        process.join(1)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.kill()


def _tell(name: str, run: Run, pipe: Any) -> None:
    os.setpgid(0, 0)  # what it started is ended with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for row in PARTS[name][0](run):
            pipe.send(row)
    except BaseException as error:  # the other parts may still tell something
        pipe.send({"error": f"{type(error).__name__}: {error}"[-3000:]})
    finally:
        pipe.close()
        os._exit(0)
