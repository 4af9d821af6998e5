"""How much one parcel may be."""

from __future__ import annotations

from dataclasses import dataclass

from shared.settings import Settings


@dataclass(frozen=True)
class ParcelLimits:
    """Bytes of one document, documents of a parcel, and bytes of all of them, unpacked."""

    max_upload_bytes: int
    max_batch_jobs: int
    max_batch_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> ParcelLimits:
        """The limits that the settings name."""
        return cls(settings.max_upload_bytes, settings.max_batch_jobs, settings.max_batch_bytes)
