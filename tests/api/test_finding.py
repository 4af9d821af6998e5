"""Jobs are found by a part of a name, by time and by metadata, however many others there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest

from shared.store import keys
from shared.store.jobs import filtering
from tests.api.playing import PNG, Api, problem
from tests.api.test_auth import bearer


def sent(
    api: Api, name: str = "a.png", data: bytes = PNG, metadata: str = "{}", **headers: str
) -> str:
    """The id of a job with this name."""
    headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    job_id: str = api.submit(data, headers=headers, metadata=metadata)["id"]
    return job_id


def found(api: Api, headers: dict[str, str] | None = None, **query: str) -> list[str]:
    """The ids of a list, to its end."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        asked = urlencode(query | ({"cursor": cursor} if cursor else {}))
        answer = api.get(f"/v1/jobs?{asked}", headers)
        assert answer.status_code == 200, answer.text
        ids += [job["id"] for job in answer.get_json()["jobs"]]
        cursor = answer.get_json()["next_cursor"]
        if cursor is None:
            return ids


def test_a_name_is_found_by_a_part_of_it_whatever_its_case_and_marks(api: Api) -> None:
    invoice, order = sent(api, "Hóa Đơn 12.png"), sent(api, "đơn hàng.png")
    sent(api, "x.png")
    assert found(api, name="hoa don") == found(api, name="HÓA ĐƠN") == [invoice]
    assert found(api, name="don") == [order, invoice]
    assert found(api, name="12", status="queued") == [invoice]
    assert found(api, name="12", status="failed") == found(api, name="none") == []


def test_metadata_is_found_by_its_members(api: Api) -> None:
    one = sent(api, metadata='{"order": 7, "from": {"a": [1]}}')
    two = sent(api, metadata='{"order": 7}')
    assert found(api, metadata='{"order": 7}') == [two, one]
    assert found(api, metadata='{"from": {"a": [1]}, "order": 7}') == [one]
    assert found(api, metadata='{"order": "7"}') == found(api, metadata='{"other": null}') == []
    assert found(api, metadata="{}") == [two, one]


def test_a_time_is_from_its_begin_up_to_its_end(api: Api) -> None:
    ids = [sent(api) for _ in range(3)]
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    (listed,) = keys.parts("jobs:default", ["queued"])
    for day, job_id in enumerate(ids):
        at = round((begun + timedelta(days=day)).timestamp() * 1000)
        api.store.hset(keys.job(job_id), "created", at)
        api.store.zadd(listed, {job_id: at})
    second = "2026-01-02T00:00:00Z"
    assert found(api, created_after=second) == ids[:0:-1]
    assert found(api, created_before=second) == ids[:1]
    assert found(api, created_after="2026-01-02T07:00:00+07:00") == ids[:0:-1]
    last = {"created_after": second, "created_before": "2026-01-03T00:00:00Z"}
    assert found(api, **last) == [ids[1]]


def test_what_is_rare_is_found_over_several_answers_and_nothing_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtering, "_AT_ONCE", 3)
    monkeypatch.setattr(filtering, "_MOST_LOOKED", 6)
    wanted = [sent(api, f"{'tìm' if at % 8 == 0 else 'khác'} {at}.png") for at in range(20)][::8]
    first = api.get("/v1/jobs?name=tim&limit=1").get_json()
    assert [job["id"] for job in first["jobs"]] == [wanted[-1]] and first["next_cursor"]
    assert found(api, name="tìm") == found(api, name="tìm", limit="1") == wanted[::-1]
    assert found(api, name="khác", limit="2") == found(api, name="khác")


def test_a_damaged_record_hides_no_others(api: Api) -> None:
    damaged, sound = sent(api, "một.png"), sent(api, "một.png")
    api.store.hset(keys.job(damaged), "document", "{")
    assert found(api, name="một") == [sound]


def test_another_tenants_jobs_are_not_found(api: Api) -> None:
    ann, bob = bearer(api, "ann"), bearer(api, "bob")
    job_id = sent(api, "riêng.png", **ann)
    assert found(api, ann, name="rieng") == [job_id]
    assert found(api, bob, name="rieng") == []


@pytest.mark.parametrize(
    "query",
    [
        "name=",
        "created_after=2026-01-01",
        "created_before=x",
        "created_before=0.5",
        "metadata=1",
        "metadata={",
        "q=",
        "text=1",
    ],
)
def test_what_cannot_be_asked_is_refused(api: Api, query: str) -> None:
    problem(api.get(f"/v1/jobs?{query}"), 422, "invalid_option")
