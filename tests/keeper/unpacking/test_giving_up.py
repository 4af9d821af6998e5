"""What happens to an upload that cannot go on: it waits, goes to another keeper, or ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from keeper.keeper import make_keeper
from keeper.unpacking.archives import ZipItem
from keeper.unpacking.items import Item
from keeper.unpacking.opened import Opened, OpenUploads
from shared.errors import StaleAttempt, Unavailable
from shared.store.batches.uploads import BatchUploads
from tests.keeper.unpacking.stories import Story, png, zipped


def upload(*names: str) -> bytes:
    return zipped({name: png(name) for name in names})


def test_a_disk_that_is_away_makes_a_upload_wait(story: Story) -> None:
    batch_id = story.submit(upload("a.png"))
    blobs = story.settings.data_dir / "blobs"
    blobs.rename(story.settings.data_dir / "elsewhere")
    with pytest.raises(Unavailable):
        story.unpacker.turn()
    assert story.batch(batch_id).unpacking and not story.batch(batch_id).problem


def test_an_unexpected_error_ends_the_upload_and_not_the_keeper(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    batch_id = story.submit(upload("a.png"))
    monkeypatch.setattr(ZipItem, "take", fail)
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.status == "finished" and batch.problem and batch.problem.code == "internal"
    assert story.files() == set()


def test_an_upload_that_another_keeper_has_is_left_to_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: object) -> None:
        raise StaleAttempt

    batch_id = story.submit(upload("a.png"))
    with monkeypatch.context() as patched:
        patched.setattr(BatchUploads, "advance", lost)
        assert story.unpacker.turn()
    batch = story.batch(batch_id)
    assert batch.unpacking and batch.problem is None
    assert any("par_" in name for name in story.files()), "the other one's bytes were erased"


def test_a_batch_that_is_full_says_so(make: Callable[..., Story]) -> None:
    story = make(max_batch_jobs=3)
    batch_id = story.submit(upload("a.png", "b.png"), is_open=True)
    story.add(batch_id, upload("b.png", "c.png", "d.png"))
    story.unpack()
    batch = story.batch(batch_id)
    assert sorted(story.outcomes(batch_id)) == ["a.png", "b.png", "c.png"]
    assert batch.problem and batch.problem.code == "too_many_documents"
    assert batch.status == "open" and not batch.unpacking
    assert not any("par_" in name for name in story.files())


def test_two_unpackers_share_the_work(story: Story) -> None:
    batches = [story.submit(upload(*(f"{n}.png" for n in range(9)))) for _ in range(4)]
    other = story.another_unpacker()
    while story.unpacker.turn() | other.turn():
        pass
    for batch_id in batches:
        assert [item.position for item in story.items(batch_id)] == list(range(1, 10))


def test_an_upload_that_waits_is_not_swept_up(story: Story) -> None:
    batch_id = story.submit(upload("a.png"))
    retention = make_keeper(story.settings).retention
    retention.orphan_age_s = -60  # everything is old
    retention.sweep_interval_s = 0
    retention.sweep()
    story.unpack()
    assert story.outcomes(batch_id) == {"a.png": "queued"}
    retention.sweep()
    assert len(story.files()) == 1
    assert not list(story.settings.data_dir.glob(f"blobs/jobs/*/*/{batch_id}"))


def test_an_upload_that_is_not_seen_is_looked_for_and_then_lost_by_the_service(
    story: Story,
) -> None:
    batch_id = story.submit(upload("a.png"))
    (blob,) = story.settings.data_dir.glob(f"blobs/jobs/*/*/{batch_id}/par_*")
    blob.unlink()
    for _ in range(3):
        with pytest.raises(Unavailable):
            story.unpacker.turn()
        due_now(story)
        assert story.batch(batch_id).unpacking
    assert story.unpacker.turn()
    problem = story.batch(batch_id).problem
    assert problem and problem.code == "document_lost"


def due_now(story: Story) -> None:
    """Let every lease be over."""
    for upload_id in story.client.zrange("docchu:uploads", 0, -1):
        story.client.zadd("docchu:uploads", {upload_id: 0})


@dataclass
class Book:
    """An upload without documents, that knows whether it is open."""

    is_open: bool = True

    def items(self, after: int) -> Iterator[Item]:
        return iter(())

    def close(self) -> None:
        assert self.is_open, "closed twice"
        self.is_open = False


def test_of_the_open_uploads_the_oldest_is_closed_first() -> None:
    batch_uploads, books = OpenUploads(), [Book() for _ in range(20)]
    for number, book in enumerate(books):
        batch_uploads.keep(str(number), Opened(book, book.items(0), 5))
    assert [book.is_open for book in books] == [False] * 4 + [True] * 16
    newest = batch_uploads.take("19", 5)
    assert newest and newest.source is books[19] and books[19].is_open
    assert batch_uploads.take("18", 4) is None, "another turn came between"
    assert not books[18].is_open, "another turn came between"
    batch_uploads.forget("17")
    assert not books[17].is_open


def test_an_upload_that_another_keeper_finished_does_not_stay_open() -> None:
    """Else an upload of 10 GB that was erased would stay on the disk."""
    now = [0.0]
    batch_uploads, book = OpenUploads(clock=lambda: now[0]), Book()
    batch_uploads.keep("a", Opened(book, book.items(0), 5))
    now[0] = 20.0
    batch_uploads.close_idle()
    assert book.is_open
    now[0] = 40.0
    batch_uploads.close_idle()
    assert not book.is_open


def test_threads_that_keep_and_take_uploads_close_each_once() -> None:
    batch_uploads = OpenUploads()
    made: list[Book] = []

    def work(thread: int) -> None:
        for turn in range(3000):
            name = str((thread + turn) % 20)
            opened = batch_uploads.take(name, 0)
            if opened is None:
                book = Book()
                made.append(book)
                opened = Opened(book, book.items(0), 0)
            batch_uploads.keep(name, opened) if turn % 7 else batch_uploads.forget(name)
            if not turn % 7:
                opened.source.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, thread) for thread in range(4)]:
            done.result()
    for number in range(20):
        batch_uploads.forget(str(number))
    assert made and not any(book.is_open for book in made)
