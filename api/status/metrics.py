"""Figures for Prometheus: levels read from the store when asked, and requests of all processes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import cast

import structlog
from flask import current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.services import Services
from shared.errors import Unavailable

_NAME = "docchu.metrics"
_STORE_UP = "Whether the job store answers"
_log = structlog.get_logger()


class Metrics:
    """The figures of the processes that one master started, whichever of them is asked."""

    def __init__(self, parts: Services) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Levels(parts))
        shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        if shared:
            # Reads what each process puts into a file.
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._requests = Counter(
            "docchu_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=None if shared else self._registry,
        )

    def count(self, method: str, route: str, status: int) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


def outage() -> bytes:
    """What can be said without the store."""
    registry = CollectorRegistry()
    Gauge("docchu_store_up", _STORE_UP, registry=registry).set(0)
    return generate_latest(registry)


def metrics() -> Metrics:
    """The figures of the app that handles the present request."""
    return cast(Metrics, current_app.extensions[_NAME])


def register(app_extensions: dict[str, object], parts: Services) -> None:
    """Give the app its figures."""
    app_extensions[_NAME] = Metrics(parts)


class _Levels(Collector):
    """Reads the store when it is asked; says so in `docchu_store_up` where it cannot."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def describe(self) -> Iterable[Metric]:
        return []  # else the registry would read the store once at the start

    def collect(self) -> Iterable[Metric]:
        try:
            found = list(self._read())
        except Unavailable as error:
            _log.warning("figures of the queue are missing", reason=error.reason)
            found = []
        yield _gauge("store_up", _STORE_UP, 1 if found else 0)
        yield from found

    def _read(self) -> Iterable[Metric]:
        levels = self._parts.gauges.read()
        alive = self._parts.workers.alive()
        waiting = GaugeMetricFamily(
            "docchu_slices_waiting", "Slices that wait for a worker", labels=["lane"]
        )
        for lane, num in levels.waiting.items():
            waiting.add_metric([lane], num)
        yield waiting
        jobs = GaugeMetricFamily(
            "docchu_jobs", "Jobs by status; expired: only their tombstones", labels=["status"]
        )
        for status, num in levels.jobs.items():
            jobs.add_metric([status], num)
        yield jobs
        yield _gauge("slices_running", "Slices that workers are reading", levels.running)
        yield _gauge("backlog_pages", "Pages accepted and not finished", levels.backlog_pages)
        yield _gauge("jobs_kept", "Jobs that have ended and are kept", levels.jobs_kept)
        yield _gauge("records_set_aside", "Records that cannot be used", levels.set_aside)
        yield _gauge("workers_alive", "Workers that gave a sign of life", len(alive))
        if levels.page_gap_s is not None:
            yield _gauge(
                "page_gap_seconds", "Mean time between two pages under load", levels.page_gap_s
            )


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"docchu_{name}", meaning, value)
