"""The faults of a schedule: which, when, how often; what each does is in `strikes.py`."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.faults import strikes
from tests.faults.failovers import failover_fault
from tests.faults.neighbours import neighbour_fault
from tests.faults.stores import Footing
from tests.faults.world import LEASE_S, World
from tests.object_front import Fault as ObjectFault

WORKER_POINTS = ("taken", "claimed", "loaded", "read", "stored", "recorded", "finish")
KEEPER_POINTS = (
    *("recover", "end_overdue", "wake", "note_unmet", "expire", "erase_left"),
    *("process_due_batches", "process_due", "sweep"),
    *("recovered", "input_erased"),
)
FETCHING_POINTS = ("taken", "kept", "ended")
API_POINTS = ("kept", "created", "erased")


@dataclass(frozen=True)
class Fault:
    """One fault at its time. `crashes`: workers that it ends or makes look dead."""

    kind: str
    at_s: float
    strike: Callable[[World], bool]
    crashes: int = 0


def random_faults(
    rng: random.Random, number: int, max_crashes: int, footing: Footing
) -> list[Fault]:
    """So many faults, with at most `max_crashes` dead workers among them."""
    groups = _GROUPS | ({"disk": (6, _objects_fault)} if footing.objects else {})
    groups |= {"store": (20, failover_fault)} if footing.sentinel else {}
    faults: list[Fault] = []
    while len(faults) < number:
        fault = _random_fault(rng, groups)
        if sum(f.crashes for f in faults) + fault.crashes <= max_crashes:
            faults.append(fault)
    return faults


def fetching_faults(rng: random.Random) -> list[Fault]:
    """In every other schedule a fault of a keeper while it fetches a document."""
    if rng.random() < 0.5:
        return []
    point, order = f"fetching.{rng.choice(FETCHING_POINTS)}", rng.choice(("kill", "kill", "stop"))
    strike = partial(strikes.failpoint, name=point, order=order)
    return [Fault(f"{order} at {point}", rng.uniform(0, 1.5), strike)]


def _random_fault(rng: random.Random, groups: _Groups) -> Fault:
    group = rng.choices(tuple(groups), tuple(weight for weight, _ in groups.values()))[0]
    kind, strike, crashes = groups[group][1](rng)
    return Fault(kind, rng.uniform(0, 2.5), strike, crashes)


_Made = tuple[str, Callable[[World], bool], int]
_Groups = dict[str, tuple[int, Callable[[random.Random], _Made]]]


def _worker_at_point(rng: random.Random) -> _Made:
    point = f"worker.{rng.choice(WORKER_POINTS)}"
    if rng.random() < 0.3:
        return f"stop at {point}", lambda world: strikes.failpoint(world, point, "stop"), 1
    return f"kill at {point}", lambda world: strikes.failpoint(world, point, "kill"), 1


def _worker_now(rng: random.Random) -> _Made:
    name = rng.choice(("worker-1", "worker-2"))
    kind = rng.choice(("SIGKILL", "SIGSTOP", "SIGTERM", "SIGTERM"))
    if kind == "SIGSTOP":
        return "worker SIGSTOP", lambda world: strikes.stop(world, name, strikes.ZOMBIE_S), 1
    number = signal.Signals[kind]
    return f"worker {kind}", lambda world: strikes.send(world, name, number), int(kind == "SIGKILL")


def _keeper_fault(rng: random.Random) -> _Made:
    name = rng.choice(("keeper-1", "keeper-2"))
    if rng.random() < 0.15:
        return "keeper SIGSTOP", lambda world: strikes.stop(world, name, strikes.ZOMBIE_S), 0
    point = f"keeper.{rng.choice(KEEPER_POINTS)}"
    return f"kill at {point}", lambda world: strikes.failpoint(world, point, "kill"), 0


def _api_fault(rng: random.Random) -> _Made:
    if rng.random() < 0.2:
        return "API SIGKILL", lambda world: strikes.send(world, "api", signal.SIGKILL), 0
    point = f"api.{rng.choice(API_POINTS)}"
    return f"kill at {point}", lambda world: strikes.failpoint(world, point, "kill"), 0


def _store_fault(rng: random.Random) -> _Made:
    stall_s = rng.uniform(0.3, 2 * LEASE_S)
    return rng.choice(
        (
            ("store SIGKILL", lambda world: strikes.send(world, "valkey", signal.SIGKILL), 0),
            ("store SIGTERM", lambda world: strikes.send(world, "valkey", signal.SIGTERM), 0),
            ("store SIGSTOP", lambda world: strikes.stop(world, "valkey", stall_s), 0),
            ("CLIENT KILL", strikes.client_kill, 0),
            ("answers lost", lambda world: strikes.answers_lost(world, stall_s), 0),
            ("answers lost", lambda world: strikes.answers_lost(world, stall_s), 0),
            ("CLIENT PAUSE", lambda world: strikes.client_pause(world, stall_s), 0),
        )
    )


def _disk_fault(rng: random.Random) -> _Made:
    for_s = rng.uniform(0.3, 2)
    if rng.random() < 0.5:
        return "disk full", lambda world: strikes.disk_full(world, for_s), 0
    return "disk away", lambda world: strikes.disk_away(world, for_s), 0


def _objects_fault(rng: random.Random) -> _Made:
    for_s = rng.uniform(0.3, 2)
    fault: ObjectFault = rng.choice(("503", "cut", "lost answer"))
    return rng.choice(
        (
            ("disk full", lambda world: strikes.disk_full(world, for_s), 0),
            ("objects killed", lambda world: strikes.objects_killed(world, for_s), 0),
            ("objects SIGSTOP", lambda world: strikes.objects_stand_still(world, for_s / 2), 0),
            (f"objects {fault}", lambda world: strikes.objects_fail(world, fault, for_s), 0),
            (f"objects {fault}", lambda world: strikes.objects_fail(world, fault, for_s), 0),
        )
    )


def _message_fault(rng: random.Random) -> _Made:
    if rng.random() < 0.5:
        return "messages lost", strikes.messages_lost, 0
    return "messages twice", strikes.messages_twice, 0


_GROUPS: _Groups = {
    "worker at point": (5, _worker_at_point),
    "worker now": (2, _worker_now),
    "keeper": (3, _keeper_fault),
    "api": (3, _api_fault),
    "store": (4, _store_fault),
    "disk": (2, _disk_fault),
    "messages": (2, _message_fault),
    "neighbours": (4, neighbour_fault),
}
