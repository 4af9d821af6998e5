"""What is measured on a machine with a GPU: parts, each in a process with a time of its own."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import platform
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contestants import num_cores
from bench.gpu.bare import bare_rates
from bench.gpu.cards import CardWatch
from bench.gpu.kernels import network_rates
from bench.gpu.load import load_on
from bench.service import RunningService, running_service
from shared.settings import Settings
from worker.processes import Machine, places

_LINE = Path(__file__).parents[2] / "keeper" / "canary.png"
_CALLS = 30
_WARM_UP = 5
_STOP_S = 25
_START_S = 60
_PACKAGES = ("torch", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class Run:
    """What all parts are given: pages, device, how many processes, and their seconds."""

    paths: Sequence[Path]
    device: str
    processes: Sequence[int]
    seconds: float

    @property
    def on_gpu(self) -> bool:
        """Whether there is one."""
        return self.device.startswith("cuda")


def _machine(run: Run) -> Iterator[dict[str, Any]]:
    import torch

    card = torch.cuda.get_device_name() if run.on_gpu else "none: a short run on the processor"
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    yield {"gpu": card, "cores": num_cores(), "python": platform.python_version(), **versions}


def _networks(run: Run) -> Iterator[dict[str, Any]]:
    yield from network_rates(run.device, run.seconds * 0.5)


def _bare(run: Run) -> Iterator[dict[str, Any]]:
    each_s = run.seconds * 0.5 / len(run.processes)
    yield from bare_rates(run.paths, run.device, run.processes, each_s)


def _service(run: Run) -> Iterator[dict[str, Any]]:
    """The defaults, with as many API processes as a machine of this size would be given."""
    settings = {"DOCCHU_API_PROCESSES": str(max(1, num_cores() // 4)), "DOCCHU_LOG_LEVEL": "error"}
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder), **settings) as service,
    ):
        wanted = len(places(Settings(), Machine.here()))
        service.wait_until(lambda: _num_workers(service) >= wanted, "not all workers", 30)
        ready_s = round(time.perf_counter() - began, 1)
        yield {"ready_s": ready_s, "worker_processes": wanted, **settings}
        yield {"small_image": "idle", **_calls(service)}
        left_s = max(8.0, run.seconds - (time.perf_counter() - began))
        url = str(service.client.base_url)
        clients, threads = (max(1, num_cores() // 4), 32) if run.on_gpu else (1, 4)
        with load_on(url, run.paths, clients, threads) as load:
            time.sleep(left_s * 0.2)
            yield {"load": f"{clients} x {threads} pages in hand", **_rate(load, left_s / 3)}
            yield {"small_image": "under load", **_calls(service)}
            yield {"load": "again", **_rate(load, left_s / 4)}


def _num_workers(service: RunningService) -> int:
    """The processes that have said that they read."""
    found = re.search(r"workers_alive (\d+)", service.client.get("/metrics").text)
    return int(found[1]) if found else 0


def _rate(load: Any, seconds: float) -> dict[str, Any]:
    with CardWatch() as watch:
        before, began = load.num_done, time.perf_counter()
        time.sleep(seconds)
        rate = (load.num_done - before) / (time.perf_counter() - began)
    return {"pages_per_s": round(rate, 2), "not_read": load.num_failed, **watch.figures()}


def _calls(service: RunningService) -> dict[str, Any]:
    """Milliseconds of calls with one small image, one after the other."""
    data, took_ms = _LINE.read_bytes(), []
    deadline = time.perf_counter() + 10
    while len(took_ms) < _WARM_UP + _CALLS and time.perf_counter() < deadline:
        began = time.perf_counter()
        answer = service.client.post("/v1/jobs", content=data, headers={"Prefer": "wait=60"})
        took_ms.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.text}")
    counted = sorted(took_ms[_WARM_UP:] or took_ms)
    p95 = counted[int(len(counted) * 0.95)]
    return {"p50_ms": round(statistics.median(counted), 1), "p95_ms": round(p95, 1)}


PARTS: dict[str, tuple[Callable[[Run], Iterator[dict[str, Any]]], float]] = {
    "machine": (_machine, 0.1),
    "networks": (_networks, 0.15),
    "bare": (_bare, 0.3),
    "service": (_service, 0.45),
}
"""The parts, and what share of the time each may take."""


def limited(name: str, run: Run) -> Iterator[dict[str, Any]]:
    """Run a part and yield what it says, until its time is over."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(name, run, theirs))
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        while ours.poll(max(0, began + run.seconds + _START_S - time.perf_counter())):
            yield ours.recv()
        yield {"error": f"cut after {run.seconds + _START_S:.0f} s"}
    except EOFError:
        yield {"took_s": round(time.perf_counter() - began, 1)}
    finally:
        process.terminate()
        process.join(_STOP_S)
        process.kill()


def _tell(name: str, run: Run, pipe: Any) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started is stopped
    try:
        for row in PARTS[name][0](run):
            pipe.send(row)
    except Exception as error:  # the other parts may still tell something
        pipe.send({"error": f"{type(error).__name__}: {error}"[-3000:]})
