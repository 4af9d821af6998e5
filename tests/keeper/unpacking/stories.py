"""What the tests of unpacking share: batches on a real store, and zips made by hand."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from keeper.unpacking.services import make_unpacker
from keeper.unpacking.unpacker import Unpacker
from shared.batches import Batch
from shared.blobs import INPUT, open_blobs
from shared.options import BatchOptions
from shared.running.starting import check_pair
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs, Item
from shared.store.batches.records import NewBatch
from shared.store.batches.uploads import BatchUploads, Kind, NewBatchUpload
from shared.store.errands.fetches import FetchQueue
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.scripts import connect

TENANT = "acme"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def png(mark: object) -> bytes:
    """Bytes that pass for a picture, each with its own mark."""
    return PNG + str(mark).encode()


@dataclass
class Story:
    """A store and a blob store, with uploads in front and an unpacker behind."""

    settings: Settings

    def __post_init__(self) -> None:
        self.client = connect(self.settings.store_url)
        self.blobs = open_blobs(self.settings)
        queued = self.settings.max_queued_pages, self.settings.max_queued_pages_per_tenant
        self.jobs = JobStore(self.client, Limits(*queued, self.settings.max_batch_jobs))
        self.batches = BatchStore(self.client)
        self.batch_jobs = BatchJobs(self.client, self.batches, self.jobs)
        self.unpacker = self.another_unpacker()

    def another_unpacker(self) -> Unpacker:
        """One that knows nothing of what the first one did."""
        return make_unpacker(self.settings, self.client)

    def submit(
        self, data: bytes, kind: Kind = "zip", *, is_open: bool = False, **options: str
    ) -> str:
        """Accept an upload as a batch; its id."""
        new = NewBatch(TENANT, BatchOptions(**options), 3600, 3600)
        batch_upload = self._keep(new.id, data, kind)
        self.batches.create(new, batch_upload=batch_upload, closed=not is_open)
        return new.id

    def add(self, batch_id: str, data: bytes, kind: Kind = "zip") -> None:
        """Add an upload to an open batch."""
        BatchUploads(self.client).add(TENANT, batch_id, self._keep(batch_id, data, kind))

    def _keep(self, batch_id: str, data: bytes, kind: Kind) -> NewBatchUpload:
        batch_upload = NewBatchUpload(kind)
        self.blobs.put(TENANT, batch_id, batch_upload.id, data)
        return batch_upload

    def unpack(self) -> None:
        """Unpack until nothing is due."""
        while self.unpacker.turn():
            pass

    def batch(self, batch_id: str) -> Batch:
        return self.batches.get(TENANT, batch_id)

    def items(self, batch_id: str) -> list[Item]:
        return self.batch_jobs.items(batch_id, 0, 1000)

    def outcomes(self, batch_id: str) -> dict[str, str]:
        """By name: `queued`, or why a document was not taken."""
        return {str(i.custom_id): i.detail or i.status for i in self.items(batch_id)}

    def document(self, item: Item) -> bytes:
        return self.blobs.get(TENANT, item.job_id, INPUT)

    def fetches(self) -> dict[str, str]:
        """The jobs whose document is to be fetched, with its host."""
        queue = FetchQueue(self.client, 60)
        return {
            wanted.id: host
            for flow in queue.flows(9)
            for host in queue.hosts(flow, 9)
            for wanted in queue.take(flow, host, 9)
        }

    def files(self) -> set[str]:
        """All blobs of the tenant, as `<job or batch>/<name>`, and what is left of uploads."""
        blobs = self.settings.data_dir / "blobs"
        folders = (blobs / "jobs" / TENANT, blobs / "incoming")
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {f"{path.parent.name}/{path.name}" for path in files}


def make_story(valkey: Settings, folder: Path, **changes: object) -> Story:
    """A story on the running server, with blobs of its own."""
    settings = Settings(
        **{
            "redis_url": valkey.store_url,
            "data_dir": folder,
            "max_upload_bytes": 100_000,
            "max_batch_jobs": 200,
            "max_batch_bytes": 10_000_000,
            **changes,
        }
    )
    story = Story(settings)
    story.client.flushall()
    check_pair(settings, story.client, story.blobs)
    return story


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip as anybody would make it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


@dataclass
class Raw:
    """An entry as its headers say it is; what is None follows from the data."""

    name: bytes
    data: bytes
    flags: int = 0x800
    method: int = 8
    crc: int | None = None
    size: int | None = None
    made_on: int = 3
    attributes: int = 0o100644 << 16
    local_name: bytes | None = None
    packed: bytes | None = None
    offset: int | None = None
    signature: bytes = b"PK\x03\x04"
    extra: bytes = b""


def raw_zip(*entries: Raw, comment: bytes = b"") -> bytes:
    """A zip that says what its maker wants it to say."""
    body, directory = bytearray(), bytearray()
    for one in entries:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = one.packed
        if packed is None:
            deflated = packer.compress(one.data) + packer.flush()
            packed = deflated if one.method == 8 else one.data
        crc = zlib.crc32(one.data) if one.crc is None else one.crc
        size = len(one.data) if one.size is None else one.size
        sizes = (crc, len(packed), min(size, 0xFFFFFFFF))
        offset = len(body) if one.offset is None else one.offset
        name = one.name if one.local_name is None else one.local_name
        head = (20, one.flags, one.method, 0, 33)
        if one.offset is None:
            body += struct.pack("<4s5H3L2H", one.signature, *head, *sizes, len(name), 0)
            body += name + packed
        lengths = (len(one.name), len(one.extra), 0, 0, 0)
        entry = (one.made_on << 8 | 20, *head, *sizes, *lengths, one.attributes, offset)
        directory += struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *entry) + one.name + one.extra
    count = min(len(entries), 0xFFFF)
    end = (0, 0, count, count, len(directory), len(body), len(comment))
    return bytes(body + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", *end) + comment)
