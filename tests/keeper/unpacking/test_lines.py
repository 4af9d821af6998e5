"""NDJSON: a document a line, whatever the other lines are like."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.jobs import Job
from tests.keeper.unpacking.stories import PNG, Story, png


def line(data: bytes | None = None, **members: Any) -> bytes:
    """A line with its document."""
    if data is not None:
        members["data"] = base64.b64encode(data).decode()
    return json.dumps(members, ensure_ascii=False).encode()


def unpacked(story: Story, *lines: bytes, end: bytes = b"\n") -> list[Job]:
    """The jobs that the lines became, in their order."""
    batch_id = story.submit(end.join(lines), "ndjson", text_layer="ignore")
    story.unpack()
    batch = story.batch(batch_id)
    assert not batch.unpacking and batch.problem is None
    return [story.jobs.get("acme", item.job_id) for item in story.items(batch_id)]


def test_each_line_becomes_a_job(story: Story) -> None:
    jobs = unpacked(
        story,
        line(png(1), custom_id="a", name="x/a.png", pages="1", metadata={"số": 1}),
        line(png(2), custom_id="b", priority="interactive", text_layer="auto", ttl_s=60),
        line(png(3)),
    )
    assert [(j.custom_id, j.document.name) for j in jobs] == [
        ("a", "x/a.png"),
        ("b", "b"),
        ("3", "3"),
    ]
    first, second, third = jobs
    assert first.options.pages == "1" and first.metadata == {"số": 1}
    assert (first.options.priority, second.options.priority) == ("bulk", "interactive")
    assert (first.options.text_layer, second.options.text_layer) == ("ignore", "auto")
    assert second.options.ttl_s == 60 and third.options.ttl_s is None
    assert story.blobs.get("acme", second.id, "input") == png(2)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\n  \r\n"])
def test_lines_may_end_in_any_way(story: Story, end: bytes) -> None:
    jobs = unpacked(story, b"\xef\xbb\xbf" + line(png(1)), line(png(2)), b"", end=end)
    assert [job.status for job in jobs] == ["queued", "queued"]


WRONGS = [
    (b"no json", "bad_request", "not JSON"),
    (b"[1]", "bad_request", "must be a JSON object"),
    (b'{"custom_id": "x", "data": "', "bad_request", "cut short"),
    (line(custom_id="x"), "empty_document", "neither"),
    (b'{"custom_id": "x", "data": ""}', "empty_document", "empty"),
    (b'{"custom_id": "x", "data": 7}', "invalid_option", "base64"),
    (b'{"custom_id": "x", "data": "%%%%"}', "invalid_option", "base64"),
    (b'{"data": "%%%%", "custom_id": "x"}', "invalid_option", "base64"),
    (line(PNG, custom_id="x", colour=1), "invalid_option", "no option `colour`"),
    (line(PNG, custom_id="x", pages="0"), "invalid_option", "pages"),
    (line(PNG, custom_id="x", ttl_s=1), "invalid_option", "ttl_s"),
    (line(PNG, custom_id="x", ttl_s=10**9), "invalid_option", "ttl_s"),
    (line(PNG, custom_id="x", name=1), "invalid_option", "name"),
    (line(PNG, custom_id="x", metadata={"a": "b" * 5000}), "invalid_option", "metadata"),
    (line(PNG, custom_id="x", url="http://e.x/"), "invalid_option", "not both"),
    (line(PNG, custom_id="x", webhook_url="http://127.0.0.1/"), "address_refused", "public"),
    (line(custom_id="x", url=5), "invalid_option", "url"),
    (line(custom_id="x", url="file:///etc/passwd"), "address_refused", "http"),
    (line(custom_id="x", url="http://127.0.0.1:9/a.png"), "address_refused", "public"),
    (line(b"just words", custom_id="x"), "unsupported_media_type", "no PNG"),
    (line(b"PK\x03\x04" + bytes(3000), custom_id="x"), "archive_entry_refused", "archive"),
    (line(PNG + bytes(100_000), custom_id="x"), "document_too_large", "larger"),
    (b'{"data": "' + b"A" * 2_000_000 + b'"}', "document_too_large", "longer"),
    (b'{"custom_id": "' + b"x" * 100_000 + b'"}', "bad_request", "too much"),
    (line(PNG, custom_id=""), "invalid_option", "custom_id"),
    (line(PNG, custom_id="a\nb"), "invalid_option", "custom_id"),
    (line(PNG, custom_id="x" * 513), "invalid_option", "custom_id"),
    (line(PNG, custom_id=["x"]), "invalid_option", "custom_id"),
]


def test_a_bad_line_is_reported_and_the_others_go_on(story: Story) -> None:
    # Each has a name of its own.
    lines = [bad.replace(b'"x"', b'"x%d"' % n) for n, (bad, _, _) in enumerate(WRONGS, 2)]
    last = line(png(3), custom_id="last")
    first, *jobs, good = unpacked(story, line(png(1)), *lines, last)
    assert first.status == good.status == "queued" and good.custom_id == "last"
    assert story.files() == {f"{first.id}/input", f"{good.id}/input"}
    for number, (job, (bad, code, detail)) in enumerate(zip(jobs, WRONGS, strict=True), 2):
        assert job.status == "failed" and job.error, bad[:80]
        assert job.error.code == code and detail in job.error.detail, bad[:80]
        named = b'"custom_id": "x"' in bad and bad.endswith(b"}")
        assert job.custom_id == (f"x{number}" if named else str(number)), bad[:80]


def test_a_second_line_of_a_name_is_reported(story: Story) -> None:
    jobs = unpacked(story, line(png(1), custom_id="a"), line(png(2), custom_id="a"))
    assert [job.custom_id for job in jobs] == ["a", "a #2"]
    assert jobs[1].error and "same `custom_id`" in jobs[1].error.detail


def test_lines_beyond_what_a_batch_may_have_are_its_problem(make: Callable[..., Story]) -> None:
    story = make(max_batch_jobs=9)
    lines = b"\n".join(line(custom_id=str(n)) for n in range(12))
    batch_id = story.submit(lines, "ndjson")
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "too_many_documents"
    assert batch.num_jobs == 9 and batch.status == "finished"


def test_documents_that_are_elsewhere_become_jobs_at_once(make: Callable[..., Story]) -> None:
    """They are fetched afterwards: see `tests/keeper/test_fetching.py`."""
    story = make(allow_targets="127.0.0.0/8")
    jobs = unpacked(
        story,
        line(custom_id="a", url="http://a.example/%E1%BA%A3nh.png?x=1"),
        line(custom_id="b", url="http://127.0.0.1:9/"),
        line(png(3), custom_id="c"),
    )
    assert [job.status for job in jobs] == ["queued", "queued", "queued"]
    assert [job.document.name for job in jobs] == ["ảnh.png", "b", "c"]
    assert [job.document.size for job in jobs] == [None, None, len(png(3))]
    assert story.fetches() == {jobs[0].id: "a.example:80", jobs[1].id: "127.0.0.1:9"}
