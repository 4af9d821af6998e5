"""Figures for Prometheus: levels read from the store when asked, and requests of all processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import cast

import structlog
from flask import current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.services import Services
from api.status.readiness import Readiness
from shared.errors import DocchuError, Unavailable
from shared.observing.declaring import QUICK
from shared.observing.machine import Disk

_NAME = "docchu.metrics"
_STORE_UP = "Whether the job store answers"
_READY = "Whether documents can be read, as /readyz says"
_log = structlog.get_logger()

_REQUESTS = Counter("docchu_http_requests", "Requests answered", ["method", "route", "status"])
_SECONDS = Histogram(
    "docchu_http_request_seconds",
    "Until the answer began; of a long poll until there was one",
    ["method", "route"],
    buckets=QUICK,
)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered. It has its answer, whatever befalls the files of the figures."""
    try:
        _REQUESTS.labels(method, route, str(status)).inc()
        _SECONDS.labels(method, route).observe(seconds)
    except Exception as error:
        _log.warning("a figure cannot be noted", reason=str(error), route=route)


class Metrics:
    """The figures of the processes that one master started, whichever of them is asked."""

    def __init__(self, parts: Services, readiness: Readiness) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Levels(parts, readiness))
        self._registry.register(Disk(parts.settings.data_dir))
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            # Reads what each process puts into a file.
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        else:
            self._registry.register(_REQUESTS)
            self._registry.register(_SECONDS)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


def outage() -> bytes:
    """What can be said without the store."""
    registry = CollectorRegistry()
    Gauge("docchu_store_up", _STORE_UP, registry=registry).set(0)
    Gauge("docchu_ready", _READY, registry=registry).set(0)
    return generate_latest(registry)


def metrics() -> Metrics:
    """The figures of the app that handles the present request."""
    return cast(Metrics, current_app.extensions[_NAME])


def register(app_extensions: dict[str, object], parts: Services, readiness: Readiness) -> None:
    """Give the app its figures."""
    app_extensions[_NAME] = Metrics(parts, readiness)


class _Levels(Collector):
    """Reads the store when it is asked; says so in `docchu_store_up` where it cannot."""

    def __init__(self, parts: Services, readiness: Readiness) -> None:
        self._parts = parts
        self._readiness = readiness

    def describe(self) -> Iterable[Metric]:
        return []  # else the registry would read the store once at the start

    def collect(self) -> Iterable[Metric]:
        try:
            found = [*self._read(), *self._waits(), *self._workers()]
        except Unavailable as error:
            _log.warning("figures of the queue are missing", reason=error.reason)
            found = []
        yield _gauge("store_up", _STORE_UP, 1 if found else 0)
        yield _gauge("ready", _READY, self._is_ready())
        yield from found

    def _is_ready(self) -> bool:
        try:
            self._readiness.check()
        except DocchuError:
            return False
        return True

    def _read(self) -> Iterable[Metric]:
        levels = self._parts.gauges.read()
        yield _gauges(
            "slices_waiting", "Slices that wait for a worker", "lane", levels.slices_waiting
        )
        yield _gauges(
            "pages_waiting",
            "Their pages; those of a document that was not opened yet count as one",
            "lane",
            levels.pages_waiting,
        )
        yield _gauges(
            "jobs",
            "Jobs by status; expired: only their tombstones",
            "status",
            {status.value: num for status, num in levels.jobs.items()},
        )
        yield _gauge("slices_running", "Slices that workers are reading", levels.running)
        yield _gauge("backlog_pages", "Pages accepted and not finished", levels.backlog_pages)
        limit = self._parts.settings.max_queued_pages
        yield _gauge("backlog_pages_limit", "With so many nothing more is accepted", limit)
        yield _gauge("jobs_kept", "Jobs that have ended and are kept", levels.jobs_kept)
        yield _gauge("records_set_aside", "Records that cannot be used", levels.set_aside)
        yield _gauge(
            "unmet_needs",
            "Models, or versions, that jobs wait for and no worker has",
            levels.unmet_needs,
        )
        if levels.page_gap_s is not None:
            yield _gauge(
                "page_gap_seconds", "Mean time between two pages under load", levels.page_gap_s
            )

    def _waits(self) -> Iterable[Metric]:
        oldest, errands = self._parts.gauges.oldest_s(), self._parts.gauges.errands()
        meaning = "Since the oldest job that waits for its first reading was accepted"
        yield _gauges("oldest_waiting_seconds", meaning, "lane", oldest)
        due = {kind: num for kind, (num, _) in errands.items()}
        yield _gauges(
            "errands_due", "Webhooks to be sent, documents to be fetched, by now", "kind", due
        )
        late = {kind: seconds for kind, (_, seconds) in errands.items()}
        yield _gauges("errand_late_seconds", "For how long the oldest is due", "kind", late)

    def _workers(self) -> Iterable[Metric]:
        alive = self._parts.workers.alive()
        yield _gauge("workers_alive", "Workers that gave a sign of life", len(alive))
        models = GaugeMetricFamily(
            "docchu_model_workers", "Workers that have a model", labels=["model", "version"]
        )
        known = [
            (one.name, one.version) for worker in alive for one in worker.models or [worker.model]
        ]
        for labels in sorted(set(known)):
            models.add_metric(labels, known.count(labels))
        yield models


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"docchu_{name}", meaning, value)


def _gauges(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    made = GaugeMetricFamily(f"docchu_{name}", meaning, labels=[label])
    for value, level in values.items():
        made.add_metric([value], level)
    return made
