"""All that a machine with a GPU can tell in minutes: `python -m bench.gpu --minutes 3 --out DIR`.

The networks alone, the bare reader in one process and in several, the whole service under load, and
one small image beside it. Each part runs in a process of its own with a part of the time, and every
figure is printed at once, as a line of JSON, so that a run that is cut short tells what it knew.
Without a GPU it runs in a short form, which shows that it runs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import multiprocessing
import platform
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
from bench.pages import draw_photos
from bench.service import RunningService, running_service

_LINE = Path(__file__).parents[2] / "keeper" / "canary.png"
_CALLS = 30
_WARM_UP = 5
_STOP_S = 25
_SMALL = 400, 260
"""Pixels of a page where there is no GPU: that the bench runs can be seen of any."""
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
        yield {"ready_s": round(time.perf_counter() - began, 1), **settings}
        yield {"small_image": "idle", **_calls(service)}
        left_s = max(5.0, run.seconds - (time.perf_counter() - began) - _STOP_S)
        url = str(service.client.base_url)
        clients, threads = (max(1, num_cores() // 4), 32) if run.on_gpu else (1, 4)
        with load_on(url, run.paths, clients, threads) as load:
            time.sleep(left_s * 0.2)
            yield {"load": f"{clients} x {threads} pages in hand", **_rate(load, left_s / 3)}
            yield {"small_image": "under load", **_calls(service)}
            yield {"load": "again", **_rate(load, left_s / 4)}


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


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench-gpu"), help="a folder")
    parser.add_argument("--device", default="", help="by default the first GPU, else the processor")
    parser.add_argument("--processes", default="", help="readers at once, such as 1,2,4")
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = arguments.device or _first_device()
    numbers = arguments.processes or ("1,4,8,12" if device != "cpu" else "1")
    if device == "cpu":
        paths = draw_photos(arguments.out, 2, size=_SMALL)
    else:
        paths = draw_photos(arguments.out)
    with (arguments.out / "figures.jsonl").open("a") as file:
        for name in arguments.parts.split(","):
            seconds = 60 * arguments.minutes * PARTS[name][1]
            run = Run(paths, device, [int(number) for number in numbers.split(",")], seconds)
            for row in _limited(name, run):
                line = json.dumps({"part": name, **row}, ensure_ascii=False)
                print(line, flush=True)
                print(line, flush=True, file=file)


def _first_device() -> str:
    """Asked in a process of its own: this one opens no device."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return "cuda" if pool.apply(_has_gpu) else "cpu"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _limited(name: str, run: Run) -> Iterator[dict[str, Any]]:
    """Run a part and yield what it says, until its time is over."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(name, run, theirs))
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        while ours.poll(max(0, began + run.seconds + _STOP_S - time.perf_counter())):
            yield ours.recv()
        yield {"error": f"cut after {run.seconds + _STOP_S:.0f} s"}
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


if __name__ == "__main__":
    main()
