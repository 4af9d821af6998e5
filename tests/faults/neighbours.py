"""Faults that come from beside the service: a second one, strangers, damage, somebody who hogs."""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Callable, Iterator

import psutil
import redis

from shared.blobs import open_blobs
from shared.errors import Unavailable
from shared.settings import Settings
from shared.store import keys
from shared.store.needs import PLAIN
from tests.faults.world import World

STRANGE_MODEL = "other"
_ENDS_S = 60  # for a process that must not go on: it waits for the store, if that is away, too
_STAYS_S = 3.0
_BUSY_SCRIPT = "local ends = os.clock() + ARGV[1]; repeat until os.clock() > ends; return 1"
_GARBAGE = "\0no such {"
DAMAGED = "job_damaged_"
"""How ids of jobs that mean nothing begin. A store that dies may bring one back."""


def neighbour_fault(rng: random.Random) -> tuple[str, Callable[[World], bool], int]:
    """One of them."""
    program = rng.choice(("worker", "keeper"))
    seconds = rng.uniform(0.5, 6.5)  # beyond five the server answers that it is busy
    kind, strike = rng.choice(
        (
            ("second service", _second_service),
            ("other documents", lambda world: _other_documents(world, program)),
            ("damaged records", _damaged_records),
            ("store busy", lambda world: _store_busy(world, seconds)),
            ("other model", _other_model),
        )
    )
    return kind, strike, 0


def _second_service(world: World) -> bool:
    """Somebody starts the store on the same data folder; it ends, unless there is none just now."""
    if "valkey" not in world.programs:
        return False
    return _ends(world.fork("valkey"), _ENDS_S / 2)


def _other_documents(world: World, program: str) -> bool:
    """A process of the service has another data folder, with blobs of its own."""
    folder = world.settings.data_dir.parent / f"other-{secrets.token_hex(4)}"
    blobs = world.settings.blobs and f"{world.settings.blobs}-{folder.name}"
    with contextlib.suppress(Unavailable):  # then there is nothing at all
        open_blobs(Settings(data_dir=folder, blobs=blobs)).identify("another's")
    other = {"DOCCHU_DATA_DIR": str(folder), "DOCCHU_BLOBS": blobs}
    if not _ends(world.fork(program, **other), _ENDS_S):
        world.surprises.append(f"a {program} with other documents went on")
    return True


def _other_model(world: World) -> bool:
    """A worker that has another model than the others joins them for a while."""
    stranger = world.fork("stranger")
    with contextlib.suppress(TimeoutError, redis.RedisError):
        world.wait_until(lambda: STRANGE_MODEL in str(world.client.hvals(keys.WORKERS)), "", 20)
        time.sleep(_STAYS_S)
    with contextlib.suppress(psutil.NoSuchProcess):
        stranger.terminate()
    _ends(stranger, _ENDS_S)
    return True


def _ends(process: psutil.Process, within_s: float) -> bool:
    """Whether a process ends by itself; one that does not is ended."""
    try:
        process.wait(within_s)
    except psutil.TimeoutExpired:
        process.kill()
        return False
    return True


def _store_busy(world: World, seconds: float) -> bool:
    """A script of somebody else holds the server up."""
    with contextlib.suppress(redis.RedisError), world.store.connect(socket_timeout=60) as client:
        return bool(client.eval(_BUSY_SCRIPT, 0, seconds))
    return False


def _damaged_records(world: World) -> bool:
    """Records that mean nothing lie in front of all others, for a while."""
    with contextlib.suppress(redis.RedisError), _damage(world):
        time.sleep(_STAYS_S)
        return True
    return False


@contextlib.contextmanager
def _damage(world: World) -> Iterator[None]:
    job_id, batch_id = f"{DAMAGED}{secrets.token_hex(8)}", f"bat_{secrets.token_urlsafe(18)}"
    records = [keys.job(job_id), keys.slices(job_id), keys.event(job_id), keys.batch(batch_id)]
    members = {
        keys.LEASES: [_GARBAGE, f"{job_id}/0"],
        keys.DEADLINES: [_GARBAGE, "", job_id],
        keys.RETENTION: [_GARBAGE, "", job_id],
        keys.ERASED: [_GARBAGE, "", job_id],
        keys.OUTBOX: [_GARBAGE, job_id],
        keys.BATCHES_DUE: [_GARBAGE, batch_id],
        keys.UPLOADS: [_GARBAGE, f"par_{job_id}"],
        keys.ready("interactive", PLAIN): [_GARBAGE, f"{job_id}/0"],
        keys.ready("bulk", PLAIN): [_GARBAGE, f"{job_id}/0"],
    }
    client = world.client
    try:
        for record in records:
            client.set(record, _GARBAGE)
        for index, names in members.items():
            client.zadd(index, dict.fromkeys(names, -1))
        client.hset(keys.WORKERS, job_id, _GARBAGE)
        yield
    finally:
        world.wait_until(lambda: _is_clean(client, records, members), "the damage stays", _ENDS_S)


def _is_clean(client: redis.Redis, records: list[str], members: dict[str, list[str]]) -> bool:
    """Take the damage away again, if the store is there."""
    with contextlib.suppress(redis.RedisError):
        client.delete(*records)
        for index, names in members.items():
            client.zrem(index, *names)
        return True
    return False
