"""Who makes a file of a job, such as its searchable PDF: one request of all processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from shared.errors import Unavailable
from shared.store import keys
from shared.store.scripts import Client, store_faults

_LEASE_S = 15.0  # after a maker died, the next one may begin
_FAILED_MS = 60_000  # what could not be made is not tried again at once by everybody who waited
_FAILED = "failed"


class Making:
    """The claims on what is being made."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @contextmanager
    def claim(self, job_id: str, form: str = "pdf") -> Iterator[bool]:
        """Be the one who makes it unless somebody is; whether so. Its end is told to who waits.

        Raises Unavailable.
        """
        lock = Lock(self._client, keys.making(job_id, form), timeout=_LEASE_S, thread_local=False)
        with store_faults():
            is_mine = lock.acquire(blocking=False)
        if not is_mine:
            yield False
            return
        over = threading.Event()
        keeping = threading.Thread(target=_keep, args=(lock, over), daemon=True)
        keeping.start()
        try:
            yield True
        finally:
            over.set()
            keeping.join()
            # Where the store is away, or somebody else's claim stands there, the claim runs out.
            with suppress(LockError, Unavailable), store_faults():
                lock.release()
            with suppress(Unavailable), store_faults():
                self._client.publish(keys.events(job_id), "made")

    def give_up(self, job_id: str, form: str = "pdf") -> None:
        """Say that it cannot be made, in the place of the claim. Raises Unavailable."""
        with store_faults():
            self._client.set(keys.making(job_id, form), _FAILED, px=_FAILED_MS)

    def was_given_up(self, job_id: str, form: str = "pdf") -> bool:
        """Whether it was found lately that it cannot be made. Raises Unavailable."""
        with store_faults():
            return bool(self._client.get(keys.making(job_id, form)) == _FAILED)


def _keep(lock: Lock, over: threading.Event) -> None:
    while not over.wait(_LEASE_S / 3):
        with suppress(RedisError):
            lock.reacquire()
