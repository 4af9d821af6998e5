"""A worker claims, loads, reads and finishes; whatever a page does, the others are read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from shared.errors import StaleAttempt, Unavailable
from shared.jobs import Status
from shared.settings import Settings
from shared.store.jobs.upkeep import Upkeep
from tests.grounds import Ground
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path, ground: Ground) -> Service:
    return make_service(valkey_settings, tmp_path, ground)


def greys(num_pages: int) -> dict[int, str]:
    return {number: f"grey {number}" for number in range(1, num_pages + 1)}


def test_a_document_is_read_page_by_page(service: Service) -> None:
    job_id = service.submit(grey_tiff(3))
    with service.worker(GreyReader()) as worker:
        assert worker.take_next()
        assert not worker.take_next(), "nothing waits any more"
    job = service.job(job_id)
    assert job.status is Status.SUCCEEDED and job.document.num_pages == 3
    assert job.model and job.model.name == "grey"
    assert job.timings.detect_s == 0.03 and job.timings.recognize_s == 0.06
    assert service.texts(job_id) == greys(3)


def test_a_long_document_is_read_in_slices(service: Service) -> None:
    job_id = service.submit(grey_tiff(10))
    reader = GreyReader()
    with service.worker(reader) as worker:
        taken = sum(1 for _ in iter(worker.take_next, False))
    assert taken == 3
    assert service.job(job_id).status is Status.SUCCEEDED
    assert service.texts(job_id) == greys(10)
    assert sorted(reader.seen) == list(range(1, 11))


def test_only_the_pages_asked_for_are_read(service: Service) -> None:
    job_id = service.submit(grey_tiff(6), pages="2,5-9")
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    assert service.texts(job_id) == {2: "grey 2", 5: "grey 5", 6: "grey 6"}
    assert service.job(job_id).progress.pages_total == 3


def test_a_document_without_the_pages_asked_for_fails(service: Service) -> None:
    job_id = service.submit(grey_tiff(2), pages="7")
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    job = service.job(job_id)
    assert job.status is Status.FAILED and job.error and job.error.code == "no_such_pages"


def test_a_page_that_the_model_chokes_on_is_named_and_the_others_are_read(
    service: Service,
) -> None:
    def choke(page: int) -> None:
        if page == 2:
            raise RuntimeError("shape mismatch")

    job_id = service.submit(grey_tiff(3))
    with service.worker(GreyReader(choke)) as worker:
        worker.take_next()
    job = service.job(job_id)
    assert job.status is Status.PARTIAL and job.error
    assert [(p.page, p.code) for p in job.error.pages] == [(2, "read_failed")]
    assert service.texts(job_id) == {1: "grey 1", 3: "grey 3"}


def test_a_document_that_cannot_be_opened_fails_and_the_next_is_read(service: Service) -> None:
    broken = service.submit(b"II*\x00" + b"\x00" * 40)
    sound = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        while worker.take_next():
            pass
    job = service.job(broken)
    assert job.status is Status.FAILED and job.error and job.error.code == "document_damaged"
    assert service.job(sound).status is Status.SUCCEEDED


def test_cancel_ends_a_job_at_its_next_page(service: Service) -> None:
    job_id = service.submit(grey_tiff(4))

    def cancel(page: int) -> None:
        service.jobs.cancel("acme", job_id)

    reader = GreyReader(cancel)
    with service.worker(reader) as worker:
        worker.take_next()
    assert service.job(job_id).status is Status.CANCELED
    assert len(reader.seen) <= 2, "the pages in hand, and no more"


@pytest.mark.parametrize("ground", ["folder"], indirect=True)  # its grace is for quick pages
def test_a_worker_that_stops_hands_its_slice_to_the_next_one(service: Service) -> None:
    job_id = service.submit(grey_tiff(4))
    first, second = GreyReader(), GreyReader()
    with service.worker(first) as worker:
        first.on_page = lambda page: worker.stop()
        worker.take_next()
    assert service.job(job_id).status is Status.RUNNING
    with service.worker(second) as worker:
        assert worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED
    assert sorted(first.seen + second.seen) == [1, 2, 3, 4], "each page was read once"


def test_a_worker_that_was_taken_for_dead_writes_nothing(service: Service) -> None:
    job_id = service.submit(grey_tiff(1))
    late, prompt = GreyReader(), GreyReader()

    def read_by_another(page: int) -> None:
        future = Upkeep(service.client, 3, lambda: round(time.time() * 1000) + 60_000)
        assert future.recover(job_id, "0") == "ready"
        with service.worker(prompt, apart=True) as other:
            assert other.take_next()

    late.on_page = read_by_another
    with service.worker(late) as worker, pytest.raises(StaleAttempt):
        worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED
    assert service.texts(job_id) == {1: "grey 1"}
    assert service.blob_names(job_id) == {"input", "page-1.0.2.json", "page-1.0.2.jpg"}


def test_a_job_erased_while_it_is_read_leaves_nothing_behind(service: Service) -> None:
    job_id = service.submit(grey_tiff(2))

    def erase(page: int) -> None:
        if page == 1:
            service.jobs.erase("acme", job_id)
            service.blobs.delete_job("acme", job_id)

    with service.worker(GreyReader(erase)) as worker, pytest.raises(StaleAttempt):
        worker.take_next()
    assert service.blob_names(job_id) == set()


def test_a_document_that_is_not_seen_yet_is_looked_for_again(service: Service) -> None:
    """As where one machine sees late what another has written."""
    job_id = service.submit(grey_tiff(2))
    document = service.blobs.get("acme", job_id, "input")
    service.blobs.delete("acme", job_id, "input")
    with service.worker(GreyReader()) as worker:
        for _ in range(2):
            with pytest.raises(Unavailable):
                worker.take_next()
        assert service.job(job_id).status is Status.RUNNING
        service.blobs.put("acme", job_id, "input", document)
        assert worker.take_next()
    assert service.texts(job_id) == greys(2)


def test_a_document_that_is_gone_is_the_fault_of_the_service(service: Service) -> None:
    job_id = service.submit(grey_tiff(2))
    service.blobs.delete("acme", job_id, "input")
    kept = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        for _ in range(3):
            with pytest.raises(Unavailable):
                worker.take_next()
        while worker.take_next():
            pass
    assert service.job(kept).status is Status.SUCCEEDED
    error = service.job(job_id).error
    assert error and error.code == "document_lost"


def test_a_worker_whose_disk_is_another_one_fails_nobodys_job(
    service: Service, ground: Ground
) -> None:
    job_id = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker, ground.replaced():
        for _ in range(6):
            with pytest.raises(Unavailable):
                worker.take_next()
        assert service.job(job_id).status is Status.RUNNING
