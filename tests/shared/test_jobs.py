"""Jobs as the API sees them: tenants apart, lists, waiting, limits, idempotency."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import redis
from redis.connection import AbstractConnection

from shared.errors import (
    IdempotencyInFlight,
    IdempotencyMismatch,
    InvalidOption,
    JobNotFound,
    PageFailed,
    PageNotFound,
    PageNotRead,
    QueueFull,
    Unavailable,
)
from shared.ids import new_id
from shared.jobs import Document, Status
from shared.options import Options
from shared.store import keys
from shared.store.jobs.creating import Limits
from shared.store.jobs.idempotency import Answered, Claimed, IdempotencyKeys
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob, PageRecord
from shared.store.jobs.slices import PageTimings
from shared.store.scripts import connect
from tests.shared.store_stories import Store, open_document, read, read_document, take


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def test_a_tenant_does_not_see_anothers_job(store: Store) -> None:
    job = store.submit("acme")
    for job_id in (job.id, new_id("job"), "job_x", "../../etc/passwd", "*"):
        with pytest.raises(JobNotFound):
            store.jobs.get("rival", job_id)
    assert store.jobs.newest("rival", status=None, limit=10, cursor=None).jobs == []


def test_what_is_shown_of_a_new_job_is_what_a_look_at_it_shows(store: Store) -> None:
    picture = Document(name="a.png", media_type="image/png", size=3, sha256="00")
    plain, bulk = store.new_job(), store.new_job(priority="bulk")
    kinds = {
        "plain": plain,
        "behind it": store.new_job(),
        "bulk": bulk,
        "one page": replace(plain, id=new_id("job"), document=picture),
        "to be fetched": replace(plain, id=new_id("job"), url="https://example.com/a.pdf"),
        "refused": replace(plain, id=new_id("job"), refusal=QueueFull()),
        "of a model that no worker has": replace(
            plain, id=new_id("job"), options=Options(model="own@3")
        ),
    }
    for is_paused in (False, True):
        if is_paused:
            store.client.hset(keys.PAUSED, "acme", "")
        for kind, new in kinds.items():
            new = replace(new, id=new_id("job"))
            assert store.jobs.create(new) == store.jobs.get("acme", new.id), kind


def test_a_job_is_made_and_shown_in_one_round_trip(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.submit()
    send, senders = AbstractConnection.send_packed_command, []

    def noted(self: AbstractConnection, *given: Any, **named: Any) -> None:
        senders.append(threading.get_ident())
        send(self, *given, **named)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", noted)
    store.submit()
    assert senders.count(threading.get_ident()) == 1


def test_jobs_are_listed_newest_first_page_by_page(store: Store) -> None:
    made = []
    for _ in range(7):
        store.clock.pass_s(1)
        made.append(store.submit().id)
    seen: list[str] = []
    cursor = None
    while True:
        found = store.jobs.newest("acme", status=None, limit=3, cursor=cursor)
        seen += [job.id for job in found.jobs]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_list_can_be_of_one_status_and_leaves_tombstones_out(store: Store) -> None:
    gone = store.submit()
    read_document(store.worker())
    store.jobs.erase("acme", gone.id)
    done = store.submit()
    read_document(store.worker())
    store.submit()
    found = store.jobs.newest("acme", status=Status.SUCCEEDED, limit=10, cursor=None)
    assert [job.id for job in found.jobs] == [done.id]
    with pytest.raises(InvalidOption):
        store.jobs.newest("acme", status=None, limit=10, cursor="job_nonsense")


def test_a_full_queue_takes_no_more_until_pages_are_done(store: Store) -> None:
    store.jobs = JobStore(store.client, Limits(3, 2), store.clock)
    store.submit("acme")
    store.submit("acme")
    with pytest.raises(QueueFull):
        store.jobs.check_room("acme")
    with pytest.raises(QueueFull):
        store.submit("acme")
    store.submit("zoe")
    with pytest.raises(QueueFull):
        store.jobs.check_room("ben")
    read_document(store.worker())
    store.jobs.check_room("ben")


def test_pages_are_there_as_soon_as_they_are_read(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 3)
    read(ann, claim, 2)
    ann.record(claim, 3, PageRecord(None, "page_too_large", "Too large."), PageTimings())
    assert store.jobs.page("acme", job.id, 2).blob == "page-2"
    with pytest.raises(PageNotRead):
        store.jobs.page("acme", job.id, 1)
    with pytest.raises(PageFailed, match="Too large"):
        store.jobs.page("acme", job.id, 3)
    for number in (0, 4, -1):
        with pytest.raises(PageNotFound):
            store.jobs.page("acme", job.id, number)


def test_an_idempotency_key_stands_for_one_job(store: Store) -> None:
    idempotency = IdempotencyKeys(store.client)
    claimed = idempotency.claim("acme", "order-7")
    assert isinstance(claimed, Claimed)
    with pytest.raises(IdempotencyInFlight):
        idempotency.claim("acme", "order-7")
    assert isinstance(idempotency.claim("zoe", "order-7"), Claimed), "tenants have their own"

    document = Document(name=None, media_type="image/png", size=1, sha256="00")
    new = NewJob(new_id("job"), "acme", document, Options(), 60, 60, 60)
    job = store.jobs.create(new, claimed, "fingerprint")
    answered = idempotency.claim("acme", "order-7")
    assert answered == Answered(job.id, "fingerprint")
    answered.check("fingerprint")
    with pytest.raises(IdempotencyMismatch):
        answered.check("another")


def test_a_key_whose_request_failed_can_be_used_again(store: Store) -> None:
    idempotency = IdempotencyKeys(store.client)
    claimed = idempotency.claim("acme", "order-8")
    assert isinstance(claimed, Claimed)
    idempotency.release(claimed)
    assert isinstance(idempotency.claim("acme", "order-8"), Claimed)


def test_a_store_that_is_away_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere") / "valkey.sock"
    away = JobStore(connect(f"unix://{nowhere}"), Limits(1, 1))
    with pytest.raises(Unavailable):
        away.get("acme", new_id("job"))
