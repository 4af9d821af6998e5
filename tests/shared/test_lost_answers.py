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
from shared.store.needs import PLAIN
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


def test_a_claim_that_comes_twice_gets_the_same_slice_and_attempt(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = store.submit(), store.submit()
    ann = store.worker()
    monkeypatch.setattr("secrets.token_hex", lambda size: "one claim")
    once, again = take(ann), take(ann)
    assert once == again and once.job_id == first.id and once.attempt == 1
    monkeypatch.setattr("secrets.token_hex", lambda size: "another")
    assert take(ann).job_id == second.id


def test_a_claim_that_comes_twice_too_late_gets_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    monkeypatch.setattr("secrets.token_hex", lambda size: "one claim")
    take(ann)
    store.clock.pass_s(60)
    assert [store.keeper.recover(*name) for name in store.keeper.expired_leases(9)] == ["ready"]
    monkeypatch.setattr("secrets.token_hex", lambda size: "another")
    take(bob)
    monkeypatch.setattr("secrets.token_hex", lambda size: "one claim")
    assert ann.claim() is None, "it is another attempt's by now"


def test_a_queued_name_without_a_slice_does_not_block_the_queue(store: Store) -> None:
    store.client.zadd(keys.ready("interactive", PLAIN), {"job_gone/0": -1})
    store.submit()
    assert take(store.worker()).index == "0"
