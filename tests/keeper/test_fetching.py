"""Documents by URL are fetched by the keeper: each job ends, and silent servers hold up nobody."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from keeper.fetching import Fetcher, make_fetcher
from shared.blobs import INPUT, BlobNotFound
from shared.errors import FetchFailed
from shared.ids import new_id
from shared.jobs import Document, Job, Status
from shared.media import PDF
from shared.options import Options
from shared.store import keys
from shared.store.errands.fetches import Fetch
from shared.store.jobs.records import NewJob
from tests.keeper.unpacking.stories import PNG, TENANT, png
from tests.shared.answering import Server, sending, serving, until_stopped
from tests.shared.batch_stories import Batches
from tests.shared.store_stories import DAY_S, open_document, read, read_document, take

MAX_BYTES = 10_000


class Fetching(Batches):
    """The store, and the fetcher of one keeper in the test's hands."""

    def __init__(self, client: redis.Redis, folder: Path, **changes: Any) -> None:
        given = {"fetch_timeout_s": 5.0, "max_upload_bytes": MAX_BYTES, "fetch_threads": 16}
        super().__init__(client, folder, **given | changes)
        self.blobs.identify("the test's")
        self.fetcher = self.another_fetcher()

    def another_fetcher(self) -> Fetcher:
        """The fetcher of another keeper."""
        return make_fetcher(self.settings, self.client, self.clock)

    def name(self, url: str, tenant: str = TENANT, **options: Any) -> Job:
        """Accept a document that is named by its URL."""
        document, wanted = Document(name="a.png"), Options(**options)
        new = NewJob(new_id("job"), tenant, document, wanted, DAY_S, 7 * DAY_S, 30 * DAY_S, url=url)
        return self.jobs.create(new)

    def fetch(self, fetcher: Fetcher | None = None) -> int:
        """Fetch what is due."""
        dispatcher = (fetcher or self.fetcher).dispatcher
        return dispatcher.take_due(lambda do, wanted, until: do(wanted, until))

    def lease(self, fetcher: Fetcher | None = None) -> Fetch:
        """Have a keeper begin to fetch what is next."""
        queue = (fetcher or self.fetcher).queue
        (flow,) = queue.flows(1)
        (wanted,) = queue.take(flow, queue.hosts(flow, 1)[0], 1)
        return wanted

    def end(self, wanted: Fetch, fetcher: Fetcher | None = None) -> None:
        """Have a keeper go on with what it leased."""
        fetcher = fetcher or self.fetcher
        fetcher.places.enter(wanted.route.flow, wanted.route.host, 1)
        fetcher.dispatcher.run_one(wanted, time.monotonic() + 60)

    def job(self, job: Job) -> Job:
        return self.jobs.get(job.tenant, job.id)

    def is_clean(self) -> bool:
        """Whether nothing waits to be fetched, and nothing counts as waiting."""
        return not self.client.keys("docchu:fetches:*") and not self.client.hgetall(keys.BACKLOG)

    def files(self) -> list[str]:
        """All blobs, and what is left of uploads."""
        blobs = self.settings.data_dir / "blobs"
        return [p.name for f in ("jobs", "incoming") for p in (blobs / f).rglob("*") if p.is_file()]


@pytest.fixture
def story(store_client: redis.Redis, tmp_path: Path) -> Fetching:
    return Fetching(store_client, tmp_path)


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(answer(PNG)) as made:
        yield made


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/a.png"


def nothing_waits(story: Fetching) -> bool:
    return story.worker().claim() is None


def test_a_document_is_fetched_and_then_waits_to_be_read(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    assert job.status is Status.QUEUED
    assert (job.document.media_type, job.document.size, job.document.sha256) == (None, None, None)
    assert job.queue.position is None and job.queue.reason and nothing_waits(story)
    assert story.fetch() == 1 and story.fetch() == 0
    job = story.job(job)
    assert job.document.media_type == "image/png" and job.document.size == len(PNG)
    assert job.document.sha256 and job.document.name == "a.png" and job.queue.position == 1
    assert story.blobs.get(TENANT, job.id, INPUT) == PNG and story.files() == [INPUT]
    ann = story.worker()
    read(ann, take(ann), 1)  # of a picture the one page is known
    assert story.job(job).status is Status.SUCCEEDED and story.is_clean()


def test_a_pdf_is_opened_by_whoever_reads_it(story: Fetching, server: Server) -> None:
    server.answer = sending(answer(b"%PDF-1.7 and more"))
    job = story.name(url(server))
    story.fetch()
    assert story.job(job).document.media_type == PDF
    ann = story.worker()
    claim = take(ann)
    assert claim.pages is None and claim.media_type == PDF
    read(ann, open_document(ann, claim, 2), 1, 2)
    assert story.job(job).progress.pages_done == 2 and story.is_clean()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (answer(b"", "404 Not Found"), "fetch_failed"),
        (answer(b"", "302 Found\r\nLocation: http://169.254.169.254/"), "fetch_failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "fetch_failed"),
        (b"", "fetch_failed"),
        (answer(b"<html>" * 500), "unsupported_media_type"),
        (answer(b"<html>"), "unsupported_media_type"),
        (answer(b""), "empty_document"),
        (answer(PNG + bytes(MAX_BYTES)), "document_too_large"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + PNG + bytes(MAX_BYTES), "document_too_large"),
    ],
)
def test_what_is_no_document_fails_its_job(
    story: Fetching, server: Server, body: bytes, code: str
) -> None:
    server.answer = sending(body)
    job = story.name(url(server), webhook_url="http://127.0.0.1:9/")
    story.fetch()
    job = story.job(job)
    assert job.status is Status.FAILED and job.error and job.error.code == code
    assert story.is_clean() and story.files() == []
    assert [event.type for event in story.outbox.waiting(9)] == ["job.failed"]


@pytest.mark.parametrize(
    ("found", "code"),
    [(["10.0.0.1"], "address_refused"), (["8.8.8.8", "::1"], "address_refused"), ([], "")],
)
def test_where_a_name_leads_is_looked_at_before_it_is_fetched(
    story: Fetching, found: Sequence[str], code: str
) -> None:
    def resolver(host: str, port: int) -> Sequence[str]:
        if not found:
            raise OSError("no such name")
        return found

    story.fetcher.resolver = resolver
    job = story.name("http://a.example/")
    story.fetch()
    job = story.job(job)
    assert job.status is Status.FAILED
    assert job.error and job.error.code == (code or FetchFailed.code)


def test_a_canceled_job_is_not_fetched(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    assert story.jobs.cancel(TENANT, job.id).status is Status.CANCELED
    assert story.fetch() == 0 and server.received == [] and story.is_clean()


@pytest.mark.parametrize("erase", [False, True])
def test_a_job_may_end_while_its_document_is_fetched(
    story: Fetching, server: Server, erase: bool
) -> None:
    job = story.name(url(server))
    wanted = story.lease()
    if erase:
        story.jobs.erase(TENANT, job.id)
        story.blobs.delete_job(TENANT, job.id)
    else:
        assert story.jobs.cancel(TENANT, job.id).status is Status.CANCELED
    story.end(wanted)
    assert nothing_waits(story) and story.is_clean()
    assert story.client.hget(keys.job(job.id), "ends") == "1"
    assert story.files() == []


def test_nothing_of_an_erased_address_is_left(story: Fetching) -> None:
    job = story.name("http://a.example/?token=secret")
    story.jobs.erase(TENANT, job.id)
    assert "secret" not in json.dumps(story.client.hgetall(keys.job(job.id)))


def test_a_job_whose_time_is_over_is_not_fetched(story: Fetching, server: Server) -> None:
    job = story.name(url(server), timeout_s=5)
    story.clock.pass_s(6)
    assert [story.keeper.end_overdue(one) for one in story.keeper.overdue(9)] == ["ended"]
    story.fetch()
    job = story.job(job)
    assert job.status is Status.FAILED and job.error and job.error.code == "job_timeout"
    assert server.received == [] and story.is_clean()


def test_what_a_killed_keeper_began_another_fetches(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    killed = story.another_fetcher()
    story.lease(killed)
    assert story.fetch() == 0
    story.clock.pass_s(killed.lease_s + 1)
    assert story.fetch() == 1
    assert story.job(job).document.size == len(PNG)


def test_a_document_that_was_stored_is_never_another(story: Fetching, server: Server) -> None:
    """One keeper stores it and stands still; what the address answers is another thing by then."""
    job = story.name(url(server))
    slow = story.another_fetcher()
    wanted = story.lease(slow)
    with story.blobs.upload() as upload:
        upload.write(png("first"))
        assert story.blobs.keep_first(upload, TENANT, job.id, INPUT)
    story.clock.pass_s(slow.lease_s + 1)
    server.answer = sending(answer(png("second")))
    story.fetch()
    story.end(wanted, slow)  # it goes on
    assert story.blobs.get(TENANT, job.id, INPUT) == png("first")
    assert story.job(job).document.size == len(png("first"))
    ann = story.worker()
    read(ann, take(ann), 1)
    assert nothing_waits(story) and story.job(job).status is Status.SUCCEEDED and story.is_clean()


def test_the_faster_of_two_keepers_stores_the_document(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    slow = story.another_fetcher()
    wanted = story.lease(slow)
    story.clock.pass_s(slow.lease_s + 1)
    story.fetch()
    story.jobs.get(TENANT, job.id)
    with story.blobs.upload() as upload:
        upload.write(png("late"))
        assert not story.blobs.keep_first(upload, TENANT, job.id, INPUT)
    assert slow.queue.failed(wanted, FetchFailed()) == "lost"
    assert story.job(job).status is Status.QUEUED


def test_a_document_that_ends_every_keeper_is_given_up(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    for _ in range(10):
        story.lease()
        story.clock.pass_s(story.fetcher.lease_s + 1)
    assert story.fetch() == 0 and story.is_clean()
    assert (ended := story.job(job)).error and ended.error.code == "fetch_failed"


def test_a_document_waits_for_the_disk_however_long(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    blobs = story.settings.data_dir / "blobs"
    blobs.rename(blobs.with_name("away"))
    blobs.write_bytes(b"")
    for _ in range(20):
        assert story.fetch() == 1 and story.fetch() == 0
        story.clock.pass_s(3)
    blobs.unlink()
    blobs.with_name("away").rename(blobs)
    story.fetch()
    assert story.job(job).document.size == len(PNG)


def test_an_answer_that_is_lost_changes_nothing(story: Fetching, server: Server) -> None:
    job = story.name(url(server))
    wanted = story.lease()
    document = Document(name="a", media_type=PDF, size=3, sha256="00")
    assert story.fetcher.queue.done(wanted, document) == "ready"
    assert story.fetcher.queue.done(wanted, document) == "lost"
    read_document(story.worker())
    assert nothing_waits(story) and story.job(job).status is Status.SUCCEEDED
    failing = story.name(url(server))
    wanted = story.lease()
    assert story.fetcher.queue.failed(wanted, FetchFailed()) == "failed"
    assert story.fetcher.queue.failed(wanted, FetchFailed()) == "lost"
    assert story.client.hget(keys.job(failing.id), "ends") == "1" and story.is_clean()


def test_a_failed_document_of_a_batch_is_fetched_once_more(story: Fetching, server: Server) -> None:
    batch = story.open()
    document = Document(name="a.png")
    story.jobs.create(story.new(batch, "a", document=document, url=url(server)))
    server.answer = sending(answer(b"", "503 Busy"))
    story.fetch()
    assert story.counts(batch) == {"failed": 1}
    server.answer = sending(answer(PNG))
    story.batches.close(TENANT, batch.id)
    story.due_batches.process_due_batches()
    story.batches.begin(TENANT, batch.id, "retry")
    story.due_batches.process_due_batches()
    assert story.counts(batch) == {"queued": 1}
    story.fetch()
    (item,) = story.batch_jobs.items(batch.id, 0, 9)
    assert story.jobs.get(TENANT, item.job_id).document.size == len(PNG)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("by", ["another tenant", "the same tenant"])
def test_silent_servers_hold_up_nobody_else(
    store_client: redis.Redis, tmp_path: Path, server: Server, by: str
) -> None:
    """Neither another tenant's document, nor one that somebody of the same tenant waits for."""
    story = Fetching(store_client, tmp_path, fetch_timeout_s=60)
    with (
        until_stopped(story.fetcher.dispatcher.run),
        socket.create_server(("", 0), backlog=1000) as silent,  # it accepts, and says nothing
    ):
        port = silent.getsockname()[1]
        many = [
            story.name(f"http://127.0.0.{number // 2 + 2}:{port}/", priority="bulk")
            for number in range(80)
        ]
        while story.fetcher.places.room(f"{TENANT}/bulk"):
            time.sleep(0.01)
        job = story.name(url(server), "globex" if by == "another tenant" else TENANT)
        while story.job(job).document.size is None:
            time.sleep(0.01)
        assert all(story.job(one).status is Status.QUEUED for one in many)


def test_a_blob_that_is_first_stays(story: Fetching) -> None:
    with pytest.raises(BlobNotFound):
        story.blobs.get(TENANT, "job_x", INPUT)
    for data, stays in ((b"one", True), (b"two", False)):
        with story.blobs.upload() as upload:
            upload.write(data)
            assert story.blobs.keep_first(upload, TENANT, "job_x", INPUT) is stays
    assert story.blobs.get(TENANT, "job_x", INPUT) == b"one" and story.files() == [INPUT]
