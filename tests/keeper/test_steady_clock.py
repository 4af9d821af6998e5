"""A clock that is set, and a store that was away, move nothing that is waited for.

Each story has the machine's clock seven hours fast at first and then set back, or set forward under
load. The keepers tick; the server is a real one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from bench.receiver import Reply, receiving
from shared.errors import IdempotencyInFlight
from shared.jobs import Model, Status
from shared.store import keys
from shared.store.batches.uploads import NewBatchUpload
from shared.store.clock import SteadyClock
from shared.store.jobs.idempotency import IdempotencyKeys
from shared.store.scripts import Scripts
from shared.store.workers import Canary, WorkerInfo, Workers
from tests.keeper.test_fetching import Fetching
from tests.shared.store_stories import LEASE_S, open_document, read, take
from tests.shared.test_deadlines import submit

HOUR_S = 3600
AHEAD_S = 7 * HOUR_S
MODEL = Model(name="vi-print", version="2", sha256="00")


class Town(Fetching):
    """The store with all that waits in it, and keepers that tick twice a second."""

    def __init__(self, client: redis.Redis, folder: Path) -> None:
        super().__init__(client, folder)
        self.steady = SteadyClock(client, LEASE_S, self.clock)
        self.scripts = Scripts(client, self.clock)
        self.steady.tick()

    def let_pass(self, seconds: float) -> None:
        """Time with keepers at work."""
        for _ in range(round(2 * seconds)):
            self.clock.pass_s(0.5)
            self.steady.tick()

    def set_clock(self, seconds: float) -> None:
        """Set the machine's clock forward, or back."""
        self.clock.pass_s(seconds)

    def recovered(self) -> list[str]:
        """What becomes of slices whose leases ran out."""
        return [self.keeper.recover(*name) for name in self.keeper.expired_leases(9)]

    def overdue(self) -> list[str]:
        """What becomes of jobs whose time is over."""
        return [self.keeper.end_overdue(job_id) for job_id in self.keeper.overdue(9)]


@pytest.fixture
def town(store_client: redis.Redis, tmp_path: Path) -> Town:
    return Town(store_client, tmp_path)


def test_a_lost_slice_comes_back_in_its_time_after_the_clock_was_set_back(town: Town) -> None:
    town.set_clock(AHEAD_S)
    town.let_pass(2)
    town.submit()
    take(town.worker())  # and here the worker dies
    town.set_clock(-AHEAD_S)
    town.let_pass(LEASE_S - 1)
    assert town.recovered() == []
    town.let_pass(2)
    assert town.recovered() == ["ready"]


def test_an_hour_forward_ends_no_job_and_takes_no_slice_away(town: Town) -> None:
    town.succeed()
    job, short = town.submit(), submit(town, timeout_s=60)
    ann = town.worker()
    claims = [take(ann), take(ann)]
    town.let_pass(1)
    town.set_clock(HOUR_S)
    assert (town.overdue(), town.recovered()) == ([], [])
    town.let_pass(1)
    assert (town.overdue(), town.recovered()) == ([], [])
    for claim in claims:
        assert ann.renew(claim) == "held"
        read(ann, open_document(ann, claim, 1), 1)
    for one in (job, short):
        assert town.jobs.get("acme", one.id).status is Status.SUCCEEDED
    gap_s = town.jobs.page_gap_s()
    assert gap_s is not None and gap_s < 60, "the rate of pages knows nothing of it either"


@pytest.mark.parametrize("seconds", [AHEAD_S, -AHEAD_S])
def test_a_job_ends_in_its_time_whatever_the_clock_is_set_to(town: Town, seconds: float) -> None:
    town.set_clock(AHEAD_S)
    town.let_pass(1)
    submit(town, timeout_s=20)
    town.let_pass(1)
    town.set_clock(seconds)
    town.let_pass(15)
    assert town.overdue() == []
    town.let_pass(6)
    assert town.overdue() == ["ended"]


def test_after_an_outage_leases_have_most_of_their_time_left(town: Town) -> None:
    town.submit()
    ann = town.worker()
    claim = take(ann)
    town.set_clock(60)  # nobody could tick or renew meanwhile
    town.steady.tick()
    assert town.recovered() == []
    town.let_pass(LEASE_S / 2)
    assert town.recovered() == [] and ann.renew(claim) == "held"
    town.let_pass(LEASE_S + 1)
    assert town.recovered() == ["ready"]


def test_a_keeper_that_is_started_after_an_outage_knows_of_it(town: Town) -> None:
    town.submit()
    take(town.worker())
    town.set_clock(60)
    town.steady = SteadyClock(town.client, LEASE_S, town.clock)
    town.let_pass(LEASE_S / 2)
    assert town.recovered() == []
    town.let_pass(LEASE_S / 2)
    assert town.recovered() == ["ready"]


def test_keepers_that_are_slow_recover_all_the_same(town: Town) -> None:
    town.submit()
    take(town.worker())
    for _ in range(6):
        town.clock.pass_s(8)
        town.steady.tick()
    assert town.recovered() == ["ready"]


def test_the_steady_clock_follows_the_time_and_never_goes_back(town: Town) -> None:
    seen = [town.scripts.steady_ms()]
    for step_s in (1, AHEAD_S, 1, -AHEAD_S, 1, 1, -1, 1):
        town.set_clock(step_s)
        town.steady.tick()
        seen.append(town.scripts.steady_ms())
    assert seen == sorted(seen)
    assert 4000 <= seen[-1] - seen[0] <= 4000 + 2 * LEASE_S * 1000 / 4 + 1000


def test_readiness_is_not_blind_after_the_clock_was_set_back(town: Town) -> None:
    canary = Canary(town.client, 30, town.clock)
    workers = Workers(town.client, town.clock)
    town.set_clock(AHEAD_S)
    town.let_pass(1)
    workers.report(WorkerInfo(id="ann", model=MODEL, device="cpu", num_slices=1))
    canary.sent("job_1")
    canary.returned(None)
    assert canary.trouble() is None and workers.are_there()
    town.set_clock(-AHEAD_S)
    town.let_pass(10)
    canary.looked()
    assert not workers.are_there() and workers.alive() == [], "it said nothing since"
    assert canary.trouble() is None and not canary.is_due()
    town.let_pass(21)
    assert canary.is_due()
    town.let_pass(70)
    canary.looked()
    assert canary.trouble() is not None


def test_readiness_knows_of_keepers_that_are_gone(town: Town) -> None:
    canary = Canary(town.client, 30, town.clock)
    canary.returned(None)
    assert canary.trouble() is None
    town.set_clock(31)
    assert "keeper" in str(canary.trouble())
    town.set_clock(-AHEAD_S)
    assert "keeper" in str(canary.trouble())


def test_what_an_older_program_noted_ahead_of_its_time_does_not_wait_for_it(town: Town) -> None:
    """As a store of 0.1 that was written by a fast clock."""
    canary = Canary(town.client, 30, town.clock)
    job = town.submit()
    take(town.worker())
    batch = town.open()
    far = town.clock.ms + AHEAD_S * 1000
    town.client.zadd(keys.LEASES, {f"{job.id}/0": far})
    town.client.zadd(keys.BATCHES_DUE, {batch.id: far + 1000})
    town.client.zadd(keys.ERASED, {job.id: far})
    town.client.hset(keys.CANARY, mapping={"ok_at": far, "since": far, "looked": far})
    town.client.hset(
        keys.WORKERS,
        "ann",
        WorkerInfo(
            id="ann", model=MODEL, device="cpu", num_slices=1, seen_ms=far
        ).model_dump_json(),
    )
    assert Workers(town.client, town.clock).alive() == []
    assert canary.is_due() and canary.trouble() is not None
    town.steady.tick()
    assert batch.id in town.due_batches.upkeep.due(9)
    assert [one.job_id for one in town.keeper.erased(9)] == [job.id]
    town.let_pass(LEASE_S)
    assert town.recovered() == ["ready"]


def test_a_delivery_is_tried_again_in_its_time(town: Town) -> None:
    town.settings = town.settings.model_copy(update={"webhook_schedule_s": (0.0, 5.0, 5.0)})
    town.sender = town.another_sender()
    with receiving() as receiver:
        receiver.react = lambda request: Reply(500)
        town.set_clock(AHEAD_S)
        town.let_pass(1)
        town.succeed(receiver.url)
        town.send()
        town.set_clock(-AHEAD_S)
        town.let_pass(4)
        assert town.send() == 0
        town.let_pass(2)
        assert town.send() == 1
        town.set_clock(AHEAD_S)
        assert town.send() == 0, "nor before it"


def test_an_upload_whose_keeper_died_goes_on_in_its_time(town: Town) -> None:
    town.set_clock(AHEAD_S)
    town.let_pass(1)
    batch, new = town.open(), NewBatchUpload("zip")
    town.batch_uploads.add(batch.tenant, batch.id, new)
    assert town.batch_uploads.take(20)
    town.set_clock(-AHEAD_S)
    town.let_pass(19)
    assert town.batch_uploads.take(20) is None
    town.let_pass(2)
    assert town.batch_uploads.take(20)


def test_a_batch_ends_though_the_clock_was_set_back(town: Town) -> None:
    town.set_clock(AHEAD_S)
    town.let_pass(1)
    batch = town.open()
    town.add(batch, "a")
    town.batches.close(batch.tenant, batch.id)
    town.fail_next()
    town.set_clock(-AHEAD_S)
    town.let_pass(1)
    assert town.due_batches.upkeep.due(9) == [batch.id]
    assert town.due_batches.upkeep.process_due(batch.id)[0] == "finished"


def test_a_document_is_fetched_again_in_its_time(town: Town) -> None:
    town.set_clock(AHEAD_S)
    town.let_pass(1)
    town.name("http://127.0.0.1:1/a.png")
    queue = town.fetcher.queue
    ((flow, host),) = [(f, h) for f in queue.flows(9) for h in queue.hosts(f, 9)]
    (taken,) = queue.take(flow, host, 1)
    queue.again(taken, 5)
    town.set_clock(-AHEAD_S)
    town.let_pass(4)
    assert queue.flows(9) == []
    town.let_pass(2)
    assert queue.flows(9) == [flow]


def test_a_key_in_flight_ends_in_a_minute_though_the_servers_clock_was_set_back(
    town: Town,
) -> None:
    known = IdempotencyKeys(town.client)
    known.claim("acme", "order-7")
    name = keys.idempotency("acme", "order-7")
    town.client.pexpire(name, AHEAD_S * 1000)  # what such a server makes of a minute
    with pytest.raises(IdempotencyInFlight):
        known.claim("acme", "order-7")
    assert town.client.pttl(name) <= 60_000


@pytest.mark.parametrize("damage", ["fields", "text"])
def test_a_damaged_record_of_the_clock_begins_anew(town: Town, damage: str) -> None:
    if damage == "text":
        town.client.delete(keys.CLOCK)
        town.client.set(keys.CLOCK, "none")
    else:
        town.client.hset(keys.CLOCK, mapping={"steady": "{", "wall": "", "step": "x"})
    town.submit()
    take(town.worker())
    town.let_pass(LEASE_S + 1)
    assert town.recovered() == ["ready"]
