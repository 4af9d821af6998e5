"""Bytes under names: uploads and page results, in a local folder, safe on disk once written."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from shared.errors import Unavailable
from shared.running.disk import ROOM_INODES, disk_faults, num_inodes, sync_folder

INPUT = "input"
"""The name of the blob that holds a job's document."""
PASSWORD = "password"
"""The name of the one that holds what opens it, where the caller gave that."""
_INCOMING = "incoming"
_JOBS = "jobs"
_ID = "id"
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]*")
_OWNER = re.compile(r"[a-z]{3}_[A-Za-z0-9_-]+")  # a job or a batch
_ROOM_BYTES = 1 << 20  # what there must be for a document of some size
_BUFFER_BYTES = 1 << 16
_SMALL_BYTES = _BUFFER_BYTES // 2


def picture_name(page: str) -> str:
    """The name of the picture that goes with a page's result, by the name of that."""
    return f"{page.removesuffix('.json')}.jpg"


class BlobNotFound(Exception):
    """There is no blob of this name."""


class Upload:
    """Bytes on their way in: written to one side, and nowhere to be seen until stored.

    `run` carries out what blocks.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file = file
        self.path = path
        self.run: Callable[..., Any] = lambda work, *args: work(*args)
        self.size = 0
        self.head = b""
        self._digest = sha256()

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        if len(self.head) < 2048:
            self.head += data[: 2048 - len(self.head)]
        self.size += len(data)
        if len(data) < _SMALL_BYTES:  # stays in the file's buffer
            self._write(data)
        else:
            self.run(self._write, data)
        return len(data)

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        with disk_faults():
            self.file.write(data)

    @property
    def sha256(self) -> str:
        """The hex digest of what has been written."""
        return self._digest.hexdigest()


class BlobStore:
    """Blobs of jobs in a folder: `jobs/<tenant>/<2 letters>/<job>/<name>`.

    A blob appears whole or not at all, and is on disk (fsync of file and folder) when the call
    returns. Raises Unavailable where the disk is full or broken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._id: str | None = None
        with suppress(Unavailable):
            self._id = self.identity()

    def identity(self) -> str | None:
        """The id that it was given, if it was given one."""
        with disk_faults(), suppress(FileNotFoundError):
            return (self._folder / _ID).read_text().strip()
        return None

    def identify(self, new_id: str) -> str:
        """Give it this id unless it has one, and make its folders; the id that it has then."""
        with disk_faults():
            for folder in (self._folder / _INCOMING, self._folder / _JOBS):
                folder.mkdir(parents=True, exist_ok=True)
        with self.upload() as upload:
            upload.write(new_id.encode())
            with disk_faults(), suppress(FileExistsError):
                upload.file.flush()
                os.fsync(upload.file.fileno())
                os.link(upload.path, self._folder / _ID)
                sync_folder(self._folder)
        self._id = self.identity()
        return self._id or new_id

    def has_jobs(self) -> bool:
        """Whether anything is stored."""
        with disk_faults():
            return any((self._folder / _JOBS).glob("*"))

    def probe(self) -> None:
        """Raise Unavailable if a document could not be stored, with the reason."""
        with self.upload() as upload:
            upload.write(b"probe")
            with disk_faults():
                upload.file.flush()
                os.posix_fallocate(upload.file.fileno(), 0, _ROOM_BYTES)
                os.fsync(upload.file.fileno())
                if num_inodes(self._folder) < ROOM_INODES:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(upload.path))

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        """Take bytes in; unless `keep` is called before the end, they are dropped."""
        incoming = self._folder / _INCOMING
        path = incoming / secrets.token_hex(16)
        with disk_faults():
            if self._id is None:  # else its folders are there, or its disk is away
                incoming.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=_BUFFER_BYTES)
        try:
            yield Upload(file, path)
        finally:
            # What was kept is on disk by now; what is left here is swept up later if need be.
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def keep(self, upload: Upload, tenant: str, job_id: str, name: str) -> None:
        """Give an upload its name."""
        with disk_faults():
            upload.file.flush()
            os.fsync(upload.file.fileno())
            self._place(upload.path, self._path(tenant, job_id, name))

    def keep_first(self, upload: Upload, tenant: str, job_id: str, name: str) -> bool:
        """Give an upload its name, unless a blob has it already; whether it got it."""
        target = self._path(tenant, job_id, name)
        with disk_faults():
            upload.file.flush()
            os.fsync(upload.file.fileno())
            self._make_folder(target.parent)
            try:
                os.link(upload.path, target)
            except FileExistsError:
                return False
            sync_folder(target.parent)
        return True

    def put(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        """Store a blob."""
        with self.upload() as upload:
            upload.write(data)
            self.keep(upload, tenant, job_id, name)

    def put_passing(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        """Store a blob without waiting for the disk: a power cut may leave it lost or empty."""
        with self.upload() as upload:
            upload.write(data)
            with disk_faults():
                upload.file.flush()
                target = self._path(tenant, job_id, name)
                self._make_folder(target.parent)
                upload.path.replace(target)

    def share(self, tenant: str, job_id: str, other_id: str, name: str) -> None:
        """Give another job the same blob; each erases its own. Raises BlobNotFound."""
        source, target = self.path(tenant, job_id, name), self._path(tenant, other_id, name)
        with disk_faults():
            self._make_folder(target.parent)
            try:
                os.link(source, target)
            except FileNotFoundError:  # erased this moment
                raise BlobNotFound(name) from None
            sync_folder(target.parent)

    def get(self, tenant: str, job_id: str, name: str) -> bytes:
        """Read a blob. Raises BlobNotFound."""
        path = self.path(tenant, job_id, name)
        with disk_faults():
            return path.read_bytes()

    def path(self, tenant: str, job_id: str, name: str) -> Path:
        """Where a blob lies. Raises BlobNotFound."""
        path = self._path(tenant, job_id, name)
        with disk_faults():
            if path.is_file():
                return path
        self._check_disk()
        raise BlobNotFound(name)

    def delete(self, tenant: str, job_id: str, name: str) -> None:
        """Erase a blob, if it is there."""
        with disk_faults():
            self._path(tenant, job_id, name).unlink(missing_ok=True)

    def delete_job(self, tenant: str, job_id: str) -> bool:
        """Erase all blobs of a job; whether nothing is left of them."""
        folder = self._job_folder(tenant, job_id)
        shutil.rmtree(folder, ignore_errors=True)
        return self._folder.is_dir() and not folder.exists()

    def old_jobs(self, age_s: float) -> Iterator[tuple[str, str]]:
        """Tenant and id of jobs whose folder was last changed `age_s` seconds ago or earlier."""
        self._check_disk()
        before = time.time() - age_s
        for folder in (self._folder / _JOBS).glob("*/*/*"):
            try:
                old = folder.stat().st_mtime < before
            except OSError:  # erased meanwhile
                continue
            if old:
                yield folder.parts[-3], folder.name

    def delete_old_uploads(self, age_s: float) -> int:
        """Erase what is left of uploads that broke off `age_s` seconds ago or earlier."""
        before = time.time() - age_s
        erased = 0
        for path in (self._folder / _INCOMING).glob("*"):
            with suppress(OSError):  # it may be stored, and so gone, this moment
                if path.stat().st_mtime < before:
                    path.unlink()
                    erased += 1
        return erased

    def _check_disk(self) -> None:
        """Raise Unavailable where what is there is not this store, so that what is missing in it
        tells nothing: its disk is away, or another one is in its place.
        """
        with disk_faults():
            is_there = (self._folder / _JOBS).is_dir()
        if not is_there or self._id not in (None, self.identity()):
            raise Unavailable("The blob store is not there right now.")

    def _job_folder(self, tenant: str, job_id: str) -> Path:
        # From a damaged record they could name any folder, and that one would be erased.
        if not (_TENANT.fullmatch(tenant) and _OWNER.fullmatch(job_id)):
            raise ValueError(f"{tenant!r} has no blobs of {job_id!r}")
        return self._folder / _JOBS / tenant / job_id[4:6].lower() / job_id

    def _path(self, tenant: str, job_id: str, name: str) -> Path:
        return self._job_folder(tenant, job_id) / name

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and what it lies in, each safe on disk."""
        if folder.is_dir():
            return
        if self._id and folder == self._folder / _JOBS:  # what is here is not our disk
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)

    def _place(self, source: Path, target: Path) -> None:
        self._make_folder(target.parent)
        source.replace(target)
        sync_folder(target.parent)
