"""What a blob store does, whatever is under it: `folder.py` and `objects.py` are the two."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

INPUT = "input"
"""The name of the blob that holds a job's document."""
PASSWORD = "password"
"""The name of the one that holds what opens it, where the caller gave that."""
JOBS = "jobs"
INCOMING = "incoming"
ID = "id"
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]*")
_OWNER = re.compile(r"[a-z]{3}_[A-Za-z0-9_-]+")  # a job or a batch
_HEAD_BYTES = 2048
_SMALL_BYTES = 1 << 15  # stay in memory: not worth a turn of another thread

Seen = Callable[[int], object]
"""Hears of a number of bytes."""


def picture_name(page: str) -> str:
    """The name of the picture that goes with a page's result, by the name of that."""
    return f"{page.removesuffix('.json')}.jpg"


def job_place(tenant: str, job_id: str) -> str:
    """Where the blobs of a job lie: `jobs/<tenant>/<2 letters>/<job>`."""
    # From a damaged record they could name any place, and that one would be erased.
    if not (_TENANT.fullmatch(tenant) and _OWNER.fullmatch(job_id)):
        raise ValueError(f"{tenant!r} has no blobs of {job_id!r}")
    return f"{JOBS}/{tenant}/{job_id[4:6].lower()}/{job_id}"


class BlobNotFound(Exception):
    """There is no blob of this name."""


class Upload(ABC):
    """Bytes on their way in: written to one side, and nowhere to be seen until stored.

    `run` carries out what blocks.
    """

    def __init__(self) -> None:
        self.run: Callable[..., Any] = lambda work, *args: work(*args)
        self.size = 0
        self.head = b""
        self._digest = sha256()

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        self.size += len(data)
        if self.blocks(data):
            self.run(self._write, data)
        else:
            self._write(data)
        return len(data)

    def blocks(self, data: bytes) -> bool:
        """Whether `append` will take longer than a moment."""
        return len(data) >= _SMALL_BYTES

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self.append(data)

    @property
    def sha256(self) -> str:
        """The hex digest of what has been written."""
        return self._digest.hexdigest()

    @abstractmethod
    def append(self, data: bytes) -> None:
        """Put bytes to those that are there. Raises Unavailable."""

    @abstractmethod
    def store(self, place: str, first: bool = False) -> bool:
        """Give it its place, whole and safe; whether it got it: `first` leaves what is there."""


class BlobStore(Protocol):
    """Blobs of jobs. One appears whole or not at all, and is safe when the call returns.

    Raises Unavailable where the store is full, broken or not there.
    """

    @abstractmethod
    def identity(self) -> str | None:
        """The id that it was given, if it was given one."""

    @abstractmethod
    def identify(self, new_id: str) -> str:
        """Give it this id unless it has one, and make it ready; the id that it has then."""

    @abstractmethod
    def has_jobs(self) -> bool:
        """Whether anything is stored."""

    @abstractmethod
    def probe(self) -> None:
        """Raise Unavailable if a document could not be stored, with the reason."""

    @abstractmethod
    def upload(self) -> AbstractContextManager[Upload]:
        """Take bytes in; unless `keep` is called before the end, they are dropped."""

    def keep(self, upload: Upload, tenant: str, job_id: str, name: str) -> None:
        """Give an upload its name."""
        upload.store(f"{job_place(tenant, job_id)}/{name}")

    def keep_first(self, upload: Upload, tenant: str, job_id: str, name: str) -> bool:
        """Give an upload its name, unless a blob has it already; whether it got it."""
        return upload.store(f"{job_place(tenant, job_id)}/{name}", first=True)

    def put(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        """Store a blob."""
        with self.upload() as upload:
            upload.write(data)
            self.keep(upload, tenant, job_id, name)

    @abstractmethod
    def put_passing(self, tenant: str, job_id: str, name: str, data: bytes) -> None:
        """Store a blob without waiting for the disk: a power cut may leave it lost or empty."""

    @abstractmethod
    def share(
        self, tenant: str, job_id: str, other_id: str, name: str, new_name: str | None = None
    ) -> None:
        """Give another job the same blob, if it has none of that name; each erases its own.

        Raises BlobNotFound.
        """

    @abstractmethod
    def get(self, tenant: str, job_id: str, name: str) -> bytes:
        """Read a blob. Raises BlobNotFound."""

    @abstractmethod
    def local(self, tenant: str, job_id: str, name: str) -> AbstractContextManager[Path]:
        """A blob as a file of this machine, until the end. Raises BlobNotFound."""

    def tidy(self) -> None:
        """Erase what is left on this machine of files that nobody has used for a while."""
        return

    @abstractmethod
    def delete(self, tenant: str, job_id: str, name: str) -> None:
        """Erase a blob, if it is there."""

    @abstractmethod
    def delete_job(self, tenant: str, job_id: str) -> bool:
        """Erase all blobs of a job; whether nothing is left of them."""

    @abstractmethod
    def old_jobs(self, age_s: float, seen: Seen = int) -> Iterator[tuple[str, str]]:
        """Tenant and id of jobs whose blobs were last changed `age_s` seconds ago or earlier.

        `seen` is told the bytes of each job on the way, of whatever age.
        """

    @abstractmethod
    def delete_old_uploads(self, age_s: float) -> int:
        """Erase what is left of uploads that broke off `age_s` seconds ago or earlier."""
