"""The faults: each does its harm for a while, makes it good again, and says whether it struck."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import psutil
import redis
from kombu.exceptions import OperationalError

from shared.broker import READ, make_celery
from shared.store import keys
from shared.store.needs import PLAIN
from tests.faults.neighbours import neighbour_fault
from tests.faults.world import LEASE_S, World, resume
from tests.grounds import ObjectGround
from tests.object_front import Fault as ObjectFault

_ZOMBIE_S = 2.5 * LEASE_S  # stopped for longer than its lease
_LOSS = 0.15  # of all answers
_NUM_CUTS, _CUT_EVERY_S = 30, 0.03
_REACH_S = 4.0  # for a process to come to its failpoint
_DIES_S = 60  # for it to die there; on a busy machine it may wait for a processor

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
    rng: random.Random, number: int, max_crashes: int, on_objects: bool = False
) -> list[Fault]:
    """So many faults, with at most `max_crashes` dead workers among them."""
    groups = _GROUPS | ({"disk": (6, _objects_fault)} if on_objects else {})
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
    strike = partial(_failpoint, name=point, order=order)
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
        return f"stop at {point}", lambda world: _failpoint(world, point, "stop"), 1
    return f"kill at {point}", lambda world: _failpoint(world, point, "kill"), 1


def _worker_now(rng: random.Random) -> _Made:
    name = rng.choice(("worker-1", "worker-2"))
    kind = rng.choice(("SIGKILL", "SIGSTOP", "SIGTERM", "SIGTERM"))
    if kind == "SIGSTOP":
        return "worker SIGSTOP", lambda world: _stop(world, name, _ZOMBIE_S), 1
    number = signal.Signals[kind]
    return f"worker {kind}", lambda world: _send(world, name, number), int(kind == "SIGKILL")


def _keeper_fault(rng: random.Random) -> _Made:
    name = rng.choice(("keeper-1", "keeper-2"))
    if rng.random() < 0.15:
        return "keeper SIGSTOP", lambda world: _stop(world, name, _ZOMBIE_S), 0
    point = f"keeper.{rng.choice(KEEPER_POINTS)}"
    return f"kill at {point}", lambda world: _failpoint(world, point, "kill"), 0


def _api_fault(rng: random.Random) -> _Made:
    if rng.random() < 0.2:
        return "API SIGKILL", lambda world: _send(world, "api", signal.SIGKILL), 0
    point = f"api.{rng.choice(API_POINTS)}"
    return f"kill at {point}", lambda world: _failpoint(world, point, "kill"), 0


def _store_fault(rng: random.Random) -> _Made:
    stall_s = rng.uniform(0.3, 2 * LEASE_S)
    return rng.choice(
        (
            ("store SIGKILL", lambda world: _send(world, "valkey", signal.SIGKILL), 0),
            ("store SIGTERM", lambda world: _send(world, "valkey", signal.SIGTERM), 0),
            ("store SIGSTOP", lambda world: _stop(world, "valkey", stall_s), 0),
            ("CLIENT KILL", _client_kill, 0),
            ("answers lost", lambda world: _answers_lost(world, stall_s), 0),
            ("answers lost", lambda world: _answers_lost(world, stall_s), 0),
            ("CLIENT PAUSE", lambda world: _client_pause(world, stall_s), 0),
        )
    )


def _disk_fault(rng: random.Random) -> _Made:
    for_s = rng.uniform(0.3, 2)
    if rng.random() < 0.5:
        return "disk full", lambda world: _disk_full(world, for_s), 0
    return "disk away", lambda world: _disk_away(world, for_s), 0


def _objects_fault(rng: random.Random) -> _Made:
    for_s = rng.uniform(0.3, 2)
    fault: ObjectFault = rng.choice(("503", "cut", "lost answer"))
    return rng.choice(
        (
            ("disk full", lambda world: _disk_full(world, for_s), 0),
            ("objects SIGSTOP", lambda world: _objects_stand_still(world, for_s / 2), 0),
            (f"objects {fault}", lambda world: _objects_fail(world, fault, for_s), 0),
            (f"objects {fault}", lambda world: _objects_fail(world, fault, for_s), 0),
        )
    )


def _message_fault(rng: random.Random) -> _Made:
    if rng.random() < 0.5:
        return "messages lost", _messages_lost, 0
    return "messages twice", _messages_twice, 0


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


def _failpoint(world: World, name: str, order: str) -> bool:
    """Wait until a process comes by; one that stops itself is resumed in time."""
    with world.at_point[name]:  # one fault after the other
        return _strike_at(world, name, order)


def _strike_at(world: World, name: str, order: str) -> bool:
    path = world.failpoints / name
    path.write_text(order)
    deadline = time.monotonic() + _REACH_S
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    path.unlink(missing_ok=True)
    taken = list(world.failpoints.glob(f"{name}.*"))
    if taken and order == "stop":
        time.sleep(_ZOMBIE_S)
    for path in taken:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(path.suffix[1:]))
            if order == "stop":
                resume(process)
            else:
                process.wait(_DIES_S)  # it may not have read its order yet
        path.unlink()
    return bool(taken)


def _send(world: World, name: str, number: int) -> bool:
    world.signal(name, number)
    return True


def _stop(world: World, name: str, for_s: float) -> bool:
    process = world.signal(name, signal.SIGSTOP)
    time.sleep(for_s)
    resume(process)
    return True


def _tell(world: World, command: Callable[[redis.Redis], object]) -> object:
    """Give the store a command, if it is there."""
    with contextlib.suppress(redis.RedisError), _direct(world) as client:
        return command(client)
    return None


def _client_kill(world: World) -> bool:
    """Cut all connections, over and over: some of them between a command and its answer."""
    killed = 0
    for _ in range(_NUM_CUTS):
        found = _tell(world, lambda c: c.client_kill_filter(_type="normal", skipme=True))
        killed += int(found or 0)  # type: ignore[call-overload]
        time.sleep(_CUT_EVERY_S)
    return killed > 0


def _answers_lost(world: World, for_s: float) -> bool:
    before = world.proxy.num_lost
    world.proxy.loss = _LOSS
    time.sleep(for_s)
    world.proxy.loss = 0
    return world.proxy.num_lost > before


def _client_pause(world: World, for_s: float) -> bool:
    return bool(_tell(world, lambda c: c.client_pause(round(for_s * 1000), all=True)))


def _messages_lost(world: World) -> bool:
    return bool(_tell(world, lambda client: client.delete(keys.wakeups(PLAIN))))


def _messages_twice(world: World) -> bool:
    app = make_celery(world.settings)
    try:
        for _ in range(6):
            app.send_task(READ, retry=False)
    except OperationalError:
        return False
    return True


def _disk_full(world: World, for_s: float) -> bool:
    """No file of the service may grow: what a full disk does, for root, too."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limited = []
    for name in ("api", "worker-1", "worker-2", "keeper-1", "keeper-2"):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = world.process(name)
            children = process.children() if name == "api" else []
            for one in (process, *children):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
                    limited.append(one)
    time.sleep(for_s)
    for one in limited:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))
            for child in one.children():  # started meanwhile; loaders may write nothing ever
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    child.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))
    return bool(limited)


def _disk_away(world: World, for_s: float) -> bool:
    """The folder of the blobs is a file for a while."""
    blobs = world.settings.data_dir / "blobs"
    away = blobs.with_name("blobs.away")
    if away.exists() or not blobs.is_dir():
        return False
    blobs.rename(away)
    blobs.write_bytes(b"")
    time.sleep(for_s)
    blobs.unlink()
    away.rename(blobs)
    return True


def _objects(world: World) -> ObjectGround:
    assert isinstance(world.ground, ObjectGround)
    return world.ground


def _objects_fail(world: World, fault: ObjectFault, for_s: float) -> bool:
    front = _objects(world).front
    before = front.num_faults
    with front.failing(fault):
        time.sleep(for_s)
    return front.num_faults > before


def _objects_stand_still(world: World, for_s: float) -> bool:
    process = _objects(world).server.process
    process.send_signal(signal.SIGSTOP)
    time.sleep(for_s)
    process.send_signal(signal.SIGCONT)
    return True


@contextlib.contextmanager
def _direct(world: World) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(world.settings.store_url, socket_timeout=5)
    try:
        yield client
    finally:
        client.close()
