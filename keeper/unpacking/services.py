"""Puts an unpacker together from the settings."""

from __future__ import annotations

from keeper.unpacking.archives import ZipSource
from keeper.unpacking.items import Source
from keeper.unpacking.limits import UploadLimits
from keeper.unpacking.lines import Allowed, LineSource
from keeper.unpacking.taking import Taker
from keeper.unpacking.unpacker import Unpacker
from shared.blobs import open_blobs
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.uploads import BatchUpload, BatchUploads
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.scripts import Client
from shared.store.workers import Workers

_LEASES = 4  # of a worker: taking one large document may take longer than reading a page
NUM_THREADS = 4
"""Uploads that one keeper unpacks at once, so that a large one holds up few."""


def make_unpacker(settings: Settings, client: Client) -> Unpacker:
    """Put an unpacker together; it connects when it is first used."""
    jobs = JobStore(client, Limits.of(settings))
    blobs = open_blobs(settings)
    limits = UploadLimits.of(settings)
    allowed = Allowed(settings.allow_targets, settings.result_ttl_s, Workers(client).check_model)

    def open_source(batch_upload: BatchUpload) -> Source:
        # Opened once: the file may lose its name after that.
        with blobs.local(batch_upload.tenant, batch_upload.batch_id, batch_upload.id) as path:
            if batch_upload.kind == "zip":
                return ZipSource(path, limits)
            return LineSource(path, limits, allowed)

    return Unpacker(
        batch_uploads=BatchUploads(client),
        jobs=jobs,
        blobs=blobs,
        taker=Taker(BatchStore(client), jobs, blobs, settings),
        open_source=open_source,
        lease_s=_LEASES * settings.lease_s,
    )
