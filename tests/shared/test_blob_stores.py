"""The same promises of a blob store, whatever is under it: a folder, or an object store."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.blobs import BlobNotFound, BlobStore, Upload, open_blobs, parts
from shared.errors import Unavailable
from shared.settings import Settings
from tests.object_front import Fault, ObjectFront
from tests.objects import BUCKET, ObjectServer

JOB, OTHER = "job_aaaa", "job_aabb"
LARGE = os.urandom(1 << 20) * 20
"""Goes out in parts."""


@pytest.fixture(params=["folder", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data")
    if request.param == "s3":
        request.getfixturevalue("object_server")
        return settings.model_copy(update={"blobs": f"s3://{BUCKET}/{tmp_path.name}"})
    return settings


@pytest.fixture
def blobs(settings: Settings) -> BlobStore:
    blobs = open_blobs(settings)
    blobs.identify("ours")
    return blobs


def write(upload: Upload, data: bytes, piece: int = 1 << 16) -> None:
    for start in range(0, len(data), piece):
        upload.write(data[start : start + piece])


def names(settings: Settings, server: ObjectServer) -> list[str]:
    """All that lies in the store, its id apart."""
    if settings.blobs:
        prefix = settings.blobs.removeprefix(f"s3://{BUCKET}/") + "/"
        found = [name.removeprefix(prefix) for name in server.names(prefix)]
    else:
        root = settings.data_dir / "blobs"
        found = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
    return sorted(name for name in found if name != "id")


@pytest.mark.parametrize("data", [b"", b"a document", LARGE], ids=["empty", "small", "large"])
def test_what_is_kept_is_read_and_nothing_else_is_left(
    blobs: BlobStore, settings: Settings, object_server: ObjectServer, data: bytes
) -> None:
    with blobs.upload() as upload:
        write(upload, data)
        blobs.keep(upload, "acme", JOB, "input")
        assert upload.size == len(data) and upload.head == data[:2048]
    assert blobs.get("acme", JOB, "input") == data
    with blobs.local("acme", JOB, "input") as path:
        assert path.read_bytes() == data
    assert names(settings, object_server) == ["jobs/acme/aa/job_aaaa/input"]


@pytest.mark.parametrize("data", [b"half a document", LARGE], ids=["small", "large"])
def test_an_upload_that_breaks_off_leaves_nothing(
    blobs: BlobStore, settings: Settings, object_server: ObjectServer, data: bytes
) -> None:
    with pytest.raises(ConnectionError), blobs.upload() as upload:
        write(upload, data)
        raise ConnectionError
    assert names(settings, object_server) == []


@pytest.mark.parametrize("data", [b"second", LARGE], ids=["small", "large"])
def test_of_two_that_come_first_one_stays(blobs: BlobStore, data: bytes) -> None:
    for number, one in enumerate((b"first", data)):
        with blobs.upload() as upload:
            write(upload, one)
            assert blobs.keep_first(upload, "acme", JOB, "input") is (number == 0)
    assert blobs.get("acme", JOB, "input") == b"first"
    with blobs.upload() as upload:
        write(upload, data)
        assert blobs.keep_first(upload, "acme", OTHER, "input")
    assert blobs.get("acme", OTHER, "input") == data


def test_a_shared_blob_outlives_the_job_that_had_it_first(blobs: BlobStore) -> None:
    blobs.put("acme", JOB, "input", b"a document")
    blobs.share("acme", JOB, OTHER, "input")
    assert blobs.delete_job("acme", JOB)
    assert blobs.get("acme", OTHER, "input") == b"a document"
    for missing in (blobs.get, lambda *name: blobs.share("acme", JOB, OTHER, "input")):
        with pytest.raises(BlobNotFound):
            missing("acme", JOB, "input")
    with pytest.raises(BlobNotFound), blobs.local("acme", JOB, "input"):
        pass


def test_erasing_a_job_spares_one_whose_name_begins_like_it(blobs: BlobStore) -> None:
    for job_id in (JOB, f"{JOB}b"):
        for number in range(3):
            blobs.put("acme", job_id, f"page-{number}", b"text")
    blobs.delete("acme", JOB, "page-0")
    blobs.delete("acme", JOB, "never")
    assert blobs.delete_job("acme", JOB) and blobs.delete_job("acme", JOB)
    assert [owner for owner in blobs.old_jobs(-60)] == [("acme", f"{JOB}b")]
    assert blobs.get("acme", f"{JOB}b", "page-2") == b"text"


def test_old_jobs_and_uploads_are_found_by_their_age(blobs: BlobStore) -> None:
    assert not blobs.has_jobs()
    for tenant, job_id in (("acme", JOB), ("acme", OTHER), ("zeta", JOB)):
        blobs.put(tenant, job_id, "input", b"a document")
        blobs.put(tenant, job_id, "page-1", b"text")
    blobs.probe()
    assert blobs.has_jobs()
    assert sorted(blobs.old_jobs(-60)) == [("acme", JOB), ("acme", OTHER), ("zeta", JOB)]
    assert list(blobs.old_jobs(60)) == [] and blobs.delete_old_uploads(60) == 0
    blobs.delete_old_uploads(-60)
    assert blobs.get("acme", JOB, "input") == b"a document"


def test_it_has_one_id_whoever_comes_first(blobs: BlobStore, settings: Settings) -> None:
    assert blobs.identify("another") == "ours" == open_blobs(settings).identity()


def test_names_that_lead_elsewhere_are_refused(blobs: BlobStore) -> None:
    for tenant, job_id in (("..", JOB), ("acme", "../../x"), ("a/b", JOB)):
        with pytest.raises(ValueError, match="has no blobs"):
            blobs.delete_job(tenant, job_id)


def test_a_store_that_goes_away_is_no_empty_store(tmp_path: Path) -> None:
    server = ObjectServer()
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environ.items():
            patch.setenv(name, value)
        blobs = open_blobs(Settings(data_dir=tmp_path, blobs=f"s3://{BUCKET}"))
        blobs.identify("ours")
        blobs.put("acme", JOB, "input", b"a document")
        server.stop()  # with all that was in it
        said = []
        with pytest.raises(Unavailable) as caught:
            blobs.put("acme", OTHER, "input", b"accepted nowhere")
        said.append(caught.value)
        assert not blobs.delete_job("acme", JOB), "it is not known to be erased"
        server.start()
        for ask in (blobs.get, blobs.local):
            with pytest.raises(Unavailable) as caught, ExitStack() as held:
                held.enter_context(ask("acme", JOB, "input"))  # type: ignore[arg-type]
            said.append(caught.value)
        with pytest.raises(Unavailable):
            list(blobs.old_jobs(-60))
        server.stop()
    for error in said:
        assert "acme" not in error.detail and "Debug source" not in error.reason


@pytest.fixture
def front(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectFront]:
    front = ObjectFront(object_server.port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{front.port}")
    yield front
    front.close()


def behind(front: ObjectFront, folder: Path) -> BlobStore:
    blobs = open_blobs(Settings(data_dir=folder, blobs=f"s3://{BUCKET}/{folder.name}"))
    blobs.identify("ours")
    return blobs


@pytest.mark.parametrize("fault", ["503", "silence"])
@pytest.mark.parametrize("data", [b"a document", LARGE], ids=["small", "large"])
def test_a_store_that_does_not_answer_takes_nothing_by_halves(
    front: ObjectFront,
    object_server: ObjectServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    data: bytes,
) -> None:
    blobs = behind(front, tmp_path)
    monkeypatch.setitem(parts._CLIENT, "timeout", "0.5s")
    monkeypatch.setitem(parts._RETRY, "max_retries", 1)
    hasty = behind(front, tmp_path)
    with (
        front.failing(fault),
        pytest.raises(Unavailable, match="does not answer"),
        hasty.upload() as upload,
    ):
        write(upload, data)
        hasty.keep(upload, "acme", JOB, "input")
    assert front.num_faults and not object_server.names(f"{tmp_path.name}/jobs")
    with pytest.raises(BlobNotFound):
        blobs.get("acme", JOB, "input")
    with blobs.upload() as upload:
        write(upload, data)
        blobs.keep(upload, "acme", JOB, "input")
    assert blobs.get("acme", JOB, "input") == data


def test_a_full_disk_of_this_machine_is_told_as_one(settings: Settings, blobs: BlobStore) -> None:
    """Bytes on their way wait on it, even where they are to lie elsewhere."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(Unavailable, match="File too large"), blobs.upload() as upload:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
            upload.write(b"a document")
            blobs.keep(upload, "acme", JOB, "input")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_answer_that_is_lost_is_asked_for_again(front: ObjectFront, tmp_path: Path) -> None:
    blobs = behind(front, tmp_path)
    front.fault = "lost answer"
    blobs.put("acme", JOB, "input", b"a document")
    front.fault = "lost answer"
    assert blobs.get("acme", JOB, "input") == b"a document"
    front.fault = "lost answer"
    assert blobs.delete_job("acme", JOB) and front.num_faults == 3
    with pytest.raises(BlobNotFound):
        blobs.get("acme", JOB, "input")
