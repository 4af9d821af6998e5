"""One run: each load for a while, then all of them at once, and other clients beside them."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.service import RunningService, running_service
from shared.settings import Settings
from tests.hostile import attacks
from tests.hostile.attacks import Plan
from tests.hostile.target import ATTACKER, OTHER, Target, repeated
from tests.service.documents import CANARY, CANARY_TEXT

PICTURE, PICTURE_OF_SAME = "picture", "picture, same tenant"
COLUMNS = ("healthz", "upload", "poll", PICTURE, PICTURE_OF_SAME, "thin page")
LOADS: dict[str, list[Callable[..., AbstractContextManager[None]]]] = {
    "calm": [],
    "crowd": [attacks.crowd],
    "documents": [attacks.documents],
    "addresses": [attacks.addresses],
    "metadata": [attacks.metadata],
    "generated": [attacks.generated],
}
LOADS["all at once"] = [attack for attacking in LOADS.values() for attack in attacking]
_PAUSE_S = 0.3  # of a client, between two pictures
_PROGRAMS = ("valkey-server", "api", "worker", "keeper")


TookS = Mapping[str, list[float]]
"""How long what took, in seconds."""


@dataclass(frozen=True)
class Report:
    """What other clients met under each load, in seconds, and what is wrong."""

    took_s: Mapping[str, TookS]
    num_accepted: int
    restarted: list[str]
    faults: list[str]


def run(plan: Plan, show: Callable[[str, TookS], None] = lambda *_: None) -> Report:
    """Start a service as `make run` does, attack it, and wait for the jobs that it accepted.

    Each load's figures are shown as soon as there are any.
    """
    folder = Path(tempfile.mkdtemp(prefix="docchu-hostile-"))
    settings = {"DOCCHU_ALLOW_TARGETS": "127.0.0.0/8", "DOCCHU_LOG_LEVEL": "warning"}
    settings["DOCCHU_FETCH_TIMEOUT_S"] = str(plan.fetch_timeout_s)
    with running_service(folder, **settings) as service:
        before = _processes(service)
        target = Target(service, Settings(data_dir=folder / "data"))
        at_start = target.server_errors()  # of `/readyz`, before it was ready
        took_s = {}
        for load, seconds in plan.seconds.items():
            _say(load)
            took_s[load] = _under(target, plan, load, seconds)
            show(load, took_s[load])
        _say("waiting for the last jobs")
        num_accepted = target.expect_all_ended()
        target.faults += [
            f"the API answered so {number} times: {what}"
            for what, number in (target.server_errors() - at_start).items()
        ]
        after = _processes(service)
    if target.faults:
        _say(f"what the processes said: {folder}/log")
    else:
        shutil.rmtree(folder)
    restarted = [name for name in _PROGRAMS if before[name] != after[name]]
    return Report(took_s, num_accepted, restarted, target.faults)


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _processes(service: RunningService) -> dict[str, int]:
    return {name: service.program(name).pid for name in _PROGRAMS}


def _under(target: Target, plan: Plan, load: str, seconds: float) -> TookS:
    """What two clients meet for so many seconds, once all of the load is under way."""
    with ExitStack() as stack:
        for attack in LOADS[load]:
            stack.enter_context(attack(target, plan, seconds))
        target.took_s.clear()
        clients = partial(_client, target), partial(_picture, target, ATTACKER, PICTURE_OF_SAME)
        with repeated(target, *clients, pause_s=_PAUSE_S):
            time.sleep(seconds)
        return {name: list(found) for name, found in list(target.took_s.items())}


def _client(target: Target) -> None:
    """Somebody else, who looks around and has a picture read."""
    began = time.monotonic()
    if target.ask(OTHER, "GET", "/healthz"):
        target.seen("healthz", began)
    job_id = _picture(target, OTHER, PICTURE)
    began = time.monotonic()
    if job_id and target.ask(OTHER, "GET", f"/v1/jobs/{job_id}"):
        target.seen("poll", began)


def _picture(target: Target, tenant: str, name: str) -> str | None:
    """Have a small picture read; the job's id."""
    began = time.monotonic()
    job_id = target.submit(tenant, content=CANARY.read_bytes())
    if job_id is None:
        return None
    target.seen("upload", began)
    if target.ended(tenant, job_id):
        text = target.ask(tenant, "GET", f"/v1/jobs/{job_id}/result/text")
        target.seen(name, began)
        if text and text.text.strip() != CANARY_TEXT:
            target.faults.append(f"{job_id} of {tenant} was read as {text.text[:100]!r}")
    return job_id
