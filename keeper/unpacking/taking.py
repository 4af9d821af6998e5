"""Makes one document of an upload a job, or a failed one that says why it was not taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from keeper.unpacking.items import Described, Item
from shared.blobs import INPUT, BlobStore, Upload
from shared.errors import (
    DocchuError,
    EmptyDocument,
    InvalidOption,
    Unavailable,
    UnsupportedMediaType,
)
from shared.errors.documents import ArchiveEntryRefused
from shared.incoming.paths import MAX_CUSTOM_ID
from shared.incoming.sinks import UploadSink, document_in
from shared.jobs import Document
from shared.options import BatchOptions
from shared.running.failpoints import reach
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.uploads import BatchUpload
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob

_KEEPS = 3  # times that a lease is renewed while it lasts
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_TAR = slice(257, 262)

Standing = Literal["new", "done", "double"]


@dataclass(frozen=True)
class Taker:
    """What all uploads are taken with."""

    batches: BatchStore
    jobs: JobStore
    blobs: BlobStore
    settings: Settings

    def begin(self, batch_upload: BatchUpload) -> Taking:
        """Begin to take an upload's documents. Raises BatchGone, BatchNotFound."""
        options = self.batches.options(batch_upload.tenant, batch_upload.batch_id)
        return Taking(self, batch_upload, options)


@dataclass
class Taking:
    """The documents of one upload as they become jobs of its batch."""

    parts: Taker
    batch_upload: BatchUpload
    defaults: BatchOptions
    _own: set[str] = field(default_factory=set)  # ids of jobs that entries may have become
    _num_own: int = 0

    def take(self, item: Item, keep: Callable[[], None]) -> None:
        """Make the document a job, unless it is one already.

        Raises BatchClosed, BatchGone, BatchFull, QueueFull, Unavailable, and what `keep` raises.
        """
        known = item.custom_id
        if known is not None and (standing := self._standing(item, known)) != "new":
            # As it was known by its name, its bytes are not looked at.
            if standing == "double":
                self._create(item, self._double(item, Described(known, known)))
            return
        parts = self.parts
        with parts.blobs.upload() as upload:
            max_bytes = parts.settings.max_upload_bytes
            sink = UploadSink(upload, max_bytes, keep, parts.settings.lease_s / _KEEPS)
            described = item.take(sink)
            standing = self._standing(item, described.custom_id)
            if standing == "done":
                return
            if standing == "double":
                described = self._double(item, described)
            if described.url:
                self._create(item, described)
            else:
                self._store(item, described, upload)

    def _standing(self, item: Item, custom_id: str) -> Standing:
        """Whether a job has this name: this document's, an earlier one's of this upload, or another
        upload's, which then is the same document sent again.
        """
        holder = self.parts.batches.holder(self.batch_upload.batch_id, custom_id)
        if holder is None:
            return "new"
        while self._num_own < item.number - 1:
            self._num_own += 1
            self._own.add(self.batch_upload.job_id(self._num_own))
        return "double" if holder in self._own else "done"

    def _double(self, item: Item, described: Described) -> Described:
        """The second document of a name: refused under another one."""
        mark = f" #{item.number}"
        name = described.custom_id[: MAX_CUSTOM_ID - len(mark)] + mark
        problem: DocchuError = ArchiveEntryRefused("An earlier entry has the same name.")
        if self.batch_upload.kind == "ndjson":
            detail = "An earlier line has the same `custom_id`."
            problem = InvalidOption(detail, option="custom_id")
        return Described(name, described.name, problem=problem)

    def _store(self, item: Item, described: Described, upload: Upload) -> None:
        """Keep the bytes, if they are a document, and create the job."""
        problem = described.problem
        document = None
        if problem is None:
            try:
                document = document_in(upload, described.name)
            except (EmptyDocument, UnsupportedMediaType) as error:
                problem = error
        if isinstance(problem, UnsupportedMediaType) and _is_archive(upload.head):
            problem = ArchiveEntryRefused("It is an archive itself, and is not unpacked.")
        if document is not None:
            job_id = self.batch_upload.job_id(item.number)
            self.parts.blobs.keep(upload, self.batch_upload.tenant, job_id, INPUT)
            reach("unpacking.kept")
        self._create(item, replace(described, problem=problem), document)

    def _create(self, item: Item, described: Described, document: Document | None = None) -> None:
        tenant, settings = self.batch_upload.tenant, self.parts.settings
        options = described.options.within(self.defaults)
        new = NewJob(
            id=self.batch_upload.job_id(item.number),
            tenant=tenant,
            document=document or Document(name=described.name),
            url=described.url if described.problem is None else None,
            options=options,
            metadata=described.metadata,
            input_ttl_s=settings.input_ttl_s,
            result_ttl_s=options.ttl_s or settings.result_ttl_s,
            tombstone_ttl_s=settings.tombstone_ttl_s,
            batch_id=self.batch_upload.batch_id,
            custom_id=described.custom_id,
            refusal=described.problem,
        )
        try:
            job_id = self.parts.jobs.add(new, unpacked=True)
        except Unavailable:
            raise  # whether the job was made is unknown: it is made, or found, in the next turn
        except DocchuError:
            self.parts.blobs.delete_job(tenant, new.id)
            raise
        if job_id != new.id:  # another upload was faster with this name
            self.parts.blobs.delete_job(tenant, new.id)
        reach("unpacking.created")


def _is_archive(head: bytes) -> bool:
    return head.startswith(_ARCHIVES) or head[_TAR] == b"ustar"
