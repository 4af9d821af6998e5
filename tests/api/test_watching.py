"""Watching jobs: show, wait, list, cancel, erase."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from shared.errors import Unavailable
from shared.errors.documents import DocumentEncrypted
from shared.ids import new_id
from shared.store import keys
from tests.api.playing import PDF, PNG, Api, page_of, problem


def test_a_job_is_shown_as_it_goes(api: Api) -> None:
    job = api.submit(PDF)
    claim = api.begin(3)
    api.read(claim, page_of(1, "một"))
    shown = api.get(f"/v1/jobs/{job['id']}")
    assert shown.get_json()["status"] == "running"
    assert shown.get_json()["progress"] == {"pages_done": 1, "pages_total": 3}
    assert shown.get_json()["document"]["num_pages"] == 3
    assert 1 <= int(shown.headers["Retry-After"]) <= 60
    for number in (2, 3):
        api.read(claim, page_of(number, "hai"))
    shown = api.get(f"/v1/jobs/{job['id']}")
    body = shown.get_json()
    assert body["status"] == "succeeded" and body["error"] is None
    assert body["model"]["name"] == "vi-print"
    assert body["timings"]["recognize_s"] == pytest.approx(0.9)
    assert "Retry-After" not in shown.headers


def test_retry_after_follows_the_page_rate(api: Api) -> None:
    job = api.submit(PDF)
    api.begin(10)
    api.store.hset(keys.RATE, "gap", 2000)
    assert api.get(f"/v1/jobs/{job['id']}").headers["Retry-After"] == "20"
    api.store.hset(keys.RATE, "gap", 2_000_000)
    assert api.get(f"/v1/jobs/{job['id']}").headers["Retry-After"] == "60"


def test_a_failed_job_says_why(api: Api) -> None:
    job = api.submit(PDF)
    api.worker.fail(api.claim(), DocumentEncrypted())
    error = api.get(f"/v1/jobs/{job['id']}").get_json()["error"]
    assert error["code"] == "document_encrypted" and error["pages"] == []


@pytest.mark.parametrize("job_id", [new_id("job"), "job_short", "x", "job_" + "é" * 24])
def test_a_job_that_never_was_is_not_found(api: Api, job_id: str) -> None:
    problem(api.get(f"/v1/jobs/{job_id}"), 404, "job_not_found")
    problem(api.get(f"/v1/jobs/{job_id}/result"), 404, "job_not_found")
    problem(api.get(f"/v1/jobs/{job_id}/pages/1"), 404, "job_not_found")
    problem(api.client.post(f"/v1/jobs/{job_id}/cancel"), 404, "job_not_found")
    problem(api.client.delete(f"/v1/jobs/{job_id}"), 404, "job_not_found")


def test_waiting_ends_with_the_job(api: Api) -> None:
    job = api.submit()
    worker = threading.Thread(target=api.finish, args=(page_of(1, "xong"),))
    worker.start()
    answer = api.get(f"/v1/jobs/{job['id']}?wait=60")
    worker.join()
    assert answer.get_json()["status"] == "succeeded"


def test_waiting_ends_with_its_time(api: Api) -> None:
    job = api.submit()
    assert api.get(f"/v1/jobs/{job['id']}?wait=0.05").get_json()["status"] == "queued"


@pytest.mark.parametrize("wait", ["61", "-1", "soon", "nan", "inf", ""])
def test_a_wait_is_a_number_up_to_60(api: Api, wait: str) -> None:
    job = api.submit()
    body = problem(api.get(f"/v1/jobs/{job['id']}?wait={wait}"), 422, "invalid_option")
    assert body["option"] == "wait"


def test_a_query_that_is_unknown_is_refused(api: Api) -> None:
    job = api.submit()
    body = problem(api.get(f"/v1/jobs/{job['id']}?wiat=1"), 422, "invalid_option")
    assert body["option"] == "wiat"


def test_past_the_limit_of_waiters_the_answer_comes_at_once(make_api: Callable[..., Api]) -> None:
    api = make_api(max_waiters=1)
    job = api.submit()
    with api.parts.waiters.place() as free:
        assert free
        answer = api.get(f"/v1/jobs/{job['id']}?wait=60")
        submitted = api.client.post("/v1/jobs", data=PNG, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200 and answer.get_json()["status"] == "queued"
    assert submitted.status_code == 202
    assert "Preference-Applied" not in submitted.headers


def test_a_stopping_process_lets_its_waiters_go(api: Api) -> None:
    job = api.submit()
    api.parts.waiters.stop()
    assert api.get(f"/v1/jobs/{job['id']}?wait=6").get_json()["status"] == "queued"


def test_prefer_wait_answers_200_with_the_finished_job(api: Api) -> None:
    def read_when_it_comes() -> None:
        while not api.worker.num_ready():
            pass
        api.finish(page_of(1, "xong"))

    worker = threading.Thread(target=read_when_it_comes)
    worker.start()
    answer = api.client.post(
        "/v1/jobs", data=PNG, headers={"Prefer": "respond-async, wait=30; x=1"}
    )
    worker.join()
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["status"] == "succeeded"
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.headers["Location"]


def test_prefer_wait_answers_202_when_time_is_up(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert answer.headers["Retry-After"]


def test_a_store_that_goes_away_meanwhile_does_not_unsay_the_acceptance(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_away(*args: object) -> None:
        raise Unavailable

    monkeypatch.setattr(api.parts.waiters, "wait", go_away)
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202 and "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("prefer", ["wait=soon", "wait", "handling=lenient", "await=9", "wait=0"])
def test_a_preference_that_means_nothing_is_ignored(api: Api, prefer: str) -> None:
    answer = api.client.post("/v1/jobs", data=PNG, headers={"Prefer": prefer})
    assert answer.status_code == 202 and "Preference-Applied" not in answer.headers


def test_jobs_are_listed_newest_first_in_pages(api: Api) -> None:
    ids = [api.submit()["id"] for _ in range(5)]
    order = ids[::-1]
    first = api.get("/v1/jobs?limit=3").get_json()
    rest = api.get(f"/v1/jobs?limit=3&cursor={first['next_cursor']}").get_json()
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == order
    assert rest["next_cursor"] is None


def test_jobs_are_listed_by_status(api: Api) -> None:
    done = api.submit()
    api.finish(page_of(1, "xong"))
    waiting = api.submit()
    for status, job in (("succeeded", done), ("queued", waiting)):
        found = api.get(f"/v1/jobs?status={status}").get_json()["jobs"]
        assert [one["id"] for one in found] == [job["id"]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=lost", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("batch=bat_1", "batch"),
        ("cursor=" + "x" * 65, "cursor"),
    ],
)
def test_a_list_query_that_cannot_be_used_is_refused(api: Api, query: str, named: str) -> None:
    assert problem(api.get(f"/v1/jobs?{query}"), 422, "invalid_option")["option"] == named


def test_an_unknown_cursor_is_refused(api: Api) -> None:
    problem(api.get("/v1/jobs?cursor=job_unknown"), 422, "invalid_option")


def test_a_waiting_job_can_be_canceled(api: Api) -> None:
    job = api.submit()
    answer = api.client.post(f"/v1/jobs/{job['id']}/cancel")
    assert answer.status_code == 200 and answer.get_json()["status"] == "canceled"
    body = problem(api.get(f"/v1/jobs/{job['id']}/result"), 409, "job_canceled")
    assert body["error"] is None


def test_canceling_what_has_ended_changes_nothing(api: Api) -> None:
    job = api.submit()
    api.finish(page_of(1, "xong"))
    answer = api.client.post(f"/v1/jobs/{job['id']}/cancel")
    assert answer.get_json()["status"] == "succeeded"


def test_an_erased_job_is_gone_with_all_its_bytes(api: Api) -> None:
    job = api.submit()
    api.finish(page_of(1, "xong"))
    answer = api.client.delete(f"/v1/jobs/{job['id']}")
    assert answer.status_code == 204 and answer.data == b""
    assert api.stored() == []
    for path in ("", "/result", "/pages/1"):
        problem(api.get(f"/v1/jobs/{job['id']}{path}"), 410, "job_gone")
    problem(api.client.delete(f"/v1/jobs/{job['id']}"), 410, "job_gone")
    assert api.get("/v1/jobs").get_json()["jobs"] == []
