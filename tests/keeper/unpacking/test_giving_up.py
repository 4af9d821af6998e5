"""What happens to a parcel that cannot go on: it waits, goes to another keeper, or ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keeper.keeper import make_keeper
from keeper.unpacking.archives import ZipItem
from shared.errors import StaleAttempt, Unavailable
from shared.store.batches.uploads import Parcels
from tests.keeper.unpacking.stories import Story, png, zipped


def upload(*names: str) -> bytes:
    return zipped({name: png(name) for name in names})


def test_a_parcel_whose_bytes_are_lost_is_the_batchs_problem(story: Story) -> None:
    batch_id = story.submit(upload("a.png"))
    story.blobs.delete_job("acme", batch_id)
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.status == "finished" and batch.problem
    assert batch.problem.code == "archive_unreadable"


def test_a_disk_that_is_away_makes_a_parcel_wait(story: Story) -> None:
    batch_id = story.submit(upload("a.png"))
    blobs = story.settings.data_dir / "blobs"
    blobs.rename(story.settings.data_dir / "elsewhere")
    with pytest.raises(Unavailable):
        story.unpacker.turn()
    assert story.batch(batch_id).unpacking and not story.batch(batch_id).problem


def test_an_unexpected_error_ends_the_parcel_and_not_the_keeper(
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


def test_a_parcel_that_another_keeper_has_is_left_to_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: object) -> None:
        raise StaleAttempt

    batch_id = story.submit(upload("a.png"))
    with monkeypatch.context() as patched:
        patched.setattr(Parcels, "advance", lost)
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


def test_a_parcel_that_waits_is_not_swept_up(story: Story) -> None:
    batch_id = story.submit(upload("a.png"))
    keeper = make_keeper(story.settings)
    keeper.orphan_age_s = -60  # everything is old
    keeper.sweep()
    story.unpack()
    assert story.outcomes(batch_id) == {"a.png": "queued"}
    keeper.rounds = 0
    keeper.sweep()
    assert len(story.files()) == 1
    assert not list(story.settings.data_dir.glob(f"blobs/jobs/*/*/{batch_id}"))
