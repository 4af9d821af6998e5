"""`docchu admin restore`: a backup becomes the state of a service that has none yet.

What store and documents of a backup do not agree on, since they are of different moments, is made
true: an ended job whose results are not there is erased. A job that waits without its document is
left to the workers, which look for it and name it `document_lost`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.admin import snapshot
from shared.admin.backup import BLOBS, STORE, Facts, copy_files
from shared.blobs import INPUT, BlobNotFound, BlobStore, open_blobs
from shared.errors import SettingError, Unavailable
from shared.jobs import Status
from shared.running import data_lock
from shared.running.disk import disk_faults
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from shared.store import keys
from shared.store.audit import COMMAND_LINE, AuditLog
from shared.store.jobs.records import PageRecord
from shared.store.jobs.upkeep import Upkeep
from shared.store.lists import everything
from shared.store.scripts import Client, answers_of, connect, store_faults
from shared.store.workers import CANARY_TENANT

_AT_ONCE = 500  # jobs
_LOADS_S = 3600.0  # a large store takes its time to be read
_LOOK_S = 0.1
_DUMP = "dump.rdb"  # where the server looks for what it is to begin with
_UNDER_WAY = (Status.QUEUED, Status.RUNNING)


@dataclass
class Restored:
    """What came of it: jobs in all, those erased, and those whose documents are not there."""

    facts: Facts
    num_jobs: int = 0
    erased: list[str] = field(default_factory=list)
    without_document: list[str] = field(default_factory=list)


def restore(settings: Settings, folder: Path) -> Restored:
    """Restore a backup. Raises SettingError where there is something already, Unavailable."""
    facts = Facts.read(folder)
    _check_documents(settings, facts)
    done = Restored(facts)
    with disk_faults():
        if not settings.embedded:
            return _into_server(settings, folder, done)
        data = settings.data_dir.resolve()
        if (data / "appendonlydir").exists() or (data / BLOBS).exists():
            raise SettingError(
                f"DOCCHU_DATA_DIR={settings.data_dir} holds a service's data already: restore into "
                "a new folder, or move that away."
            )
        lock = data_lock.take(settings, "`docchu admin restore`")
        if lock is None:
            raise SettingError(f"{data} is in use: {data_lock.holder(settings)}.")
        with lock:
            _copy_documents(settings, folder)
            try:
                with _server(settings, folder / STORE, lock.fileno()) as client:
                    _make_true(settings, client, done)
                    _write_down(client)
            finally:
                (data / _DUMP).unlink(missing_ok=True)
    return done


def _into_server(settings: Settings, folder: Path, done: Restored) -> Restored:
    """Into a server of somebody's own, through one of ours that reads the file."""
    target = connect(settings.store_url)
    with store_faults():
        if target.exists(keys.BLOBS, keys.STATES, keys.SCHEMA):
            raise SettingError(
                "The job store (DOCCHU_REDIS_URL) holds a service's data already: empty it first."
            )
    if not settings.blobs and (settings.data_dir / BLOBS).exists():
        raise SettingError(f"DOCCHU_DATA_DIR={settings.data_dir} holds documents already.")
    with tempfile.TemporaryDirectory() as place:
        own = settings.model_copy(update={"redis_url": "", "data_dir": Path(place)})
        with _server(own, folder / STORE) as source:
            _copy_documents(settings, folder)
            _make_true(settings, source, done)
            snapshot.copy(source, target)
    target.close()
    return done


def _check_documents(settings: Settings, facts: Facts) -> None:
    if bool(settings.blobs) != bool(facts.documents_at):
        where = facts.documents_at or "a folder"
        raise SettingError(f"The documents of this backup lie in {where}: set DOCCHU_BLOBS so.")
    if settings.blobs and open_blobs(settings).identity() != facts.blobs_id:
        raise SettingError(f"The documents in {settings.blobs} are none of this backup.")


def _copy_documents(settings: Settings, folder: Path) -> None:
    if not settings.blobs:
        copy_files(folder / BLOBS, settings.data_dir / BLOBS)
        (settings.data_dir / BLOBS / "jobs").mkdir(exist_ok=True)
        (settings.data_dir / BLOBS / "incoming").mkdir(exist_ok=True)


@contextmanager
def _server(settings: Settings, file: Path, lock: int | None = None) -> Iterator[Client]:
    """Our server with what the file holds, in memory alone."""
    shutil.copyfile(file, settings.data_dir / _DUMP)
    command = [*server_command(settings), "--rdb-version-check", "relaxed", "--appendonly", "no"]
    inherited = () if lock is None else (lock,)
    server = subprocess.Popen(command, stdout=2, pass_fds=inherited)
    try:
        deadline = time.monotonic() + _LOADS_S
        while not is_up(settings):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"{file} cannot be read: valkey.log in the folder says why.")
            time.sleep(_LOOK_S)
        client = connect(settings.store_url)
        yield client
        client.close()
    finally:
        server.terminate()
        server.wait()


def _write_down(client: Client) -> None:
    """Let the server write all that it has to where it will be found at the next start."""
    with store_faults():
        client.config_set("appendonly", "yes")
        while True:
            info = client.info("persistence")
            if info["aof_last_bgrewrite_status"] != "ok":
                raise Unavailable("The restored store could not be written to the disk.")
            under_way = info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]
            if info["aof_enabled"] and not under_way:
                return
            time.sleep(_LOOK_S)


def _make_true(settings: Settings, client: Client, done: Restored) -> None:
    """Forget what ran when the backup was taken, and erase what has lost its results."""
    with store_faults():
        client.delete(keys.WORKERS, keys.DRAINED, keys.CANARY)
    blobs = None if settings.blobs else open_blobs(settings)
    upkeep = Upkeep(client, settings.max_crashes)
    for tenant, status, ids in _jobs(client):
        done.num_jobs += len(ids)
        if blobs is None:
            continue
        lost = _without_results(client, blobs, tenant, ids)
        upkeep.erase(lost)
        done.erased += lost
        if status in _UNDER_WAY:
            left = [one for one in ids if one not in lost]
            done.without_document += _without_document(client, blobs, tenant, left)
    AuditLog(client).note(COMMAND_LINE, "restore", f"backup of {done.facts.taken_at}")


def _jobs(client: Client) -> Iterator[tuple[str, Status, list[str]]]:
    with store_faults():
        places = client.hkeys(keys.PLACES)
    for owner in sorted(name for name in places if name.startswith("jobs:")):
        tenant = owner.removeprefix("jobs:")
        for status in Status:
            if tenant == CANARY_TENANT or status is Status.EXPIRED:
                continue
            ids = everything(client, keys.parts(owner, [status]))
            for at in range(0, len(ids), _AT_ONCE):
                yield tenant, status, ids[at : at + _AT_ONCE]


def _without_results(client: Client, blobs: BlobStore, tenant: str, ids: list[str]) -> list[str]:
    """The jobs of which a page was read whose result is not there."""
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hvals(keys.pages(job_id))
        answers = answers_of(pipe)
    return [
        job_id
        for job_id, texts in zip(ids, answers, strict=True)
        if isinstance(texts, list) and not _all_there(blobs, tenant, job_id, texts)
    ]


def _all_there(blobs: BlobStore, tenant: str, job_id: str, texts: list[str]) -> bool:
    names = [PageRecord.parse(text).blob for text in texts]
    return all(_is_there(blobs, tenant, job_id, name) for name in names if name)


def _without_document(client: Client, blobs: BlobStore, tenant: str, ids: list[str]) -> list[str]:
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hexists(keys.job(job_id), "url")
        answers = answers_of(pipe)
    there = zip(ids, answers, strict=True)
    return [one for one, by_url in there if not (by_url or _is_there(blobs, tenant, one, INPUT))]


def _is_there(blobs: BlobStore, tenant: str, job_id: str, name: str) -> bool:
    try:
        with blobs.local(tenant, job_id, name):
            return True
    except BlobNotFound:
        return False
