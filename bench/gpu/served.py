"""The whole service on a GPU: pages per second, and one small image idle and under load."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.contestants import num_cores
from bench.gpu.cards import CardWatch
from bench.gpu.load import load_on
from bench.service import RunningService, running_service
from shared.settings import Settings
from worker.processes import Machine, places

_LINE = Path(__file__).parents[2] / "keeper" / "canary.png"
_CALLS = 30
_WARM_UP = 5
_START_S = 70
"""For all worker processes, once one reads; with fewer it is measured all the same."""
_RAMP_S = 6.0
_RATE_S = 8.0


def service_rates(paths: Sequence[Path], *, on_gpu: bool) -> Iterator[dict[str, Any]]:
    """The defaults, with as many API processes as a machine of this size would be given."""
    settings = {"DOCCHU_API_PROCESSES": str(max(1, num_cores() // 4)), "DOCCHU_LOG_LEVEL": "error"}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with running_service(folder, **settings) as service:
                yield {"first_ready_s": round(time.perf_counter() - began, 1)}
                wanted = len(places(Settings(), Machine.here()))
                with suppress(TimeoutError):
                    there = f"{wanted} workers"
                    service.wait_until(lambda: _num_workers(service) >= wanted, there, _START_S)
                num_there = _num_workers(service)
                row = {"worker_processes": num_there, "wanted": wanted, **settings}
                yield {"ready_s": round(time.perf_counter() - began, 1), **row}
                yield {"small_image": "idle", **_calls(service)}
                yield from _under_load(service, paths, on_gpu)
        except BaseException as error:  # also where it is cut
            log = folder / "log"
            said = log.read_text(errors="replace")[-2500:] if log.exists() else ""
            raise RuntimeError(f"{type(error).__name__} {error}"[:400] + "\n" + said) from error


def _under_load(
    service: RunningService, paths: Sequence[Path], on_gpu: bool
) -> Iterator[dict[str, Any]]:
    url = str(service.client.base_url)
    clients, threads = (max(1, num_cores() // 4), 32) if on_gpu else (1, 4)
    with load_on(url, paths, clients, threads) as load:
        time.sleep(_RAMP_S)
        yield {"load": f"{clients} x {threads} pages in hand", **_rate(load, _RATE_S)}
        yield {"small_image": "under load", **_calls(service)}
        yield {"load": "again", **_rate(load, _RATE_S / 2)}


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
    """Milliseconds of calls with one small image, one after the other, each read anew."""
    data, took_ms = _LINE.read_bytes(), []
    deadline = time.perf_counter() + 8
    while len(took_ms) < _WARM_UP + _CALLS and time.perf_counter() < deadline:
        began = time.perf_counter()
        answer = service.client.post(
            "/v1/jobs?reuse=never", content=data, headers={"Prefer": "wait=60"}
        )
        took_ms.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.text}")
    counted = sorted(took_ms[_WARM_UP:] or took_ms)
    p95 = counted[int(len(counted) * 0.95)]
    figures = {"p50_ms": statistics.median(counted), "p95_ms": p95}
    return {"calls": len(counted), **{name: round(one, 1) for name, one in figures.items()}}
