"""What every process sees to before it starts: the store answers, and the blobs are its own.

The job store and the blob store know each other by an id that is written once, in both: a worker
that looked for its documents in another folder would fail other people's jobs, and a keeper there
would erase what it takes for orphaned.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress

from redis.exceptions import NoPermissionError

from shared.blobs import BlobStore, open_blobs
from shared.errors import SettingError, Unavailable
from shared.settings import Settings
from shared.store import keys
from shared.store.schema.version import take_over
from shared.store.scripts import Client, connect, store_faults

_STARTS_S = 30.0  # the store may be started at the same time as this process


def await_stores(settings: Settings) -> None:
    """Wait until both stores can be used, and see that they belong together and to this version.

    Raises SettingError where they do not, and Unavailable.
    """
    client, blobs = connect(settings.store_url), open_blobs(settings)
    deadline = time.monotonic() + _STARTS_S
    while True:
        try:
            _refuse_cluster(client)
            check_pair(settings, client, blobs)
            return take_over(client)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _refuse_cluster(client: Client) -> None:
    with store_faults(), suppress(NoPermissionError):  # a user who may not ask has been set up
        if client.info("cluster").get("cluster_enabled"):
            raise SettingError(
                "The job store (DOCCHU_REDIS_URL) is a cluster: each step of a job changes "
                "many keys at once, which a cluster spreads. Use one server, or Sentinel."
            )


def check_pair(settings: Settings, client: Client, blobs: BlobStore) -> None:
    """Raise SettingError if the blobs are those of another store; two new ones become a pair."""
    with store_faults():
        known, is_used = client.get(keys.BLOBS), client.exists(keys.STATES)
    own = blobs.identity()
    if known is None:
        if not is_used and blobs.has_jobs():  # all of them would be erased as orphans
            raise SettingError(
                f"{_where(settings)} belong to another job store, or this one has lost its data. "
                "Set DOCCHU_REDIS_URL to theirs; or, to give them up, move them away."
            )
        # Its folder knows it first: who finds an id in the store finds the folder with it.
        own = blobs.identify(own or secrets.token_hex(16))
        with store_faults():
            client.set(keys.BLOBS, own, nx=True)
            known = client.get(keys.BLOBS)
    if own == known:
        return
    if own is None:
        raise SettingError(f"{_where(settings)} are none of this job store: is its disk there?")
    raise SettingError(f"{_where(settings)} belong to another job store.")


def _where(settings: Settings) -> str:
    if settings.blobs:
        return f"The documents in {settings.blobs} (DOCCHU_BLOBS)"
    return f"The documents in {settings.data_dir.resolve() / 'blobs'} (DOCCHU_DATA_DIR)"
