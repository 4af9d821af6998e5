"""The timeline of a job over HTTP, and its deadline."""

from __future__ import annotations

from tests.api.playing import PDF, Api


def test_a_job_has_a_timeline(api: Api) -> None:
    job_id = api.submit(PDF)["id"]
    assert api.get(f"/v1/jobs/{job_id}/timeline").get_json() == {"attempts": []}
    api.claim()
    (attempt,) = api.get(f"/v1/jobs/{job_id}/timeline").get_json()["attempts"]
    assert attempt["worker"] == "ann" and attempt["attempt"] == 1
    assert attempt["ended_at"] is None and attempt["outcome"] is None


def test_a_job_that_never_was_has_no_timeline(api: Api) -> None:
    answer = api.get(f"/v1/jobs/job_{'x' * 24}/timeline")
    assert answer.status_code == 404 and answer.get_json()["code"] == "job_not_found"


def test_a_job_takes_a_timeout(api: Api) -> None:
    assert api.submit(PDF, timeout_s="30")["options"]["timeout_s"] == 30
    answer = api.client.post("/v1/jobs", data=PDF, query_string={"timeout_s": "0"})
    assert answer.status_code == 422 and answer.get_json()["code"] == "invalid_option"
