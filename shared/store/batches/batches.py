"""What the API does with batches: create, read, list, close, begin to cancel or erase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from shared.batches import Batch, BatchError
from shared.errors import IdempotencyInFlight
from shared.errors.batches import BatchBusy, BatchClosed, BatchGone, BatchNotFound
from shared.ids import is_id, new_id
from shared.jobs import Status
from shared.options import BatchOptions
from shared.store import keys
from shared.store.batches.records import COUNTS, NewBatch, batch_of
from shared.store.batches.scripts import BatchScripts
from shared.store.batches.uploads import NewBatchUpload
from shared.store.jobs.idempotency import KEPT_MS, Claimed
from shared.store.lists import behind, newest
from shared.store.scripts import Client, Clock, server_clock, store_faults

BulkKind = Literal["cancel", "retry", "erase"]


@dataclass(frozen=True)
class BatchPage:
    """Some batches, newest first, and where to go on; no cursor at the end."""

    batches: list[Batch]
    next_cursor: str | None


class BatchStore:
    """The batches of all tenants. Every method raises Unavailable when the server is away.

    Those that name a batch raise BatchNotFound (also for another tenant's) and BatchGone.
    """

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = BatchScripts(client, clock)

    def create(
        self,
        new: NewBatch,
        claimed: Claimed | None = None,
        fingerprint: str = "",
        *,
        batch_upload: NewBatchUpload | None = None,
        closed: bool = False,
    ) -> Batch:
        """Open a batch, or begin one with its first upload. Raises IdempotencyInFlight.

        `closed`: nothing may be added later. In the same step the request's Idempotency-Key, if it
        has one, comes to stand for the batch.
        """
        key = keys.idempotency(new.tenant, claimed.key if claimed else "")
        answer = self._scripts.run_of(
            "batch_create",
            new.id,
            1,
            new.record(),
            batch_upload.record(new.tenant, new.id) if batch_upload else "",
            "1" if closed else "",
            claimed.token if claimed else "",
            fingerprint,
            KEPT_MS,
            batch_upload.id if batch_upload else "",
            upload_id=batch_upload.id if batch_upload else "",
            more_keys=(keys.tenant_batches(new.tenant), key, keys.PLACES),
        )
        if answer == "lost":
            raise IdempotencyInFlight
        return self.get(new.tenant, new.id)

    def get(self, tenant: str, batch_id: str) -> Batch:
        """Read a batch."""
        record, counted = self._read(tenant, batch_id)
        busy = any(int(counted.get(name, 0)) for name in ("queued", "running"))
        if "closed" in record and "finished" not in record and not busy:
            self._scripts.run("batch_close", batch_id)  # nobody noticed yet that it has ended
            record, counted = self._read(tenant, batch_id)
        return batch_of(batch_id, record, counted, *self._errors([counted]))

    def newest(self, tenant: str, *, limit: int, cursor: str | None = None) -> BatchPage:
        """List the tenant's batches, newest first, without tombstones. Raises InvalidOption."""
        found = newest(self._client, [keys.tenant_batches(tenant)], limit, cursor)
        loaded = zip(found.ids, self._load(found.ids), strict=True)
        seen = [one for one in loaded if one[1][0] and "gone" not in one[1][0]]
        errors = self._errors([counted for _, (_, counted) in seen])
        batches = [
            batch_of(batch_id, record, counted, of_batch)
            for (batch_id, (record, counted)), of_batch in zip(seen, errors, strict=True)
        ]
        return BatchPage(batches, found.next_cursor)

    def admit(self, tenant: str, batch_id: str, custom_id: str) -> str | None:
        """The id of the job that has this `custom_id`; None if one may be added under it.

        Raises BatchClosed.
        """
        record = self._record(tenant, batch_id)
        with store_faults():
            holder: str | None = self._client.hget(keys.batch_names(batch_id), custom_id)
        if holder is None and "closed" in record:
            raise BatchClosed
        return holder

    def check(self, tenant: str, batch_id: str) -> None:
        """Raise BatchNotFound or BatchGone unless the tenant has such a batch."""
        self._record(tenant, batch_id)

    def holder(self, batch_id: str, custom_id: str) -> str | None:
        """The id of the job that has this `custom_id`, if one has."""
        with store_faults():
            found: str | None = self._client.hget(keys.batch_names(batch_id), custom_id)
        return found

    def options(self, tenant: str, batch_id: str) -> BatchOptions:
        """What its jobs are given that ask for nothing else."""
        return BatchOptions.model_validate_json(self._record(tenant, batch_id)["options"])

    def close(self, tenant: str, batch_id: str) -> Batch:
        """Let nothing more be added."""
        self._record(tenant, batch_id)
        self._scripts.run("batch_close", batch_id)
        return self.get(tenant, batch_id)

    def begin(self, tenant: str, batch_id: str, kind: BulkKind) -> bool:
        """Begin to cancel, retry or erase its jobs, one after the other; whether there is anything.

        Raises BatchBusy while something else is done to them.
        """
        while True:
            run = int(self._record(tenant, batch_id)["run"])
            names = [keys.tenant_batches(tenant)]
            names += [keys.batch_event(batch_id, one) for one in range(1, run + 1)]
            answer = self._scripts.run_of(
                "bulk_begin",
                batch_id,
                run,
                kind,
                new_id("evt"),
                more_keys=tuple(names),
            )
            if answer == "gone":
                raise BatchGone
            if answer == "busy":
                raise BatchBusy
            if answer != "again":
                return bool(answer == "under_way")

    def members(self, batch_id: str, after: int, limit: int) -> list[tuple[int, str]]:
        """Place and id of jobs behind a place, in their order."""
        names = keys.parts(f"batch:{batch_id}", Status)
        found = behind(self._client, names, limit, after)
        return [(entry.place, entry.id) for entry in found.entries]

    def _record(self, tenant: str, batch_id: str) -> dict[str, str]:
        return self._read(tenant, batch_id)[0]

    def _read(self, tenant: str, batch_id: str) -> tuple[dict[str, str], dict[str, str]]:
        found: list[tuple[dict[str, str], dict[str, str]]] = [({}, {})]
        if is_id("bat", batch_id):
            found = self._load([batch_id])
        record, counted = found[0]
        if record.get("tenant") != tenant:
            raise BatchNotFound
        if "gone" in record:
            raise BatchGone
        return record, counted

    def _load(self, ids: Iterable[str]) -> list[tuple[dict[str, str], dict[str, str]]]:
        """Records and counts as they are at one moment."""
        with store_faults(), self._client.pipeline() as pipe:
            for batch_id in ids:
                pipe.hgetall(keys.batch(batch_id))
                pipe.hmget(keys.BATCH_COUNTS, [f"{batch_id}/{name}" for name in COUNTS])
            found = pipe.execute()
        return [
            (record, {name: one for name, one in zip(COUNTS, counts, strict=True) if one})
            for record, counts in zip(found[::2], found[1::2], strict=True)
        ]

    def _errors(self, counts: Iterable[Mapping[str, str]]) -> list[list[BatchError]]:
        """The first problems of batches that are counted so."""
        ids = [counted.get("errors", "").split() for counted in counts]
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for job_id in chain(*ids):
                pipe.hmget(keys.job(job_id), ["custom_id", "code", "detail"])
            records = iter(pipe.execute())
        return [
            [
                BatchError(custom_id=name, job_id=job_id, code=code, detail=detail)
                for job_id, (name, code, detail) in zip(of_batch, records, strict=False)
                if code
            ]
            for of_batch in ids
        ]
