"""Talking to an object store: reached, its faults in our words, uploads that go out in parts.

obstore reads the usual variables of the provider itself (`AWS_…`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO, Literal

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import ObjectStore, S3Store, from_url

from shared.blobs.store import INCOMING, Upload
from shared.errors import Unavailable
from shared.running.disk import disk_faults

if TYPE_CHECKING:
    from obstore import WritableFile
    from obstore.store import ClientConfig, RetryConfig

_PART_BYTES = 8 << 20  # S3 takes 10,000 parts of 5 MiB or more: uploads up to 80 GB
_MAX_COPY_BYTES = 1 << 29  # S3 copies up to 5 GB, but not within one request's time
# Of one request. http:// is taken where an address says so; https:// stays what it is.
_CLIENT: ClientConfig = {"allow_http": True, "connect_timeout": "5s", "timeout": "20s"}
_RETRY: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}


class PartsUpload(Upload):
    """Goes out in parts as it comes in; a small one whole in the end, which is one request."""

    def __init__(self, store: ObjectStore, file: BinaryIO) -> None:
        super().__init__()
        self._store = store
        self._file = file  # what has not gone out yet: many come in at once, memory is for few
        self._place = f"{INCOMING}/{token_hex(16)}"
        self._held = 0
        self._writer: WritableFile | None = None

    def blocks(self, data: bytes) -> bool:
        return super().blocks(data) or self._held + len(data) >= _PART_BYTES

    def append(self, data: bytes) -> None:
        with disk_faults():
            self._file.write(data)
        self._held += len(data)
        if self._held >= _PART_BYTES:
            self._send()

    def _send(self) -> None:
        data = self._taken()
        with object_faults():
            if self._writer is None:
                self._writer = obstore.open_writer(
                    self._store, self._place, buffer_size=_PART_BYTES, max_concurrency=2
                )
            self._writer.write(data)

    def _taken(self) -> bytes:
        with disk_faults():
            self._file.seek(0)
            data = self._file.read()
            self._file.seek(0)
            self._file.truncate()
            self._held = 0
            return data

    def store(self, place: str, first: bool = False) -> bool:
        if self._writer is not None:
            self._send()
        with object_faults():
            try:
                if self._writer is None:
                    self._put(place, first)
                else:
                    self._writer.close()
                    self._copy(place, first)
            except AlreadyExistsError:
                return False
        return True

    def _put(self, place: str, first: bool) -> None:
        mode: Literal["create", "overwrite"] = "create" if first else "overwrite"
        obstore.put(self._store, place, self._taken(), mode=mode, use_multipart=False)

    def _copy(self, place: str, first: bool) -> None:
        if self.size > _MAX_COPY_BYTES and not first:
            again = pieces(self._store, self._place, self.size)
            obstore.put(self._store, place, again, chunk_size=_PART_BYTES)
        else:
            obstore.copy(self._store, self._place, place, overwrite=not first)

    def drop(self) -> None:
        with suppress(OSError):  # of a full disk: what it holds is not wanted any more
            self._file.close()
        if self._writer is not None:
            # Parts of what is never ended would lie there unseen.
            with suppress(BaseError, OSError):
                self._writer.close()
            with suppress(BaseError, OSError):
                obstore.delete(self._store, self._place)


def pieces(store: ObjectStore, place: str, size: int) -> Iterator[bytes]:
    """An object in pieces: one request of many gigabytes would end at some timeout."""
    for start in range(0, size, _PART_BYTES):
        end = min(start + _PART_BYTES, size)
        with object_faults():
            piece = bytes(obstore.get_range(store, place, start=start, end=end))
        yield piece


def connect(url: str) -> ObjectStore:
    """The store at an address such as s3://bucket/prefix; nothing is asked of it yet."""
    if not url.startswith("s3:"):
        return from_url(url, client_options=_CLIENT, retry_config=_RETRY)
    return S3Store.from_url(
        url,
        copy_if_not_exists="multipart",  # S3 knows the condition for what has parts
        client_options=_CLIENT,
        retry_config=_RETRY,
    )


@contextmanager
def object_faults() -> Iterator[None]:
    """Turn the object store's faults into `Unavailable`."""
    try:
        yield
    except AlreadyExistsError:
        raise
    except (BaseError, OSError) as error:
        # Its text goes on with a dump of what the library holds.
        brief = type(error)(str(error).split("\n\nDebug source")[0])
        raise Unavailable(f"The blob store cannot be used right now: {_why(error)}.") from brief


def _why(error: Exception) -> str:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "it refuses our key"
    if isinstance(error, FileNotFoundError):
        return "what should be there is not, perhaps not even the bucket"
    return "it does not answer, or with an error"


def is_missing(error: Unavailable) -> bool:
    """Whether the fault was that an object, or its bucket, is not there."""
    return isinstance(error.__cause__, FileNotFoundError)
