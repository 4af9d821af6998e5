"""What a page of a PDF says of itself, if the caller wants to hear of it."""

from __future__ import annotations

from pathlib import Path

import structlog

from shared.errors.documents import DocumentError
from shared.media import PDF
from worker.leases import Lease
from worker.loading.pool import Asker, PageLoader
from worker.ocr.layer.words import Hint

SAMPLES, BULK_SAMPLES = 4, 2
"""Places of each font of a page that are read, to see whether its letters are what they seem."""
_log = structlog.get_logger()


def hint_of(loader: PageLoader, path: Path, number: int, lease: Lease, asker: Asker) -> Hint | None:
    """The text layer of a page, and how closely it is looked at."""
    claim = lease.claim
    if claim.media_type != PDF or claim.options.text_layer == "ignore":
        return None
    try:
        words = loader.layer(path, number, asker)
    except DocumentError as error:
        # Its picture is there, and that is what counts.
        _log.info("text layer cannot be read", page=number, code=error.code, **claim.names)
        return None
    if claim.options.text_layer == "trust":
        return Hint(words, 0)
    return Hint(words, BULK_SAMPLES if lease.is_bulk else SAMPLES)
