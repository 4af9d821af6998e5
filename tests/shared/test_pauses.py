"""Pauses and drained workers keep slices from being claimed, and lose none."""

from __future__ import annotations

import pytest
import redis

from shared.jobs import Model, Status
from shared.store import keys
from shared.store.pauses import Pauses
from shared.store.workers import Canary, WorkerInfo, Workers
from tests.shared.store_stories import Store, open_document, read, read_document, take


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


@pytest.fixture
def pauses(store: Store) -> Pauses:
    return Pauses(store.client, store.clock)


def messages(store: Store) -> int:
    return int(store.client.llen(keys.wakeups("1")))


def test_while_all_is_paused_nothing_is_claimed_and_nobody_woken(
    store: Store, pauses: Pauses
) -> None:
    job, ann = store.submit(), store.worker()
    pauses.pause()
    store.client.delete(keys.wakeups("1"))
    assert ann.claim() is None and ann.num_ready() == 0
    store.submit("bob")
    store.keeper.wake()
    assert messages(store) == 0
    assert "paused" in (store.jobs.get("acme", job.id).queue.reason or "")
    pauses.resume()
    assert messages(store) == 2 and ann.num_ready() == 2
    assert store.jobs.get("acme", job.id).queue.reason is None
    assert job.id in {take(ann).job_id, take(ann).job_id}


def test_what_is_being_read_goes_on_in_a_pause(store: Store, pauses: Pauses) -> None:
    job, ann = store.submit(), store.worker()
    claim = open_document(ann, take(ann), 20)
    pauses.pause()
    assert ann.renew(claim) == "held"
    read(ann, claim, *range(1, 17))
    assert ann.claim() is None
    pauses.resume()
    read(ann, take(ann), *range(17, 21))
    assert store.jobs.get("acme", job.id).status is Status.SUCCEEDED


def test_a_paused_tenant_stands_in_nobodys_way_and_goes_on_in_its_order(
    store: Store, pauses: Pauses
) -> None:
    mine = [store.submit().id for _ in range(30)]
    ann = store.worker()
    pauses.pause("acme")
    other = store.submit("bob").id
    assert take(ann).job_id == other
    assert ann.claim() is None
    assert ann.num_ready() == 0, "else a worker would be taken for deaf"
    late = store.submit().id
    assert ann.claim() is None
    assert "paused" in (store.jobs.get("acme", late).queue.reason or "")
    pauses.resume("acme")
    assert [take(ann).job_id for _ in range(31)] == [*mine, late]
    assert store.client.keys("docchu:parked*") == []
    for lane in keys.LANES:
        assert not store.client.exists(keys.waiting(lane))


def test_a_tenant_that_goes_on_takes_no_more_than_its_part(store: Store, pauses: Pauses) -> None:
    for _ in range(20):
        store.submit()
    ann = store.worker()
    pauses.pause("acme")
    assert ann.claim() is None
    for _ in range(20):
        store.submit("bob")
    for _ in range(5):
        assert take(ann).tenant == "bob"
    pauses.resume("acme")
    tenants = [take(ann).tenant for _ in range(20)]
    assert 8 <= tenants.count("bob") <= 12


def test_more_than_one_claim_may_put_apart_is_put_apart_by_the_next(
    store: Store, pauses: Pauses
) -> None:
    store.limits = store.limits.__class__(5000, 5000)
    store.__post_init__()
    for _ in range(700):
        store.submit()
    pauses.pause("acme")
    other, ann = store.submit("bob").id, store.worker()
    while (found := ann.claim()) == "kept":
        pass
    assert found and found.job_id == other
    pauses.resume("acme")
    assert ann.num_ready() + store.client.zcard(keys.LEASES) == 701


def test_a_job_that_ends_in_a_pause_leaves_nothing_behind(store: Store, pauses: Pauses) -> None:
    jobs, ann = [store.submit() for _ in range(3)], store.worker()
    pauses.pause("acme")
    assert ann.claim() is None
    store.jobs.cancel("acme", jobs[0].id)
    store.jobs.erase("acme", jobs[1].id)
    assert store.client.zcard(keys.parked("acme")) == 1
    pauses.resume("acme")
    assert take(ann).job_id == jobs[2].id and ann.claim() is None
    assert not store.client.exists(keys.waiting("interactive"))


def test_the_pages_that_wait_are_counted_all_the_time(store: Store, pauses: Pauses) -> None:
    def waiting() -> int:
        return int(store.client.hget(keys.waiting("interactive"), "pages") or 0)

    job, ann = store.submit(), store.worker()
    open_document(ann, take(ann), 40)
    store.submit()
    assert waiting() == 16 + 8 + 1
    pauses.pause("acme")
    assert ann.claim() is None and waiting() == 25
    pauses.resume("acme")
    assert waiting() == 25
    store.jobs.cancel("acme", job.id)
    assert waiting() == 1
    take(ann)
    assert waiting() == 0


def test_a_pause_that_begins_again_while_another_ends_loses_nothing(
    store: Store, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, ann = {store.submit().id for _ in range(4)}, store.worker()
    pauses.pause("acme")
    assert ann.claim() is None
    head = pauses._head

    def paused_meanwhile(tenant: str) -> list[tuple[str, float]]:
        found = head(tenant)
        pauses.pause("acme")
        return found

    monkeypatch.setattr(pauses, "_head", paused_meanwhile)
    pauses.resume("acme")
    assert store.client.zcard(keys.parked("acme")) == 4
    monkeypatch.undo()
    store.client.hdel(keys.PAUSED, "acme")  # who resumed it was cut off here
    pauses.release()  # as each round of the keeper
    assert {take(ann).job_id for _ in range(4)} == jobs


def test_a_jobs_time_does_not_run_out_in_a_pause(store: Store, pauses: Pauses) -> None:
    job, ann = store.submit(), store.worker()
    claim = open_document(ann, take(ann), 20)
    read(ann, claim, *range(1, 17))
    pauses.pause("acme")
    store.clock.pass_s(5 * 3600)
    assert [store.keeper.end_overdue(one) for one in store.keeper.overdue(10)] == ["fresh"]
    assert store.keeper.overdue(10) == []
    pauses.resume("acme")
    read(ann, take(ann), *range(17, 21))
    assert store.jobs.get("acme", job.id).status is Status.SUCCEEDED


def test_the_trial_reading_has_its_time_again_after_a_pause(store: Store, pauses: Pauses) -> None:
    canary = Canary(store.client, 30, store.clock)
    canary.looked()
    pauses.pause()  # as a service that was restored in a pause: none has come back yet
    for _ in range(10):
        store.clock.pass_s(60)
        canary.looked()
        assert canary.is_excused() and canary.trouble() is None
    pauses.resume()
    assert not canary.is_excused() and canary.trouble() is None
    store.clock.pass_s(100)
    canary.looked()
    assert canary.trouble()


def test_a_drained_worker_finishes_and_takes_nothing_new(store: Store) -> None:
    workers = Workers(store.client, store.clock)
    model = Model(name="grey", version="1", sha256="00")
    info = WorkerInfo(id="ann", model=model, device="cpu", num_slices=2)
    assert not workers.report(info) and not workers.drain("nobody")
    jobs, ann, bob = [store.submit(), store.submit()], store.worker("ann"), store.worker("bob")
    claim = take(ann)
    assert workers.drain("ann") and workers.report(info)
    assert ann.claim() is None
    claim = open_document(ann, claim, 1)
    read(ann, claim, 1)
    assert store.jobs.get("acme", jobs[0].id).status is Status.SUCCEEDED
    read_document(bob)
    assert store.jobs.get("acme", jobs[1].id).status is Status.SUCCEEDED
    assert workers.drain("ann", on=False) and not workers.report(info)
    store.submit()
    take(ann)
    workers.drain("ann")
    workers.leave("ann")
    assert workers.drained() == {}
