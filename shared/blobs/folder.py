"""Blobs in a folder of a file system, on disk (fsync of file and folder) once written."""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.blobs.store import ID, INCOMING, JOBS, BlobNotFound, BlobStore, Seen, Upload, job_place
from shared.errors import Unavailable
from shared.running.disk import ROOM_INODES, disk_faults, num_inodes, sync_folder

_ROOM_BYTES = 1 << 20  # what there must be for a document of some size
_BUFFER_BYTES = 1 << 16


class _FileUpload(Upload):
    def __init__(self, blobs: FolderBlobs, file: BinaryIO, path: Path) -> None:
        super().__init__()
        self._blobs = blobs
        self.file = file
        self.path = path

    def append(self, data: bytes) -> None:
        with disk_faults():
            self.file.write(data)

    def store(self, place: str, first: bool = False) -> bool:
        with disk_faults():
            self.file.flush()
            os.fsync(self.file.fileno())
            return self._blobs.place(self.path, place, first)


class FolderBlobs(BlobStore):
    """`jobs/<tenant>/<2 letters>/<job>/<name>` in a folder; uploads come in beside that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = secrets.token_hex(8)
        self._num_incoming = itertools.count()
        self._id: str | None = None
        with suppress(Unavailable):
            self._id = self.identity()

    def identity(self) -> str | None:
        with disk_faults(), suppress(FileNotFoundError):
            return (self._folder / ID).read_text().strip()
        return None

    def identify(self, new_id: str) -> str:
        with disk_faults():
            for folder in (self._folder / INCOMING, self._folder / JOBS):
                folder.mkdir(parents=True, exist_ok=True)
        with self.upload() as upload:
            upload.write(new_id.encode())
            with disk_faults(), suppress(FileExistsError):
                upload.file.flush()
                os.fsync(upload.file.fileno())
                os.link(upload.path, self._folder / ID)
                sync_folder(self._folder)
        self._id = self.identity()
        return self._id or new_id

    def has_jobs(self) -> bool:
        with disk_faults():
            return any((self._folder / JOBS).glob("*"))

    def probe(self) -> None:
        with self.upload() as upload:
            upload.write(b"probe")
            with disk_faults():
                upload.file.flush()
                os.posix_fallocate(upload.file.fileno(), 0, _ROOM_BYTES)
                os.fsync(upload.file.fileno())
                if num_inodes(self._folder) < ROOM_INODES:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(upload.path))

    @contextmanager
    def upload(self) -> Iterator[_FileUpload]:
        with disk_faults():
            path = Path(self._incoming())
            file = path.open("xb", buffering=_BUFFER_BYTES)
        try:
            yield _FileUpload(self, file, path)
        finally:
            # What was kept is on disk by now; what is left here is swept up later if need be.
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def put(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        self._put(f"{job_place(tenant, job_id)}/{name}", data, lasts=True)

    def put_passing(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        self._put(f"{job_place(tenant, job_id)}/{name}", data, lasts=False)

    def _put(self, place: str, data: bytes, lasts: bool) -> None:
        """What an upload does, with half the calls of the system: each page is stored so twice."""
        target = f"{self._folder}/{place}"
        with disk_faults():
            path = self._incoming()
            try:
                _write(path, data, lasts)
                self._move(path, target)
            except BaseException:
                with suppress(OSError):
                    os.unlink(path)
                raise
            if lasts:
                sync_folder(os.path.dirname(target))

    def share(
        self, tenant: str, job_id: str, other_id: str, name: str, new_name: str | None = None
    ) -> None:
        source = self._found(tenant, job_id, name)
        target = self._path(tenant, other_id, new_name or name)
        with disk_faults():
            self._make_folder(target.parent)
            try:
                with suppress(FileExistsError):
                    os.link(source, target)
            except FileNotFoundError:  # erased this moment
                raise BlobNotFound(name) from None
            sync_folder(target.parent)

    def get(self, tenant: str, job_id: str, name: str) -> bytes:
        path = self._found(tenant, job_id, name)
        with disk_faults():
            return path.read_bytes()

    @contextmanager
    def local(self, tenant: str, job_id: str, name: str) -> Iterator[Path]:
        yield self._found(tenant, job_id, name)

    def _found(self, tenant: str, job_id: str, name: str) -> Path:
        path = self._path(tenant, job_id, name)
        with disk_faults():
            if path.is_file():
                return path
        self._check_disk()
        raise BlobNotFound(name)

    def delete(self, tenant: str, job_id: str, name: str) -> None:
        with disk_faults():
            self._path(tenant, job_id, name).unlink(missing_ok=True)

    def delete_job(self, tenant: str, job_id: str) -> bool:
        folder = self._folder / job_place(tenant, job_id)
        shutil.rmtree(folder, ignore_errors=True)
        return self._folder.is_dir() and not folder.exists()

    def old_jobs(self, age_s: float, seen: Seen = int) -> Iterator[tuple[str, str]]:
        self._check_disk()
        before = time.time() - age_s
        for folder in (self._folder / JOBS).glob("*/*/*"):
            try:
                old = folder.stat().st_mtime < before
            except OSError:  # erased meanwhile
                continue
            seen(_num_bytes(folder))
            if old:
                yield folder.parts[-3], folder.name

    def delete_old_uploads(self, age_s: float) -> int:
        before = time.time() - age_s
        erased = 0
        for path in (self._folder / INCOMING).glob("*"):
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
            is_there = (self._folder / JOBS).is_dir()
        if not is_there or self._id not in (None, self.identity()):
            raise Unavailable("The blob store is not there right now.")

    def _incoming(self) -> str:
        """A path for what comes in, which nobody else has."""
        if self._id is None:  # else its folders are there, or its disk is away
            (self._folder / INCOMING).mkdir(parents=True, exist_ok=True)
        # Another process may be a fork of this one.
        own = f"{self._own}-{os.getpid()}-{next(self._num_incoming)}"
        return f"{self._folder}/{INCOMING}/{own}"

    def _path(self, tenant: str, job_id: str, name: str) -> Path:
        return self._folder / job_place(tenant, job_id) / name

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and what it lies in, each safe on disk."""
        if folder.is_dir():
            return
        if self._id and folder == self._folder / JOBS:  # what is here is not our disk
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)

    def place(self, source: Path, place: str, first: bool) -> bool:
        """Move a file to its place, or leave what is there; whether it got it."""
        target = self._folder / place
        if first:
            self._make_folder(target.parent)
            try:
                os.link(source, target)
            except FileExistsError:
                return False
        else:
            self._move(source, target)
        sync_folder(target.parent)
        return True

    def _move(self, source: Path | str, target: Path | str) -> None:
        try:
            os.replace(source, target)
        except FileNotFoundError:  # the first of its job
            self._make_folder(Path(target).parent)
            os.replace(source, target)


def _write(path: str, data: bytes, lasts: bool) -> None:
    """Write a new file; it lasts through a power cut, if it is to."""
    left = memoryview(data)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
        if lasts:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _num_bytes(folder: Path) -> int:
    """The bytes of what lies in a folder; what is erased meanwhile has none."""
    with suppress(OSError), os.scandir(folder) as found:
        return sum(one.stat().st_size for one in found)
    return 0
