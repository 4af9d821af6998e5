"""What a worker held is read elsewhere: at once if it was told to go, else after its lease."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from shared.store import keys
from tests.faults.documents import Document
from tests.faults.world import LEASE_S, World, running_world

pytestmark = pytest.mark.acceptance  # whole services, or many pages

_LEASE_S = float(os.environ.get("DOCCHU_TEST_LEASE_S", LEASE_S))  # with -s: what 10 s mean
_LONG_S = 120  # on a machine with much else to do


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that does not take a worker for dead before long."""
    settings = {"DOCCHU_SLICE_PAGES": "16", "DOCCHU_LEASE_S": "60", "DOCCHU_STALL_S": "600"}
    with running_world(tmp_path_factory.mktemp("patient"), **settings) as world:
        yield world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = {"DOCCHU_SLICE_PAGES": "16", "DOCCHU_LEASE_S": str(_LEASE_S)}
    with running_world(tmp_path_factory.mktemp("world"), **settings) as world:
        yield world


def submit(world: World, *deeds: Any, number: int = 1) -> str:
    answer = world.http.post("/v1/jobs", content=Document(number, deeds).tiff())
    job_id: str = answer.json()["id"]
    return job_id


def show(world: World, path: str) -> Any:
    return world.http.get(f"/v1/jobs/{path}").json()


def attempts(world: World, job_id: str) -> list[Any]:
    found: list[Any] = show(world, f"{job_id}/timeline")["attempts"]
    return found


def wait_for_pages(world: World, job_id: str, number: int) -> None:
    world.wait_until(
        lambda: show(world, job_id)["progress"]["pages_done"] >= number, "no page is read", _LONG_S
    )


def wait_for_end(world: World, job_id: str) -> None:
    world.wait_until(lambda: show(world, job_id)["finished_at"], "it does not end", _LONG_S)


def reader_of(world: World, attempt: Any) -> str:
    """The program that makes this attempt."""
    names = ("worker-1", "worker-2")
    (name,) = (n for n in names if f"-{world.process(n).pid}-" in attempt["worker"])
    return name


def stopped_reader(world: World, job_id: str) -> str:
    """A program that stands still with a slice of the job in hand."""
    while True:
        under_way = [one for one in attempts(world, job_id) if one["outcome"] is None]
        reader = reader_of(world, under_way[0])
        world.signal(reader, signal.SIGSTOP)
        now = [one["worker"] for one in attempts(world, job_id) if one["outcome"] is None]
        if under_way[0]["worker"] in now:
            return reader
        world.signal(reader, signal.SIGCONT)  # it had done with it meanwhile


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_a_worker_that_is_told_to_go_hands_its_slice_over(patient: World) -> None:
    job_id = submit(patient, *["slow"] * 12)
    wait_for_pages(patient, job_id, 2)
    (attempt,) = attempts(patient, job_id)
    patient.signal(reader_of(patient, attempt), signal.SIGTERM)
    wait_for_end(patient, job_id)
    assert show(patient, job_id)["status"] == "succeeded"
    first, second = attempts(patient, job_id)
    assert (first["outcome"], second["outcome"]) == ("released", "finished")
    assert first["worker"] != second["worker"]


def test_a_page_that_hangs_does_not_keep_a_worker_that_is_told_to_go(patient: World) -> None:
    job_id = submit(patient, "hang")
    patient.wait_until(lambda: bool(attempts(patient, job_id)), "nobody reads it", _LONG_S)
    (attempt,) = attempts(patient, job_id)
    worker = patient.signal(reader_of(patient, attempt), signal.SIGTERM)
    patient.wait_until(lambda: not worker.is_running(), "the worker stays", _LONG_S)
    assert attempts(patient, job_id)[0]["outcome"] == "released"
    patient.http.delete(f"/v1/jobs/{job_id}")


def test_a_kill_costs_a_long_document_only_the_pages_in_hand(world: World) -> None:
    job_id = submit(world, *["plain"] * 300, number=2)
    wait_for_pages(world, job_id, 60)
    reader = stopped_reader(world, job_id)
    read_before = world.client.hgetall(keys.pages(job_id))
    world.signal(reader, signal.SIGKILL)
    wait_for_end(world, job_id)
    assert show(world, job_id)["status"] == "succeeded"
    read = world.client.hgetall(keys.pages(job_id))
    assert read.items() >= read_before.items(), "a page that had been read was read again"
    told = attempts(world, job_id)
    lost = [one for one in told if one["outcome"] == "lost"]
    assert 1 <= len(lost) <= world.settings.worker_slices
    result = show(world, f"{job_id}/result")
    texts = [page["lines"][0]["text"] for page in result["pages"]]
    assert texts == [Document(2, ()).text(page) for page in range(1, 301)]
    again = next(one for one in told if one["slice"] == lost[0]["slice"] and one["attempt"] == 2)
    waited_s = seconds_between(lost[0]["ended_at"], again["started_at"])
    print(f"lease {_LEASE_S} s; taken over {waited_s:.2f} s after it was found to have run out")


def test_a_document_that_kills_its_workers_keeps_the_next_one_for_one_attempt_at_most(
    world: World,
) -> None:
    killer = submit(world, "kill", number=3)
    world.wait_until(lambda: bool(attempts(world, killer)), "nobody reads it", _LONG_S)
    innocent = submit(world, "plain", number=4)
    wait_for_end(world, killer)
    wait_for_end(world, innocent)
    job = show(world, killer)
    assert (job["status"], job["error"]["code"]) == ("failed", "poison_page")
    assert show(world, innocent)["status"] == "succeeded"
    since = show(world, innocent)["created_at"]
    until = attempts(world, innocent)[0]["started_at"]
    between = [one for one in attempts(world, killer) if since < one["started_at"] < until]
    assert len(between) <= 1
