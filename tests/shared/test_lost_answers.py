"""A command whose answer was lost is sent once more: the second time changes nothing."""

from __future__ import annotations

import pytest
import redis

from shared.errors import IdempotencyInFlight, StaleAttempt
from shared.jobs import Status
from shared.store import keys
from shared.store.jobs.idempotency import Claimed, IdempotencyKeys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from tests.shared.store_stories import Store, open_document, read, take


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def test_a_page_recorded_twice_by_one_attempt_keeps_its_blob(store: Store) -> None:
    store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 2)
    record = PageRecord("page-1.0.1.json")
    assert ann.record(claim, 1, record, PageTimings()) == "recorded"
    assert ann.record(claim, 1, record, PageTimings()) == "recorded", "and not `repeated`"


def test_a_last_page_recorded_twice_is_no_stale_attempt(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 1)
    record = PageRecord("page-1.0.1.json")
    assert ann.record(claim, 1, record, PageTimings()) == "finished"
    assert ann.record(claim, 1, record, PageTimings()) == "finished"
    done = store.jobs.get("acme", job.id)
    assert done.status is Status.SUCCEEDED and done.progress.pages_done == 1
    assert store.client.hget(keys.job(job.id), "ends") == "1"


def test_another_attempts_page_is_refused_all_the_same(store: Store) -> None:
    store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 1)
    read(ann, claim, 1)
    with pytest.raises(StaleAttempt):
        ann.record(claim, 1, PageRecord("page-1.0.9.json"), PageTimings())


def test_an_idempotency_key_taken_twice_by_one_request_is_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    idempotency = IdempotencyKeys(store.client)
    monkeypatch.setattr("secrets.token_hex", lambda size: "one request")
    assert isinstance(idempotency.claim("acme", "k"), Claimed)
    assert isinstance(idempotency.claim("acme", "k"), Claimed)
    monkeypatch.setattr("secrets.token_hex", lambda size: "another")
    with pytest.raises(IdempotencyInFlight):
        idempotency.claim("acme", "k")


def test_a_slice_that_died_between_look_and_claim_is_looked_at_again(store: Store) -> None:
    store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    seen_before = ann.peek()
    take(bob)
    store.clock.pass_s(60)
    assert [store.keeper.recover(*name) for name in store.keeper.expired_leases(9)] == ["ready"]
    assert seen_before and not seen_before.suspect
    assert ann.claim(seen_before) is None, "it is to be read alone now"
    seen_now = ann.peek()
    assert seen_now and seen_now.suspect and ann.claim(seen_now)


def test_a_queued_name_without_a_slice_does_not_block_the_queue(store: Store) -> None:
    store.client.zadd(keys.ready("interactive"), {"job_gone/0": -1})
    store.submit()
    ann = store.worker()
    ghost = ann.peek()
    assert ghost and ghost.job_id == "job_gone" and ann.claim(ghost) is None
    assert take(ann).index == "0"
