"""Jobs are read again and found again by the client, at the real service."""

from __future__ import annotations

import pytest

from bench.workers.marked import picture_of, text_of
from docchu import errors
from docchu.client import Docchu


def test_a_document_is_read_again_without_an_upload(real: Docchu) -> None:
    first = real.wait(real.submit(picture_of(7), metadata={"a": 1}))
    again = real.wait(real.rerun(first, pages="1", metadata={"b": 2}))
    assert (first.rerun_of, again.rerun_of) == (None, first.id)
    assert again.options["pages"] == "1" and again.metadata == {"b": 2}
    assert real.text(again) == real.text(first) == f"{text_of(7)}\n"
    assert real.rerun(again, pages=None).options["pages"] is None


def test_what_cannot_be_read_again_says_why(real: Docchu) -> None:
    job = real.wait(real.submit(picture_of(8)))
    with pytest.raises(errors.InvalidOption, match="pages"):
        real.rerun(job, pages="2-1")
    real.erase(job)
    with pytest.raises(errors.JobGone):
        real.rerun(job)


def test_jobs_are_found_by_name_time_and_metadata(real: Docchu) -> None:
    job = real.submit(picture_of(9), name="Hóa Đơn.png", metadata={"order": 9})
    real.submit(picture_of(10))
    asked = {"name": "hoa don", "metadata": {"order": 9}, "created_after": job.created_at}
    assert [one.id for one in real.jobs(**asked)] == [job.id]
    assert list(real.jobs(name="hoa don", created_before=job.created_at)) == []
