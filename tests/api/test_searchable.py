"""A searchable PDF is made by one request, however many ask for it; the others wait a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from api.jobs import searchable
from shared.blobs import open_blobs
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs import making
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from tests.api.playing import MODEL, PDF, Api, page_of, problem
from tests.api.process import Process, Start, run
from tests.api.test_formats import SCAN

NUM_ASKING = 40
# Every Python that starts reads this: those that make a PDF leave a mark, and wait to be let go.
HELD = """
import os, pathlib, time
if b"shared.formats.pdf_process" in pathlib.Path("/proc/self/cmdline").read_bytes():
    pathlib.Path({folder!r}, f"child-{{os.getpid()}}").touch()
    while not pathlib.Path({folder!r}, "go").exists():
        time.sleep(0.01)
"""


def read(running: Process, store: redis.Redis, settings: Settings, content: bytes) -> str:
    """The id of a document that was sent and has been read."""
    answer, body = running.post(content)
    assert answer.status == 202, body
    worker = SliceQueue(store, "ann", 10)
    claim = worker.claim()
    assert isinstance(claim, Claim)
    if claim.pages is None:
        claim, _ = worker.open(claim, 1, range(1, 2), 10)
    data = page_of(1, "xong").model_dump_json().encode()
    open_blobs(settings).put(claim.tenant, claim.job_id, "page-1", data)
    worker.record(claim, 1, PageRecord("page-1"), PageTimings(), MODEL)
    return claim.job_id


def ask(running: Process, path: str) -> tuple[int, str | None]:
    with running.connect() as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Retry-After"]


@pytest.mark.parametrize(("content", "status"), [(SCAN, 200), (PDF, 406)], ids=["sound", "damaged"])
def test_of_forty_who_ask_at_once_in_three_processes_one_makes_it(
    start: Start,
    store_client: redis.Redis,
    valkey_settings: Settings,
    tmp_path: Path,
    content: bytes,
    status: int,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HELD.format(folder=str(tmp_path)))
    variables = {"PYTHONPATH": str(tmp_path), "DOCCHU_LOG_LEVEL": "error"}
    running = run(start, DOCCHU_API_PROCESSES="3", **variables)
    job_id = read(running, store_client, valkey_settings, content)
    path = f"/v1/jobs/{job_id}/result/pdf"

    def children() -> int:
        return len(list(tmp_path.glob("child-*")))

    with ThreadPoolExecutor(NUM_ASKING) as asking:
        asked = [asking.submit(ask, running, path) for _ in range(NUM_ASKING)]
        channel = keys.events(job_id)
        while not store_client.pubsub_numsub(channel)[0][1] and children() < 2:
            time.sleep(0.01)
        (tmp_path / "go").touch()
        answers = [one.result() for one in asked]
    assert children() == 1
    assert all(got == status or (got == 503 and again) for got, again in answers), answers
    assert ask(running, path)[0] == status and children() == 1
    running.process.terminate()
    # What is not there yet, or cannot be made, is an answer and no fault.
    assert "Traceback" not in running.process.communicate(timeout=60)[1]


def read_here(api: Api) -> str:
    job_id: str = api.submit(SCAN)["id"]
    api.finish(page_of(1, "xong"))
    return job_id


def test_who_has_waited_for_long_is_told_to_come_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchable, "_WAIT_S", 0.2)
    job_id = read_here(api)
    path = f"/v1/jobs/{job_id}/result/pdf"
    with api.parts.making.claim(job_id) as is_mine:
        assert is_mine
        answer = api.get(path)
        problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
    for _ in range(searchable._MAX_AT_ONCE):
        searchable._turns.acquire()
    try:
        answer = api.get(path)  # of another document's PDF, as far as this one can tell
        problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
    finally:
        searchable._turns.release(searchable._MAX_AT_ONCE)
    with api.get(path) as answer:
        assert answer.status_code == 200


def test_past_the_limit_of_waiters_nobody_waits_for_a_pdf(make_api: Callable[..., Api]) -> None:
    api = make_api(max_waiters=1)
    job_id = read_here(api)
    with api.parts.waiters.place(), api.parts.making.claim(job_id):
        problem(api.get(f"/v1/jobs/{job_id}/result/pdf"), 503, "unavailable")


def test_the_claim_of_one_who_died_runs_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchable, "_LOOK_S", 0.05)
    job_id = read_here(api)
    api.store.set(keys.making(job_id), "somebody", px=300)
    with api.get(f"/v1/jobs/{job_id}/result/pdf") as answer:
        assert answer.status_code == 200


def test_the_claim_of_one_who_lives_is_renewed_and_then_free(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_LEASE_S", 1.0)
    with api.parts.making.claim("job_x") as is_mine:
        assert is_mine
        before = left = api.store.pttl(keys.making("job_x"))
        while left <= before:
            assert left > 0
            before = left
            time.sleep(0.01)
            left = api.store.pttl(keys.making("job_x"))
        with api.parts.making.claim("job_x") as is_mine:
            assert not is_mine
    with api.parts.making.claim("job_x") as is_mine:
        assert is_mine
    assert not api.store.exists(keys.making("job_x"))
