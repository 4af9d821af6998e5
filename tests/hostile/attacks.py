"""The loads that the front door and the readers have to bear, each for as long as its `with`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.jobs import Model
from shared.store.workers import REPORT_S, WorkerInfo, Workers
from tests.hostile.documents import DEEP, heavy_pages, lines, nested, thin_page
from tests.hostile.target import ATTACKER, STRANGER, Target, repeated
from tests.service.documents import CANARY

ROOT = Path(__file__).parents[2]
_SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
_SMALL = CANARY.read_bytes()
_NUM_HELD = 20  # jobs that do not end, for those who wait for one
_HELD = "held"
_GATHERING_S = 60
_TIMES = 4  # each document
_NUM_ADDRESSES, _EACH_S = 40, 40.0
_GRACE_S = 10  # beyond its time, for the one who makes requests


@dataclass(frozen=True)
class Plan:
    """How long each load lasts, by its name, and how large the attacks are."""

    seconds: Mapping[str, float]
    crowd: Mapping[str, int]
    heavy_pages: int
    fetch_timeout_s: int = 30


@contextmanager
def crowd(target: Target, plan: Plan, _: float) -> Iterator[None]:
    """Callers who are slow, silent, waiting or deaf: so many of each kind, all there at once."""
    with _held_jobs(target) as jobs:
        order = {
            "port": target.port,
            "key": target.keys[ATTACKER],
            "jobs": jobs,
            "crowd": dict(plan.crowd),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.crowd"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        said: list[str] = []
        listening = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        try:
            _gathered(process, sum(plan.crowd.values()))
            listening.start()
            yield
        finally:
            process.stdin.close()
            process.wait()
        listening.join()
        process.stdout.close()
        got = json.loads(said[-1])["got"] if said else {}
        target.faults += [f"{n} in the crowd got {s}" for s, n in got.items() if s >= "5"]


def _gathered(process: subprocess.Popen[str], number: int) -> None:
    deadline = time.monotonic() + _GATHERING_S
    assert process.stdout
    for line in process.stdout:
        # Some are always on their way back.
        if sum(json.loads(line)["connected"].values()) >= 0.95 * number:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all can connect: {line}")
    raise ChildProcessError("the crowd ended by itself")


@contextmanager
def _held_jobs(target: Target) -> Iterator[list[str]]:
    """Jobs that wait for a worker that is there, says that it lives, and has no time for them."""
    model = Model(name=_HELD, version="1", sha256="00" * 32)
    info = WorkerInfo(id=_HELD, model=model, device="none", num_slices=1)
    workers = Workers(target.store)
    workers.report(info)
    path = f"/v1/jobs?model={_HELD}&priority=bulk"
    with repeated(target, partial(workers.report, info), pause_s=REPORT_S):
        sent = [target.submit(ATTACKER, path, content=_SMALL) for _ in range(_NUM_HELD)]
        yield [job_id for job_id in sent if job_id]
        _cancel(target, sent)
    workers.leave(_HELD)


def _cancel(target: Target, ids: list[str | None]) -> None:
    for job_id in filter(None, ids):
        target.ask(ATTACKER, "POST", f"/v1/jobs/{job_id}/cancel")


@contextmanager
def documents(target: Target, plan: Plan, _: float) -> Iterator[None]:
    """A document with a thin page and one of heavy pages, each four times all the while."""
    thin, heavy = thin_page(), heavy_pages(plan.heavy_pages)
    path = "/v1/jobs?priority=bulk"
    bulk = [target.submit(ATTACKER, path, content=heavy) for _ in range(_TIMES)]

    def send() -> None:
        began = time.monotonic()
        job_id = target.submit(ATTACKER, content=thin)
        if job_id and target.ended(ATTACKER, job_id):
            target.seen("thin page", began)

    with repeated(target, *[send] * _TIMES, pause_s=1):
        yield
    _cancel(target, bulk)


@contextmanager
def addresses(target: Target, _: Plan, __: float) -> Iterator[None]:
    """Forty documents at servers that accept and say nothing, again and again."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1000) as one,
        socket.create_server(("127.0.0.1", 0), backlog=1000) as another,
    ):
        urls = [f"http://127.0.0.1:{it.getsockname()[1]}/a.png" for it in (one, another)]

        def send() -> None:
            for number in range(_NUM_ADDRESSES):
                target.submit(ATTACKER, json={"url": urls[number % len(urls)]})

        with repeated(target, send, pause_s=_EACH_S):
            yield


@contextmanager
def metadata(target: Target, _: Plan, __: float) -> Iterator[None]:
    """Metadata that is nested too deep, in every way in; the lists are to show all the same."""

    def send() -> None:
        for depth in DEEP:
            data, files = {"metadata": nested(depth)}, {"file": ("a.png", _SMALL)}
            _expect(target, 422, "POST", "/v1/jobs", data=data, files=files)
            body = f'{{"url": "http://127.0.0.1:9/", "metadata": {nested(depth)}}}'
            headers = {"Content-Type": "application/json"}
            _expect(target, 400, "POST", "/v1/jobs", content=body, headers=headers)
        headers = {"Content-Type": "application/x-ndjson"}
        body = lines("http://127.0.0.1:9/")
        batch = _expect(target, 202, "POST", "/v1/batches", content=body, headers=headers)
        for path in ("/v1/jobs", "/v1/batches", f"/v1/batches/{batch}/jobs"):
            _expect(target, 200, "GET", path)

    with repeated(target, send, pause_s=1):
        yield


def _expect(target: Target, status: int, method: str, path: str, **more: object) -> str:
    """The id of what was made."""
    answer = target.ask(ATTACKER, method, path, **more)
    if answer is None:
        return ""
    # What cannot be JSON, and what is an option that cannot be used, are told apart by depth.
    wanted = (400, 422) if status in (400, 422) else (status,)
    if answer.status_code not in wanted:
        target.faults.append(f"{method} {path[:100]}: {answer.status_code}, not {status}")
    found = answer.json().get("id", "")
    return str(found)


@contextmanager
def generated(target: Target, _: Plan, seconds: float) -> Iterator[None]:
    """Requests that are made from the API's own description."""
    command = [_SCHEMATHESIS, "--config-file", ROOT / "schemathesis.toml", "run"]
    command += [f"{target.url}/openapi.json", "--checks", "not_a_server_error", "--no-color"]
    command += ["--phases", "fuzzing", "--max-time", str(max(1, round(seconds)))]
    command += ["-H", f"Authorization: Bearer {target.keys[STRANGER]}"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            yield
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        _, failures, told = said.read().partition("= FAILURES =")
        if failures:
            target.faults.append(f"generated requests: {told[:3000]}")
