"""What a fault does: its harm for a while, then all is made good; whether it struck."""

from __future__ import annotations

import contextlib
import resource
import signal
import time
from collections.abc import Callable

import psutil
import redis
from kombu.exceptions import OperationalError

from shared.broker import READ, make_celery
from shared.store import keys
from shared.store.needs import PLAIN
from tests.faults.world import LEASE_S, World, resume
from tests.grounds import ObjectGround
from tests.object_front import Fault as ObjectFault

ZOMBIE_S = 2.5 * LEASE_S  # stopped for longer than its lease
_LOSS = 0.15  # of all answers
_NUM_CUTS, _CUT_EVERY_S = 30, 0.03
_REACH_S = 4.0  # for a process to come to its failpoint
_START_S = 0.5  # until a process that is being started is one
_DIES_S = 60  # for it to die there; on a busy machine it may wait for a processor


def failpoint(world: World, name: str, order: str) -> bool:
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
        time.sleep(ZOMBIE_S)
    for path in taken:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(path.suffix[1:]))
            if order == "stop":
                resume(process)
            else:
                process.wait(_DIES_S)  # it may not have read its order yet
        path.unlink()
    return bool(taken)


def send(world: World, name: str, number: int) -> bool:
    world.signal(name, number)
    return True


def stop(world: World, name: str, for_s: float) -> bool:
    process = world.signal(name, signal.SIGSTOP)
    time.sleep(for_s)
    resume(process)
    return True


def _tell(world: World, command: Callable[[redis.Redis], object]) -> object:
    """Give the store a command, if it is there."""
    with contextlib.suppress(redis.RedisError), world.store.connect() as client:
        return command(client)
    return None


def client_kill(world: World) -> bool:
    """Cut all connections, over and over: some of them between a command and its answer."""
    killed = 0
    for _ in range(_NUM_CUTS):
        found = _tell(world, lambda c: c.client_kill_filter(_type="normal", skipme=True))
        killed += int(found or 0)  # type: ignore[call-overload]
        time.sleep(_CUT_EVERY_S)
    return killed > 0


def answers_lost(world: World, for_s: float) -> bool:
    before = world.num_lost
    for proxy in world.store.proxies:
        proxy.loss = _LOSS
    time.sleep(for_s)
    for proxy in world.store.proxies:
        proxy.loss = 0
    return world.num_lost > before


def client_pause(world: World, for_s: float) -> bool:
    return bool(_tell(world, lambda c: c.client_pause(round(for_s * 1000), all=True)))


def messages_lost(world: World) -> bool:
    return bool(_tell(world, lambda client: client.delete(keys.wakeups(PLAIN))))


def messages_twice(world: World) -> bool:
    app = make_celery(world.settings)
    try:
        for _ in range(6):
            app.send_task(READ, retry=False)
    except OperationalError:
        return False
    return True


def disk_full(world: World, for_s: float) -> bool:
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
    for _ in range(2):  # a child that was being started is not seen the first time
        for one in limited:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))
                for child in one.children():  # started meanwhile; loaders may write nothing ever
                    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                        child.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))
        time.sleep(_START_S)
    return bool(limited)


def disk_away(world: World, for_s: float) -> bool:
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


def objects_fail(world: World, fault: ObjectFault, for_s: float) -> bool:
    front = _objects(world).front
    before = front.num_faults
    with front.failing(fault):
        time.sleep(for_s)
    return front.num_faults > before


def objects_killed(world: World, for_s: float) -> bool:
    with _objects(world).front.killed():
        time.sleep(for_s)
    return True


def objects_stand_still(world: World, for_s: float) -> bool:
    process = _objects(world).server.process
    process.send_signal(signal.SIGSTOP)
    time.sleep(for_s)
    process.send_signal(signal.SIGCONT)
    return True
