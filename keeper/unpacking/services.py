"""Puts an unpacker together from the settings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from keeper.unpacking.archives import ZipSource
from keeper.unpacking.items import Source
from keeper.unpacking.limits import UploadLimits
from keeper.unpacking.lines import Fetching, LineSource
from keeper.unpacking.taking import Taker
from keeper.unpacking.unpacker import MAX_FETCHES, Unpacker
from shared.blobs import BlobStore
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.uploads import BatchUpload, BatchUploads
from shared.store.jobs.jobs import JobStore, Limits
from shared.store.scripts import Client
from shared.store.workers import Workers

NUM_THREADS = 4
"""Uploads that one keeper unpacks at once, so that who waits for a slow address holds up few."""


def make_unpacker(settings: Settings, client: Client) -> Unpacker:
    """Put an unpacker together; it connects when it is first used."""
    queued = settings.max_queued_pages, settings.max_queued_pages_per_tenant
    jobs = JobStore(client, Limits(*queued, settings.max_batch_jobs))
    blobs = BlobStore(settings.data_dir / "blobs")
    lease_s = settings.lease_s + settings.fetch_timeout_s
    limits = UploadLimits.of(settings)
    fetching = Fetching(
        settings.allow_targets,
        settings.fetch_timeout_s,
        settings.result_ttl_s,
        Workers(client).check_model,
    )

    fetchers = ThreadPoolExecutor(NUM_THREADS * MAX_FETCHES, "fetch")

    def open_source(batch_upload: BatchUpload) -> Source:
        path = blobs.path(batch_upload.tenant, batch_upload.batch_id, batch_upload.id)
        if batch_upload.kind == "zip":
            return ZipSource(path, limits)
        return LineSource(path, limits, fetching)

    return Unpacker(
        batch_uploads=BatchUploads(client),
        jobs=jobs,
        blobs=blobs,
        taker=Taker(BatchStore(client), jobs, blobs, settings, lease_s, fetchers),
        open_source=open_source,
        lease_s=lease_s,
    )
