"""Stories of batches in the SDK, with a real service behind it."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path

import pytest

from bench.workers.marked import picture_of, text_of
from docchu import errors
from docchu.batch import Item
from docchu.client import Docchu

NAMES = ["Hồ sơ/trang 1.png", "Hồ sơ/trang 2.png", "đơn.png"]


def texts(items: list[Item]) -> dict[str, str]:
    """The texts by their documents' own names."""
    return {item.custom_id: (item.text or "").strip() for item in items}


def expected(names: list[str], start: int) -> dict[str, str]:
    return {name: text_of(start + index) for index, name in enumerate(names)}


def test_documents_are_added_until_the_batch_is_closed(real: Docchu) -> None:
    batch = real.batches.open(metadata={"từ": "kho"}, text_layer="ignore")
    assert (batch.status, batch.num_jobs, batch.metadata) == ("open", 0, {"từ": "kho"})
    jobs = [
        real.batches.add(batch, picture_of(10 + index), custom_id=name)
        for index, name in enumerate(NAMES)
    ]
    assert jobs[0].custom_id == NAMES[0] and jobs[0].batch_id == batch.id
    again = real.batches.add(batch, picture_of(10), custom_id=NAMES[0])
    assert again.id == jobs[0].id
    assert real.batches.close(batch).status != "open"
    with pytest.raises(errors.BatchClosed):
        real.batches.add(batch, picture_of(99), custom_id="muộn.png")
    items = list(real.batches.results(batch, form="text"))
    assert texts(items) == expected(NAMES, 10)
    assert [item.position for item in items] == [1, 2, 3]
    ended = real.batches.wait(batch, on_progress=lambda _: None)
    assert ended.status == "finished" and ended.counts.succeeded == 3
    assert [job.custom_id for job in real.batches.jobs(batch)] == NAMES
    assert batch.id in [one.id for one in real.batches.all()]


def test_results_come_while_the_batch_is_open_and_go_on_behind_a_position(real: Docchu) -> None:
    batch = real.batches.open()
    for index, name in enumerate(NAMES):
        real.batches.add(batch, picture_of(20 + index), custom_id=name)
    first = next(real.batches.results(batch))
    assert first.result is not None and first.result.pages[0].lines[0].text == text_of(20)
    real.batches.close(batch)
    rest = list(real.batches.results(batch, after=first.position))
    assert [item.custom_id for item in rest] == NAMES[1:]
    assert [i.status for i in real.batches.results(batch, follow_on=False)] == ["succeeded"] * 3


def test_files_zip_and_list_are_uploaded_as_one(real: Docchu, tmp_path: Path) -> None:
    for index, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture_of(30 + index))
    with zipfile.ZipFile(tmp_path / "kho.zip", "w") as archive:
        for name in NAMES:
            archive.write(tmp_path / name, name)
    data = base64.b64encode(picture_of(40)).decode()
    lines = json.dumps({"custom_id": "một", "data": data}) + "\n"
    batches = [
        real.batches.upload_files([tmp_path / name for name in NAMES], tmp_path),
        real.batches.upload_zip(tmp_path / "kho.zip", metadata={"nguồn": "zip"}),
        real.batches.upload_ndjson(lines.encode()),
    ]
    files, archived, listed = ([*real.batches.results(one, form="text")] for one in batches)
    assert texts(files) == texts(archived) == expected(NAMES, 30)
    assert texts(listed) == {"một": text_of(40)}
    real.batches.archive(batches[1], tmp_path / "kết quả.zip")
    with zipfile.ZipFile(tmp_path / "kết quả.zip") as result:
        assert result.read(f"{NAMES[2]}.txt").decode().strip() == text_of(32)


def test_a_batch_that_is_erased_is_gone(real: Docchu) -> None:
    batch = real.batches.open()
    job = real.batches.add(batch, picture_of(50), custom_id="a")
    real.batches.erase(batch)
    real.batches.erase(batch)
    with pytest.raises(errors.BatchGone):
        real.batches.get(batch)
    with pytest.raises(errors.BatchGone):
        real.batches.add(batch, picture_of(51), custom_id="b")
    with pytest.raises(errors.BatchNotFound):
        real.batches.get("bat_nobody_knows")
    with pytest.raises((errors.JobGone, errors.WaitTimedOut)):
        real.wait(job, timeout_s=30)


def test_what_failed_is_read_again_when_told_to(real: Docchu) -> None:
    batch = real.batches.open()
    damaged = picture_of(60)[:-30]
    real.batches.add(batch, damaged, custom_id="hỏng.png")
    real.batches.close(batch)
    (item,) = real.batches.results(batch)
    if item.status == "failed":
        assert real.batches.wait(batch).first_errors[0].custom_id == "hỏng.png"
        again = real.batches.wait(real.batches.retry(batch))
        assert again.counts.failed == 1
        (item_again,) = real.batches.results(batch)
        assert item_again.job_id != item.job_id
    canceled = real.batches.cancel(real.batches.open())
    assert real.batches.wait(canceled).status == "canceled"
