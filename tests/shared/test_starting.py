"""The job store and the blob store know each other; a process with other blobs does not start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from bench.service import free_port
from shared.blobs import BlobNotFound, BlobStore, open_blobs
from shared.blobs.folder import FolderBlobs
from shared.errors import SettingError, Unavailable
from shared.running.starting import await_stores, check_pair
from shared.settings import Settings
from tests.objects import BUCKET, ObjectServer


@pytest.fixture
def settings(valkey_url: str, tmp_path: Path, store_client: redis.Redis) -> Settings:
    return Settings(redis_url=valkey_url, data_dir=tmp_path / "data")


def with_a_document(settings: Settings) -> BlobStore:
    await_stores(settings)
    blobs = open_blobs(settings)
    blobs.put("acme", "job_aaaa", "input", b"a document")
    return blobs


def used(store_client: redis.Redis) -> None:
    """Let the store have had jobs."""
    store_client.hset("docchu:states", "queued", 1)


def test_two_new_stores_become_a_pair_and_stay_one(
    settings: Settings, store_client: redis.Redis
) -> None:
    with_a_document(settings)
    used(store_client)
    known = store_client.get("docchu:blobs")
    assert known and (settings.data_dir / "blobs" / "id").read_text() == known
    await_stores(settings)
    assert store_client.get("docchu:blobs") == known


def test_stores_of_version_0_1_become_one_too(
    settings: Settings, store_client: redis.Redis
) -> None:
    (settings.data_dir / "blobs" / "jobs" / "acme").mkdir(parents=True)
    used(store_client)
    await_stores(settings)
    assert store_client.exists("docchu:blobs")


def test_another_folder_is_refused(
    settings: Settings, store_client: redis.Redis, tmp_path: Path
) -> None:
    with_a_document(settings)
    other = settings.model_copy(update={"data_dir": tmp_path / "other"})
    with pytest.raises(SettingError, match=f"{tmp_path}/other/blobs.*is its disk there"):
        await_stores(other)
    assert not other.data_dir.exists(), "nothing is made there"
    (other.data_dir / "blobs" / "jobs" / "acme").mkdir(parents=True)
    with pytest.raises(SettingError, match="is its disk there"):
        await_stores(other)
    open_blobs(other).identify("another")
    with pytest.raises(SettingError, match="belong to another job store"):
        await_stores(other)


def test_another_prefix_of_an_object_store_is_refused_by_its_name(
    settings: Settings, store_client: redis.Redis, object_server: ObjectServer, tmp_path: Path
) -> None:
    ours = settings.model_copy(update={"blobs": f"s3://{BUCKET}/{tmp_path.name}"})
    with_a_document(ours)
    used(store_client)
    await_stores(ours)
    other = ours.model_copy(update={"blobs": f"{ours.blobs}-other"})
    with pytest.raises(SettingError, match=f"in {other.blobs} .DOCCHU_BLOBS.*is its disk there"):
        await_stores(other)
    assert not object_server.names(f"{tmp_path.name}-other/"), "nothing is made there"


def test_documents_without_their_store_are_not_given_to_an_empty_one(
    settings: Settings, store_client: redis.Redis
) -> None:
    """Its keeper would erase them all as orphans."""
    with_a_document(settings)
    store_client.flushall()
    with pytest.raises(SettingError, match="this one has lost its data"):
        await_stores(settings)
    shutil.rmtree(settings.data_dir / "blobs")
    await_stores(settings)


def test_of_two_new_folders_one_is_taken(
    settings: Settings, store_client: redis.Redis, tmp_path: Path
) -> None:
    class Late:
        """A client whose second command comes after another process has done all of it."""

        def __getattr__(self, name: str) -> object:
            if name == "set":
                await_stores(settings)
            return getattr(store_client, name)

    other = settings.model_copy(update={"data_dir": tmp_path / "other"})
    blobs = open_blobs(other)
    with pytest.raises(SettingError, match="belong to another job store"):
        check_pair(other, Late(), blobs)


@pytest.mark.parametrize("module", ["api", "worker", "keeper"])
def test_no_process_starts_with_other_documents(
    settings: Settings, store_client: redis.Redis, tmp_path: Path, module: str
) -> None:
    with_a_document(settings)
    environment = os.environ | {
        "DOCCHU_REDIS_URL": settings.redis_url,
        "DOCCHU_DATA_DIR": str(tmp_path / "other"),
        "DOCCHU_BIND": f"127.0.0.1:{free_port()}",
    }
    done = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "DOCCHU_DATA_DIR" in said and "Traceback" not in said


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "another store"])
def test_a_disk_that_goes_away_is_no_empty_store(
    settings: Settings, store_client: redis.Redis, there: str
) -> None:
    blobs = with_a_document(settings)
    folder = settings.data_dir / "blobs"
    folder.rename(settings.data_dir / "away")
    if there == "an empty folder":
        folder.mkdir()
    if there == "another store":
        FolderBlobs(folder).identify("another")
    with pytest.raises(Unavailable):
        blobs.get("acme", "job_aaaa", "input")
    with pytest.raises(Unavailable):
        list(blobs.old_jobs(-60))
    if there != "another store":
        with pytest.raises(Unavailable):
            blobs.put("acme", "job_bbbb", "input", b"accepted nowhere")
        assert not (folder / "jobs").exists()
    shutil.rmtree(folder, ignore_errors=True)
    (settings.data_dir / "away").rename(folder)
    assert blobs.get("acme", "job_aaaa", "input") == b"a document"
    with pytest.raises(BlobNotFound):
        blobs.get("acme", "job_bbbb", "input")
