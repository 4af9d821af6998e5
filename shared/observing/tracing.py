"""Traces for OpenTelemetry, where the usual OTEL_… variables ask for them; else nothing is done.

A trace's context goes as the text of W3C's `traceparent`: in a request, with a job's record, and on
to who is told of its end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import SettingError

if TYPE_CHECKING:  # an extra, which only those need who want traces
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_HEADER = "traceparent"
_tracers: list[Tracer] = []
Kind = Literal["internal", "server", "consumer", "client"]


def set_up(program: str) -> None:
    """Send traces from now on, if they are asked for. Raises SettingError where that cannot be."""
    if _tracers or not _are_wanted():
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingError(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and OpenTelemetry is not installed: "
            "pip install 'docchu[otel]'."
        ) from error
    own = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": f"docchu-{program}"}
    provider = TracerProvider(resource=Resource.create(own))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracers.append(provider.get_tracer("docchu"))


def _are_wanted() -> bool:
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    off = off or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in _ENDPOINTS)


class Step:
    """A step of a trace; of none where no traces are wanted."""

    def __init__(self, span: OtelSpan | None = None) -> None:
        self._span = span

    @property
    def traceparent(self) -> str | None:
        """What makes other steps parts of this one."""
        if self._span is None:
            return None
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier.get(_HEADER)

    @property
    def headers(self) -> dict[str, str]:
        """What goes with a request so that its receiver's steps can be parts of this one."""
        return {_HEADER: found} if (found := self.traceparent) else {}

    def end(self, attributes: Mapping[str, str | int], *, failed: bool = False) -> None:
        """End it."""
        if self._span is None:
            return
        from opentelemetry.trace import StatusCode

        self._span.set_attributes(attributes)
        if failed:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


_NONE = Step()


def begin(name: str, parent: str | None, kind: Kind = "internal", **attributes: Any) -> Step:
    """Begin a step, as a part of that with this `traceparent`."""
    if not _tracers:
        return _NONE
    from opentelemetry.trace import SpanKind

    span = _tracers[0].start_span(name, _context(parent), SpanKind[kind.upper()], _told(attributes))
    return Step(span)


@contextmanager
def step(
    name: str, parent: str | None = None, kind: Kind = "internal", **attributes: Any
) -> Iterator[Step]:
    """A step, of which whatever this thread begins meanwhile is a part; that it failed is noted.

    Without a `parent` it is itself a part of what this thread is at.
    """
    if not _tracers:
        yield _NONE
        return
    from opentelemetry.trace import SpanKind, StatusCode

    with _tracers[0].start_as_current_span(
        name,
        _context(parent),
        SpanKind[kind.upper()],
        _told(attributes),
        record_exception=False,  # its text may tell of a document
        set_status_on_exception=False,
    ) as span:
        try:
            yield Step(span)
        except BaseException as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def past(**seconds: float) -> None:
    """Steps that followed each other and took so long, the last until now."""
    if not _tracers:
        return
    at = time.time_ns() - sum(round(one * 1e9) for one in seconds.values())
    for name, took in seconds.items():
        span = _tracers[0].start_span(name, start_time=at)
        at += round(took * 1e9)
        span.end(at)


def _context(parent: str | None) -> Any:
    """None is what the thread is at."""
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({_HEADER: parent})


def _told(attributes: dict[str, Any]) -> dict[str, Any]:
    return {f"docchu.{name}": value for name, value in attributes.items() if value is not None}
