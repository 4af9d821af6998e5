"""Faults of a store that Sentinel watches: servers die, stand still, come apart."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.faults import strikes
from tests.faults.stores import SENTINELS, WatchedStore
from tests.faults.world import World

_AGAIN_S = 0.5

_Strike = Callable[[World], bool]


def failover_fault(rng: random.Random) -> tuple[str, _Strike, int]:
    """One of them. Sentinel takes a server for dead after a second."""
    short_s, long_s = rng.uniform(0, 0.8), rng.uniform(1.5, 8)
    for_s = rng.choice((short_s, long_s, long_s))
    sentinel = rng.choice(SENTINELS)
    kind, strike = rng.choice(
        (
            ("primary SIGKILL", lambda world: _ended(world, _store(world).primary(), for_s)),
            ("primary SIGKILL", lambda world: _ended(world, _store(world).primary(), for_s)),
            ("primary SIGSTOP", lambda world: _stopped(world, _store(world).primary(), for_s)),
            ("primary SIGSTOP", lambda world: _stopped(world, _store(world).primary(), for_s)),
            ("replica SIGKILL", lambda world: _ended(world, _store(world).replica(), for_s)),
            ("replica SIGSTOP", lambda world: _stopped(world, _store(world).replica(), for_s)),
            ("replica cut off", lambda world: _cut_off(world, for_s)),
            ("replica cut off", lambda world: _cut_off(world, for_s)),
            ("sentinel SIGKILL", lambda world: _ended(world, sentinel, for_s)),
            ("sentinel SIGSTOP", lambda world: _stopped(world, sentinel, for_s)),
            ("SENTINEL FAILOVER", lambda world: _store(world).fail_over()),
            ("CLIENT KILL", strikes.client_kill),
            ("answers lost", lambda world: strikes.answers_lost(world, for_s)),
            ("CLIENT PAUSE", lambda world: strikes.client_pause(world, for_s)),
        )
    )
    return kind, strike, 0


def _store(world: World) -> WatchedStore:
    assert isinstance(world.store, WatchedStore)
    return world.store


def _ended(world: World, name: str, for_s: float) -> bool:
    world.end(name, for_s)
    return True


def _stopped(world: World, name: str, for_s: float) -> bool:
    return strikes.stop(world, name, for_s)


def _cut_off(world: World, for_s: float) -> bool:
    """The replica cannot get at its primary; everybody else gets at both."""
    store = _store(world)
    name = store.replica()
    is_cut = store.part(name, True)
    time.sleep(for_s)
    while not store.part(name, False):
        time.sleep(_AGAIN_S)  # it may have been killed or stopped meanwhile
    return is_cut
