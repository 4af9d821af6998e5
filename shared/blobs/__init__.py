"""Bytes under names: uploads and page results, safe once stored. Where they lie, a setting says."""

from shared.blobs.folder import FolderBlobs
from shared.blobs.store import INPUT as INPUT
from shared.blobs.store import PASSWORD as PASSWORD
from shared.blobs.store import BlobNotFound as BlobNotFound
from shared.blobs.store import BlobStore as BlobStore
from shared.blobs.store import Upload as Upload
from shared.blobs.store import picture_name as picture_name
from shared.settings import Settings


def open_blobs(settings: Settings) -> BlobStore:
    """The blob store of this service."""
    if not settings.blobs:
        return FolderBlobs(settings.data_dir / "blobs")
    from shared.blobs.objects import ObjectBlobs  # its library is large, and for who uses it

    return ObjectBlobs(settings.blobs, settings.data_dir / "cache")
