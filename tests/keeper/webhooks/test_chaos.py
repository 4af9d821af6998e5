"""Real keepers, killed on the way, and a receiver that fails at random: every event arrives.

The long run of the issue (5,000 events, ten kills):
DOCCHU_TEST_WEBHOOK_EVENTS=5000 DOCCHU_TEST_WEBHOOK_KILLS=10 pytest -s tests/keeper -k chaos
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import redis
from standardwebhooks import Webhook as Verifier

from bench.receiver import Received, Receiver, Reply, receiving
from bench.webhooks import TENANT, Keeper, delivered, keeping, make_events
from shared.settings import Settings
from shared.store.webhooks.webhooks import Webhooks

NUM_EVENTS = int(os.environ.get("DOCCHU_TEST_WEBHOOK_EVENTS", "300"))
NUM_KILLS = int(os.environ.get("DOCCHU_TEST_WEBHOOK_KILLS", "2"))
TIMEOUT_S = 0.6
FAULTS = [
    Reply(500),
    Reply(503, {"Retry-After": "1"}),
    Reply(302, {"Location": "/elsewhere"}),
    Reply(fault="reset"),
    Reply(fault="garbage"),
    Reply(fault="hang"),
    Reply(fault="drip"),
]


class Moody:
    """Takes two requests of three after a moment; remembers what it took, and checks them all."""

    def __init__(self, secret: str) -> None:
        self._verifier = Verifier(secret)
        self._random = random.Random(5)
        self.taken: Counter[str] = Counter()
        self.num_verified = 0

    def has_taken(self, number: int) -> bool:
        return len(self.taken) >= number

    def __call__(self, request: Received) -> Reply:
        self._verifier.verify(request.body, dict(request.headers))
        self.num_verified += 1
        if self._random.random() < 1 / 3:
            return self._random.choice(FAULTS)
        self.taken[request.headers["webhook-id"]] += 1
        return Reply(delay_s=self._random.choice([0, 0.02, 0.1]))


def test_every_event_arrives_however_often_the_keeper_is_killed(
    store_client: redis.Redis, valkey_settings: Settings, tmp_path: Path
) -> None:
    mood = Moody(Webhooks(store_client).secret(TENANT).secret)
    settings = Settings(redis_url=valkey_settings.store_url, data_dir=tmp_path)
    with receiving(mood) as receiver:
        jobs = make_events(store_client, receiver.url, NUM_EVENTS // 2)
        variables = {
            "DOCCHU_WEBHOOK_TIMEOUT_S": str(TIMEOUT_S),
            "DOCCHU_WEBHOOK_SCHEDULE_S": ",".join(["0", *["0.3"] * 60]),
        }
        with keeping(settings, tmp_path / "log", **variables) as keeper:
            jobs += make_events(store_client, receiver.url, NUM_EVENTS - len(jobs))
            _kill_on_the_way(keeper, mood)
            _wait_until_all_arrived(mood, tmp_path / "log")
        _check(receiver, mood, len(jobs))
    repeated = sum(mood.taken.values()) - NUM_EVENTS
    print(
        f"\n{NUM_EVENTS} events, {NUM_KILLS} kills, {len(receiver.received)} attempts, "
        f"{repeated} deliveries taken more than once"
    )
    assert repeated <= NUM_EVENTS // 4, "duplicates are the exception"


def _kill_on_the_way(keeper: Keeper, mood: Moody) -> None:
    """Kill the keeper each time that another share of the events has arrived."""
    for number in range(1, NUM_KILLS + 1):
        share = NUM_EVENTS * number // (NUM_KILLS + 1)
        _wait(partial(mood.has_taken, share), "too little arrives")
        keeper.kill()
        keeper.start()


def _wait_until_all_arrived(mood: Moody, log: Path) -> None:
    try:
        _wait(partial(mood.has_taken, NUM_EVENTS), "events are missing")
    except TimeoutError as error:
        pytest.fail(f"{error}: {len(mood.taken)} of {NUM_EVENTS}; {log.read_text()[-2000:]}")


def _wait(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60 + NUM_EVENTS / 20
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def _check(receiver: Receiver, mood: Moody, num_events: int) -> None:
    """No id stands for two bodies, and every request that came in was signed."""
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for request in receiver.received:
        bodies[request.headers["webhook-id"]].add(request.body)
    assert len(bodies) == num_events == len(delivered(receiver))
    assert all(len(found) == 1 for found in bodies.values())
    assert mood.num_verified == len(receiver.received)
