"""Blobs in an object store (S3 and what speaks like it, GCS, Azure): hosts share no disk then.

Names are those of a folder. Where a path is wanted, a copy on this machine serves.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import obstore
from obstore.exceptions import AlreadyExistsError

from shared.blobs.copies import Copies
from shared.blobs.parts import PartsUpload, connect, is_missing, object_faults, pieces
from shared.blobs.store import ID, INCOMING, JOBS, BlobNotFound, BlobStore, Seen, Upload, job_place
from shared.errors import Unavailable
from shared.running.disk import disk_faults

_T = TypeVar("_T")
_BUFFER_BYTES = 1 << 16


class ObjectBlobs(BlobStore):
    """`jobs/<tenant>/<2 letters>/<job>/<name>` below a prefix; large uploads come in beside that.

    `folder` is on this machine: for copies of what is wanted as a file, and for bytes on their way.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._store = connect(url)
        self._folder = folder
        self._copies = Copies(folder)
        self._id: str | None = None
        with suppress(Unavailable):
            self._id = self.identity()

    def identity(self) -> str | None:
        try:
            with object_faults():
                return bytes(obstore.get(self._store, ID).bytes()).decode().strip()
        except Unavailable as error:
            if is_missing(error):
                return None
            raise

    def identify(self, new_id: str) -> str:
        with object_faults(), suppress(AlreadyExistsError):
            obstore.put(self._store, ID, new_id.encode(), mode="create", use_multipart=False)
        self._id = self.identity()
        return self._id or new_id

    def has_jobs(self) -> bool:
        return any(True for _ in self._listed(JOBS))

    def probe(self) -> None:
        with self.upload() as upload:
            upload.write(b"probe")
            upload.store(f"{INCOMING}/probe")

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        with disk_faults():
            self._folder.mkdir(parents=True, exist_ok=True)
            # Without a name: it is gone with this process.
            file = tempfile.TemporaryFile("w+b", _BUFFER_BYTES, dir=self._folder)  # noqa: SIM115
        upload = PartsUpload(self._store, cast(BinaryIO, file))
        try:
            yield upload
        finally:
            upload.drop()

    def put_passing(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        self.put(tenant, job_id, name, data)

    def share(
        self, tenant: str, job_id: str, other_id: str, name: str, new_name: str | None = None
    ) -> None:
        source = f"{job_place(tenant, job_id)}/{name}"
        target = f"{job_place(tenant, other_id)}/{new_name or name}"
        self._found(name, lambda: obstore.copy(self._store, source, target))

    def get(self, tenant: str, job_id: str, name: str) -> bytes:
        place = f"{job_place(tenant, job_id)}/{name}"
        return self._found(name, lambda: bytes(obstore.get(self._store, place).bytes()))

    @contextmanager
    def local(self, tenant: str, job_id: str, name: str) -> Iterator[Path]:
        place = f"{job_place(tenant, job_id)}/{name}"
        # Asked each time: what was erased is not there, whatever is left of it here.
        meta = self._found(name, lambda: obstore.head(self._store, place))
        version, size = f"{place} {meta['e_tag']} {meta['last_modified']}", meta["size"]

        def fetch(file: BinaryIO) -> None:
            for piece in pieces(self._store, place, size):
                file.write(piece)

        with self._copies.held(version, size, fetch) as path:
            yield path

    def tidy(self) -> None:
        self._copies.drop_idle()

    def delete(self, tenant: str, job_id: str, name: str) -> None:
        with object_faults(), suppress(FileNotFoundError):  # S3 says nothing then, others do
            obstore.delete(self._store, f"{job_place(tenant, job_id)}/{name}")

    def delete_job(self, tenant: str, job_id: str) -> bool:
        place = job_place(tenant, job_id)
        with suppress(Unavailable), object_faults():
            if paths := [path for path, _, _ in self._listed(place)]:
                obstore.delete(self._store, paths)
            return True
        return False

    def old_jobs(self, age_s: float, seen: Seen = int) -> Iterator[tuple[str, str]]:
        self._check_there()
        before = time.time() - age_s
        # In the order of their names: those of one job follow each other.
        for owner, blobs in groupby(self._listed(JOBS), lambda one: tuple(one[0].split("/")[:4])):
            changed = []
            for _, when, size in blobs:
                changed.append(when)
                seen(size)
            if len(owner) == 4 and max(changed) < before:
                yield owner[1], owner[3]

    def delete_old_uploads(self, age_s: float) -> int:
        before = time.time() - age_s
        old = [path for path, changed, _ in self._listed(INCOMING) if changed < before]
        if old:
            with object_faults():
                obstore.delete(self._store, old)
        return len(old)

    def _listed(self, prefix: str) -> Iterator[tuple[str, float, int]]:
        """Path, time of the last change and size of every object below."""
        with object_faults():
            for one in chain.from_iterable(obstore.list(self._store, prefix, chunk_size=1000)):
                yield one["path"], one["last_modified"].timestamp(), one["size"]

    def _found(self, name: str, work: Callable[[], _T]) -> _T:
        """What `work` says of a blob. Raises BlobNotFound."""
        try:
            with object_faults():
                return work()
        except Unavailable as error:
            if not is_missing(error):
                raise
        self._check_there()
        raise BlobNotFound(name)

    def _check_there(self) -> None:
        """Raise Unavailable where what is there is not this store, so that what is missing in it
        tells nothing: the bucket is another one, or empty, or gone.
        """
        own = self.identity()
        if own is None or self._id not in (None, own):
            raise Unavailable("The blob store is not there right now.")
        self._id = own
