"""Stories of batches in the SDK, with a real service behind it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.crew import Crew
from bench.workers.marked import picture_of, text_of
from docchu import errors
from docchu.batch import Item
from docchu.client import Docchu
from tests.docchu.conftest import ROOT

NAMES = ["Hồ sơ/trang 1.png", "Hồ sơ/trang 2.png", "đơn.png"]


def texts(items: list[Item]) -> dict[str, str]:
    """The texts by their documents' own names."""
    return {item.custom_id: (item.text or "").strip() for item in items}


def expected(names: list[str], start: int) -> dict[str, str]:
    return {name: text_of(start + index) for index, name in enumerate(names)}


def test_documents_are_added_until_the_batch_is_closed(either: Docchu) -> None:
    batch = either.batches.open(metadata={"từ": "kho"}, text_layer="ignore")
    assert (batch.status, batch.num_jobs, batch.metadata) == ("open", 0, {"từ": "kho"})
    jobs = [
        either.batches.add(batch, picture_of(10 + index), custom_id=name)
        for index, name in enumerate(NAMES)
    ]
    assert jobs[0].custom_id == NAMES[0] and jobs[0].batch_id == batch.id
    again = either.batches.add(batch, picture_of(10), custom_id=NAMES[0])
    assert again.id == jobs[0].id
    assert either.batches.close(batch).status != "open"
    with pytest.raises(errors.BatchClosed):
        either.batches.add(batch, picture_of(99), custom_id="muộn.png")
    items = list(either.batches.results(batch, form="text"))
    assert texts(items) == expected(NAMES, 10)
    assert [item.position for item in items] == [1, 2, 3]
    ended = either.batches.wait(batch, on_progress=lambda _: None)
    assert ended.status == "finished" and ended.counts.succeeded == 3
    assert [job.custom_id for job in either.batches.jobs(batch)] == NAMES
    assert batch.id in [one.id for one in either.batches.all()]


def test_results_come_while_the_batch_is_open_and_go_on_behind_a_position(either: Docchu) -> None:
    batch = either.batches.open()
    for index, name in enumerate(NAMES):
        either.batches.add(batch, picture_of(20 + index), custom_id=name)
    first = next(either.batches.results(batch))
    assert first.result is not None and first.result.pages[0].lines[0].text == text_of(20)
    either.batches.close(batch)
    rest = list(either.batches.results(batch, after=first.position))
    assert [item.custom_id for item in rest] == NAMES[1:]
    assert [i.status for i in either.batches.results(batch, follow_on=False)] == ["succeeded"] * 3


def test_files_zip_and_list_are_uploaded_as_one(either: Docchu, tmp_path: Path) -> None:
    for index, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture_of(30 + index))
    with zipfile.ZipFile(tmp_path / "kho.zip", "w") as archive:
        for name in NAMES:
            archive.write(tmp_path / name, name)
    data = base64.b64encode(picture_of(40)).decode()
    lines = json.dumps({"custom_id": "một", "data": data}) + "\n"
    batches = [
        either.batches.upload_files([tmp_path / name for name in NAMES], tmp_path),
        either.batches.upload_zip(tmp_path / "kho.zip", metadata={"nguồn": "zip"}),
        either.batches.upload_ndjson(lines.encode()),
    ]
    files, archived, listed = ([*either.batches.results(one, form="text")] for one in batches)
    assert texts(files) == texts(archived) == expected(NAMES, 30)
    assert texts(listed) == {"một": text_of(40)}
    either.batches.archive(batches[1], tmp_path / "kết quả.zip")
    with zipfile.ZipFile(tmp_path / "kết quả.zip") as result:
        assert result.read(f"{NAMES[2]}.txt").decode().strip() == text_of(32)


def test_a_batch_that_is_erased_is_gone(either: Docchu) -> None:
    batch = either.batches.open()
    job = either.batches.add(batch, picture_of(50), custom_id="a")
    either.batches.erase(batch)
    either.batches.erase(batch)
    with pytest.raises(errors.BatchGone):
        either.batches.get(batch)
    with pytest.raises(errors.BatchGone):
        either.batches.add(batch, picture_of(51), custom_id="b")
    with pytest.raises(errors.BatchNotFound):
        either.batches.get("bat_nobody_knows")
    with pytest.raises((errors.JobGone, errors.WaitTimedOut)):
        either.wait(job, timeout_s=30)


def test_what_failed_is_read_again_when_told_to(either: Docchu) -> None:
    batch = either.batches.open()
    damaged = picture_of(60)[:-30]
    either.batches.add(batch, damaged, custom_id="hỏng.png")
    either.batches.close(batch)
    (item,) = either.batches.results(batch)
    if item.status == "failed":
        assert either.batches.wait(batch).first_errors[0].custom_id == "hỏng.png"
        again = either.batches.wait(either.batches.retry(batch))
        assert again.counts.failed == 1
        (item_again,) = either.batches.results(batch)
        assert item_again.job_id != item.job_id
    canceled = either.batches.cancel(either.batches.open())
    assert either.batches.wait(canceled).status == "canceled"


def test_the_python_of_the_page_on_bulk_does_what_it_says(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.png").write_bytes(picture_of(71))
    (tmp_path / "scans" / "empty.png").touch()
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        archive.writestr("a/b.png", picture_of(72))
    (block,) = re.findall(
        "^```python\n(.*?)^```$", (ROOT / "docs/bulk.md").read_text(), re.M | re.S
    )
    done = subprocess.run(
        [sys.executable, "-c", block.replace("http://127.0.0.1:8080", crew.url)],
        capture_output=True,
        cwd=tmp_path,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"scans/a.png succeeded {text_of(71)}" in done.stdout
    assert "scans/empty.png empty_document" in done.stdout and "succeeded=1" in done.stdout
    with zipfile.ZipFile(tmp_path / "texts.zip") as texts:
        assert texts.read("a/b.png.txt").decode().strip() == text_of(72)
