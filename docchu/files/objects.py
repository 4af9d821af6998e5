"""Documents and results in an object store: s3://BUCKET/PREFIX; gs:// and az:// likewise.

The provider's usual variables lead there (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …). What the
store does wrong is an OSError, as of a file.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from docchu.files.walking import Found

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore

SCHEMES = ("s3://", "gs://", "az://")
_CLIENT: ClientConfig = {"allow_http": True, "connect_timeout": "10s", "timeout": "60s"}
_BUFFER_BYTES = 4 << 20


class NoObjectStores(Exception):
    """What talks to object stores is not installed."""


def is_address(path: object) -> bool:
    """Whether a path is one in an object store."""
    return str(path).startswith(SCHEMES)


def walk(name: str, address: str) -> Iterator[Found]:
    """The objects below an address, or the one that is there, named as files in a folder are.

    Hidden ones are left out. Raises OSError, NoObjectStores.
    """
    store, key = _parts(address)
    with _faults(address):
        if key and (one := _head(store, key)):
            yield _found(name or key.rpartition("/")[2], address, one)
            return
        for piece in _obstore().list(store, prefix=key or None):
            for meta in piece:
                inner = meta["path"].removeprefix(f"{key}/" if key else "")
                if any(part.startswith(".") for part in inner.split("/")):
                    continue  # as in a folder; `..` could lead out of where results go
                full = f"{name}/{inner}" if name else inner
                yield _found(full, f"{address.rstrip('/')}/{inner}", meta)


@contextmanager
def opened(address: str) -> Iterator[tuple[BinaryIO, int, int]]:
    """An object to be read, its size and its time (ns). Raises OSError."""
    store, key = _parts(address)
    with _faults(address):
        meta = _obstore().head(store, key)
        reader = _obstore().open_reader(store, key, buffer_size=_BUFFER_BYTES)
        yield cast(BinaryIO, _Bytes(reader)), meta["size"], _ns(meta)


class ObjectFolder:
    """What is below an address, to which results are written; each appears whole or not at all."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def has(self, name: str) -> bool:
        """Whether there is such an object. Raises OSError."""
        store, key = _parts(f"{self.address}/{name}")
        with _faults(self.address):
            return _head(store, key) is not None

    def write(self, name: str, data: bytes) -> None:
        """Write an object. Raises OSError."""
        store, key = _parts(f"{self.address}/{name}")
        with _faults(self.address):
            _obstore().put(store, key, data)

    def read(self, name: str) -> bytes:
        """Read one. Raises OSError."""
        store, key = _parts(f"{self.address}/{name}")
        with _faults(self.address):
            return bytes(_obstore().get(store, key).bytes())

    def delete(self, name: str) -> None:
        """Erase one, if it is there. Raises OSError."""
        store, key = _parts(f"{self.address}/{name}")
        with _faults(self.address):
            _obstore().delete(store, key)


class _Bytes:
    """obstore's reader, whose pieces are no `bytes`."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(None if size < 0 else size))

    def seek(self, offset: int) -> int:
        return int(self._reader.seek(offset))


def _parts(address: str) -> tuple[ObjectStore, str]:
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    return _bucket(f"{scheme}://{bucket}"), key.strip("/")


@cache
def _bucket(address: str) -> ObjectStore:
    _obstore()
    from obstore.store import from_url

    return from_url(address, client_options=_CLIENT)


def _obstore() -> Any:
    """The library, as its annotations cannot be had where it is not installed."""
    try:
        import obstore
    except ImportError:
        raise NoObjectStores("object stores want docchu[s3]: pip install 'docchu[s3]'") from None
    return obstore


def _head(store: ObjectStore, key: str) -> Any:
    try:
        return _obstore().head(store, key)
    except FileNotFoundError:
        return None


def _found(name: str, address: str, meta: Any) -> Found:
    return Found(name, address, meta["size"], _ns(meta))


def _ns(meta: Any) -> int:
    return int(meta["last_modified"].timestamp() * 1e9)


@contextmanager
def _faults(address: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "there is no such object", address) from None
    except BaseError as error:
        brief = str(error).split("\n\nDebug source")[0].split(": <?xml")[0]
        if "NoSuchBucket" in str(error):
            raise FileNotFoundError(errno.ENOENT, "there is no such bucket", address) from None
        raise OSError(errno.EIO, f"the object store refuses or is away: {brief}", address) from None
