"""A job can be followed as it is read, and a broken connection goes on where it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.playing import Api, page_of

Event = tuple[int, str, dict[str, Any]]


def events_of(api: Api, job_id: str, last_seen: int | str | None = None) -> list[Event]:
    """What the stream says until it ends."""
    headers = {} if last_seen is None else {"Last-Event-ID": str(last_seen)}
    answer = api.get(f"/v1/jobs/{job_id}/events", headers)
    assert answer.status_code == 200 and answer.mimetype == "text/event-stream"
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_the_events_of_a_finished_job_are_all_told(api: Api) -> None:
    job_id = api.submit(headers={"Content-Type": "application/pdf"}, pages="1-2")["id"]
    claim = api.begin(2)
    api.read(claim, page_of(2, "hai"))
    api.read(claim, page_of(1, "một"))
    told = events_of(api, job_id)
    assert [(number, name) for number, name, _ in told] == [
        (0, "job.running"),
        (1, "page.finished"),
        (2, "page.finished"),
        (3, "job.finished"),
    ]
    assert [data["page"] for _, name, data in told if name == "page.finished"] == [2, 1]
    assert told[-1][2]["status"] == "succeeded"


def test_a_client_goes_on_after_the_event_it_saw_last(api: Api) -> None:
    job_id = api.submit()["id"]
    api.finish(page_of(1, "một"))
    assert [number for number, _, _ in events_of(api, job_id, last_seen=0)] == [1, 2]
    assert [number for number, _, _ in events_of(api, job_id, last_seen=1)] == [2]
    assert events_of(api, job_id, last_seen=2) == []


@pytest.mark.parametrize(
    "last_seen", ["3", "9" * 9, "9" * 4000, "9" * 5000, "-1", "1.0", "\xb2", "evt_1"]
)
def test_what_is_no_event_of_the_job_counts_as_none_seen(api: Api, last_seen: str) -> None:
    job_id = api.submit()["id"]
    api.finish(page_of(1, "một"))
    assert [number for number, _, _ in events_of(api, job_id, last_seen)] == [0, 1, 2]


def test_events_come_while_the_job_runs(api: Api) -> None:
    job_id = api.submit()["id"]
    told: list[Event] = []
    listener = threading.Thread(target=lambda: told.extend(events_of(api, job_id)))
    listener.start()
    api.finish(page_of(1, "một"))
    listener.join(60)
    assert [name for _, name, _ in told] == ["job.running", "page.finished", "job.finished"]


def test_a_job_that_is_not_there_has_no_events(api: Api) -> None:
    assert api.get("/v1/jobs/job_nothing/events").status_code == 404


def test_too_many_listeners_are_told_to_poll(make_api: Callable[..., Api]) -> None:
    api = make_api(max_waiters=1)
    job_id = api.submit()["id"]
    with api.parts.waiters.place():
        answer = api.get(f"/v1/jobs/{job_id}/events")
    assert answer.status_code == 503 and "poll" in answer.get_json()["detail"]
