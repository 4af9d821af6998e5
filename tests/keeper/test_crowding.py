"""What a tenant keeps of jobs that have ended is bounded: the oldest go first, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from bench.receiver import receiving
from keeper.keeper import Keeper, make_keeper
from shared.blobs import INPUT
from shared.errors import JobGone, JobNotFound
from shared.jobs import Status
from shared.store import keys
from tests.shared.batch_stories import Batches

TENANT = "acme"
MOST = 4


@pytest.fixture
def town(store_client: redis.Redis, tmp_path: Path) -> Batches:
    return Batches(store_client, tmp_path, max_finished_jobs_per_tenant=MOST)


def keeper_of(town: Batches) -> Keeper:
    return make_keeper(town.settings, town.clock)


def canceled(town: Batches, tenant: str = TENANT) -> str:
    """A job that has ended, with its bytes."""
    job = town.submit(tenant)
    town.blobs.put_passing(tenant, job.id, INPUT, b"%PDF")
    town.jobs.cancel(tenant, job.id)
    town.clock.pass_s(1)
    return job.id


def is_gone(town: Batches, job_id: str) -> bool:
    try:
        town.jobs.get(TENANT, job_id)
    except JobGone:
        return True
    return False


def test_the_jobs_that_ended_first_go_first_and_answer_gone(town: Batches) -> None:
    patient = town.submit(TENANT)  # the oldest, but it ends last
    other = canceled(town, "other")
    ended = [canceled(town) for _ in range(MOST + 2)]
    town.jobs.cancel(TENANT, patient.id)
    keeper_of(town).retention.round()
    assert [is_gone(town, one) for one in ended] == [True] * 3 + [False] * (MOST - 1)
    assert town.jobs.get(TENANT, patient.id).status is Status.CANCELED
    assert town.jobs.get("other", other).status is Status.CANCELED
    assert list(town.settings.data_dir.glob(f"blobs/jobs/*/*/{ended[0]}/*")) == []
    assert list(town.settings.data_dir.glob(f"blobs/jobs/*/*/{ended[-1]}/*")) != []
    shown = town.jobs.newest(TENANT, status=None, limit=20, cursor=None).jobs
    assert len(shown) == MOST


def test_what_is_still_to_be_read_is_never_crowded_out(town: Batches) -> None:
    waiting = [town.submit(TENANT) for _ in range(2 * MOST)]
    keeper_of(town).retention.round()
    assert all(town.jobs.get(TENANT, job.id).status is Status.QUEUED for job in waiting)


def test_tombstones_are_bounded_too_and_those_that_were_erased_first_are_forgotten(
    town: Batches,
) -> None:
    first = canceled(town)
    ended = [canceled(town) for _ in range(3 * MOST)]
    late = canceled(town)
    for job_id in (*ended, late, first):
        if not is_gone(town, job_id):
            town.jobs.erase(TENANT, job_id)
            town.clock.pass_s(1)
    retention = keeper_of(town).retention
    retention.round()
    for job_id in ended[: 2 * MOST]:
        with pytest.raises(JobNotFound):
            town.jobs.get(TENANT, job_id)
    assert is_gone(town, first) and is_gone(town, late)
    left = town.client.keys("docchu:job:*")
    assert len(left) == MOST


def test_the_end_of_a_job_that_was_crowded_out_is_told_all_the_same(town: Batches) -> None:
    with receiving() as receiver:
        told = town.succeed(receiver.url)
        for _ in range(MOST):
            town.clock.pass_s(1)
            canceled(town)
        keeper_of(town).retention.round()
        assert is_gone(town, told.id)
        town.send()
        (heard,) = [one for one in receiver.received if told.id.encode() in one.body]
    assert b'"erased":true' in heard.body.replace(b" ", b"")
    (delivery,) = town.deliveries(job_id=told.id)
    assert delivery.status == "succeeded"


def test_a_batch_counts_what_was_crowded_out_as_expired(town: Batches) -> None:
    batch = town.open()
    for number in range(MOST + 3):
        town.add(batch, str(number))
        town.fail_next()
        town.clock.pass_s(1)
    keeper_of(town).retention.round()
    assert town.counts(batch) == {"failed": MOST, "expired": 3}
    assert town.names(batch) == [str(number) for number in range(3, MOST + 3)]


@pytest.mark.parametrize("how", ["is text", "is gone"])
def test_a_damaged_record_among_the_oldest_holds_up_no_other(town: Batches, how: str) -> None:
    ended = [canceled(town) for _ in range(MOST + 2)]
    town.client.delete(keys.job(ended[0]))
    if how == "is text":
        town.client.set(keys.job(ended[0]), "none")
    retention = keeper_of(town).retention
    for _ in range(2):
        retention.round()
    assert is_gone(town, ended[1]) and not is_gone(town, ended[2])
    assert town.client.zcard(keys.parts(f"jobs:{TENANT}", ["finished"])[0]) == MOST
