"""All that a keeper counts and measures, for Prometheus; told in one line where it happens."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from shared.observing.declaring import QUICK, counter

LOST = ("ready", "split", "poison", "canceled")
"""What may become of a slice whose worker fell silent (`shared/store/jobs/recover.lua`)."""

LEASES_LOST = counter("leases_lost", "Slices taken back from silent workers", "outcome", LOST)
JOBS_OVERDUE = Counter("docchu_jobs_overdue", "Jobs ended since their time was over")
JOBS_UNMET = Counter("docchu_jobs_unmet", "Jobs given up: no worker has their model")
WEBHOOK_ATTEMPTS = counter(
    "webhook_attempts",
    "Attempts to deliver a webhook; pending: to be tried again; lost: taken over by another keeper",
    "outcome",
    ("succeeded", "pending", "failed", "lost"),
)
WEBHOOK_SECONDS = Histogram("docchu_webhook_seconds", "One attempt", buckets=QUICK)
FETCHES = counter(
    "fetches",
    "Documents fetched by their URL",
    "outcome",
    ("ready", "failed", "again", "ended", "lost"),
)
BLOB_BYTES = Gauge(
    "docchu_blob_bytes", "Bytes of all documents and results at the last look for lost ones"
)
