"""Where the pages of the same bytes, read in the same way, are to be had: an index by tenant."""

from __future__ import annotations

from dataclasses import dataclass

from shared.store import keys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim
from shared.store.scripts import Client, store_faults


@dataclass(frozen=True)
class Earlier:
    """A job that read them, and the names of the blobs of the pages that it read wholly."""

    job_id: str
    blobs: dict[int, str]


class EarlierReadings:
    """The newest job of a tenant for each print of bytes and options, as long as it is kept.

    The page that ends its slice leaves the note of it (`SliceQueue.record`).

    It is a hint: what it names may have gone since. Every method raises Unavailable.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, claim: Claim, fingerprint: str) -> Earlier | None:
        """What there is of the pages that the slice still needs, of another job."""
        with store_faults():
            job_id = self._client.get(keys.earlier(claim.tenant, fingerprint))
            if job_id == claim.job_id:  # another slice of it was here
                job_id = self._client.hget(keys.job(job_id), "reused_from")
            if job_id is None:
                return None
            known = self._client.hmget(keys.pages(job_id), claim.left)
        records = {
            number: PageRecord.parse(text)
            for number, text in zip(claim.left, known, strict=True)
            if text
        }
        blobs = {number: one.blob for number, one in records.items() if one.blob and not one.code}
        return Earlier(job_id, blobs) if blobs else None
