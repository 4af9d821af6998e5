"""Addresses with nothing at them, and methods that are not for theirs: what to do instead."""

from __future__ import annotations

import pytest

from tests.api.playing import Api, problem


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/v1"),
        ("GET", "/v1/jobs/"),
        ("GET", "/v1/jobs/a/b/c"),
        ("GET", "/v1/jobs/%00"),
        ("GET", "/v1/jobs/..%2f..%2fetc"),
        ("GET", "/v1/batches/bat_1"),
        ("GET", "/" + "x" * 5000),
    ],
)
def test_an_unknown_path_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.client.open(path, method=method)
    assert answer.status_code == 404 and answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/v1/jobs/", "without the `/`"),
        ("GET", "/v1/jobs/job_1/", "without the `/`"),
        ("GET", "/v1/", "`/docs`"),
        ("POST", "/jobs", "`/docs`"),
    ],
)
def test_an_unknown_path_says_where_to_look(api: Api, method: str, path: str, told: str) -> None:
    unknown = problem(api.client.open(path, method=method), 404, "not_found")
    assert told in unknown["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/jobs", "POST"),
        ("DELETE", "/v1/jobs", "GET"),
        ("POST", "/v1/jobs/job_1", "DELETE"),
        ("GET", "/v1/jobs/job_1/cancel", "POST"),
        ("POST", "/healthz", "GET"),
        ("BREW", "/v1/jobs", "GET"),
    ],
)
def test_a_wrong_method_says_which_are_right(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.client.open(path, method=method)
    detail = problem(answer, 405, "method_not_allowed")["detail"]
    assert allowed in answer.headers["Allow"]
    told = detail.partition(": ")[2].removesuffix(" are.").split(", ")
    assert allowed in told and told == sorted(told)
