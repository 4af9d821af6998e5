"""Where the work goes that blocks, such as the disk's: beside the requests, if the server can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from shared.blobs import BlobStore, Upload

_T = TypeVar("_T")
_runners: list[Callable[..., Any]] = []


def use(run: Callable[..., Any]) -> None:
    """Let `run(work, args)` carry out what blocks from now on."""
    _runners[:] = [run]


def aside(work: Callable[..., _T], *args: object) -> _T:
    """Do work that blocks and needs no lock, thread or socket of ours; answer what it answers."""
    if not _runners:
        return work(*args)
    answer, error = _runners[0](_outcome, (work, *args))
    if error is not None:
        raise error
    return cast(_T, answer)


def _outcome(work: Callable[..., _T], *args: object) -> tuple[_T | None, Exception | None]:
    # gevent writes what is raised in its threads to the log, with its traceback, each time.
    try:
        return work(*args), None
    except Exception as error:
        return None, error


def aside_blobs(blobs: BlobStore) -> BlobStore:
    """The same blob store, with all its work done aside."""
    return cast(BlobStore, _Blobs(blobs))


class _Blobs:
    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(aside, getattr(self._blobs, name))

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        with _entered(self._blobs.upload()) as upload:
            upload.run = aside
            yield upload

    def local(self, tenant: str, job_id: str, name: str) -> AbstractContextManager[Path]:
        return _entered(self._blobs.local(tenant, job_id, name))


@contextmanager
def _entered(context: AbstractContextManager[_T]) -> Iterator[_T]:
    value = aside(context.__enter__)
    try:
        yield value
    finally:
        aside(context.__exit__, None, None, None)
