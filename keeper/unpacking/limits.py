"""How much one upload may be."""

from __future__ import annotations

from dataclasses import dataclass

from shared.settings import Settings


@dataclass(frozen=True)
class UploadLimits:
    """Bytes of one document, documents of an upload, and bytes of all of them, unpacked."""

    max_upload_bytes: int
    max_batch_jobs: int
    max_batch_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> UploadLimits:
        """The limits that the settings name."""
        return cls(settings.max_upload_bytes, settings.max_batch_jobs, settings.max_batch_bytes)
