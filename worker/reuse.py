"""Takes pages from an earlier job of the tenant that read the same bytes in the same way."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from shared.blobs import BlobNotFound, BlobStore, picture_name
from shared.jobs import Model
from shared.options import Reuse
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.earlier import Earlier, EarlierReadings
from shared.store.jobs.slices import Claim, Note
from shared.store.needs import VERSION
from shared.store.scripts import Client
from shared.store.workers import CANARY_TENANT

# What decides the text of a page, beside its bytes and the model; bulk work looks at fewer places
# of a text layer.
_DECIDING = {"text_layer", "language_model", "priority"}


@dataclass(frozen=True)
class EarlierPages:
    """The pages that were read before. `default` is for jobs that do not say."""

    readings: EarlierReadings
    blobs: BlobStore
    default: Reuse
    result_ttl_s: int

    @classmethod
    def of(cls, settings: Settings, client: Client, blobs: BlobStore) -> EarlierPages:
        """Those of the service."""
        readings = EarlierReadings(client)
        return cls(readings, blobs, settings.reuse, settings.result_ttl_s)

    def find(self, claim: Claim, model: Model) -> Earlier | None:
        """Where the slice's pages are to be had, if its caller wants them from there."""
        wanted = (claim.options.reuse or self.default) == "auto"
        if not wanted or claim.tenant == CANARY_TENANT:
            return None
        return self.readings.find(claim, _fingerprint(claim, model))

    def note(self, claim: Claim, model: Model) -> Note | None:
        """What the slice is to leave when it has been read."""
        if claim.tenant == CANARY_TENANT:
            return None
        key = keys.earlier(claim.tenant, _fingerprint(claim, model))
        return Note(key, claim.options.ttl_s or self.result_ttl_s)

    def take(self, claim: Claim, earlier: Earlier, number: int, name: str) -> bool:
        """Give the slice's job a page of the earlier one as its own blob; whether it was there."""
        if number not in earlier.blobs:
            return False
        known = earlier.blobs[number]
        jobs = (claim.tenant, earlier.job_id, claim.job_id)
        with suppress(BlobNotFound):
            with suppress(BlobNotFound):
                self.blobs.share(*jobs, picture_name(known), picture_name(name))
            self.blobs.share(*jobs, known, name)
            return True
        return False


def _fingerprint(claim: Claim, model: Model) -> str:
    options = claim.options.model_dump(mode="json", include=_DECIDING)
    document = [claim.document.sha256, claim.media_type]
    same = [document, options, model.model_dump(mode="json"), VERSION]
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
