"""Traces go to a collector: from the caller's request through its pages, and on to who is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.receiver import Receiver, Reply
from tests.faults.elsewhere import Library
from tests.service.collector import Span
from tests.service.seen import Seen, eventually
from tests.worker.stories import grey_tiff

pytestmark = pytest.mark.acceptance  # whole services, or many pages

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"  # the example of W3C's page


def test_a_trace_goes_from_the_callers_request_through_its_pages(seen: Seen) -> None:
    trace, caller = CALLER
    headers = {"traceparent": f"00-{trace}-{caller}-01", "X-Request-ID": "req-1"}
    job_id = seen.submit(grey_tiff(3), headers=headers)
    seen.finished(job_id)
    # Each process sends its spans by itself, none waits for another.
    eventually(lambda: {"slice", "POST /v1/jobs"} <= {one.name for one in seen.collector.of(trace)})
    spans = seen.collector.of(trace)
    (request,) = [span for span in spans if span.program == "docchu-api"]
    assert request.name == "POST /v1/jobs" and request.parent == caller
    assert request.facts["http.response.status_code"] == 202
    assert request.facts["docchu.request"] == "req-1"
    (reading,) = [span for span in spans if span.name == "slice"]
    assert reading.parent == request.id and reading.program == "docchu-worker"
    assert reading.facts["docchu.job"] == job_id
    pages = [span for span in spans if span.name == "page"]
    assert {page.facts["docchu.page"] for page in pages} == {1, 2, 3}
    for page in pages:
        assert page.parent == reading.id
        assert [part.name for part in parts(spans, page)] == ["load", "detect", "recognize"]
    assert all(reading.start_ns <= span.start_ns <= span.end_ns for span in [*pages, reading])


def parts(spans: list[Span], whole: Span) -> list[Span]:
    return [span for span in spans if span.parent == whole.id]


def test_a_delivery_is_a_step_of_its_jobs_trace_and_tells_the_receiver(seen: Seen) -> None:
    trace, caller = "0" * 30 + "79", CALLER[1]
    receiver = Receiver(lambda request: Reply(status=503))
    receiver.start()
    headers = {"traceparent": f"00-{trace}-{caller}-01"}
    seen.finished(seen.submit(grey_tiff(1), webhook_url=receiver.url, headers=headers))
    wanted = {"delivery", "POST /v1/jobs"}
    eventually(lambda: wanted <= {span.name for span in seen.collector.of(trace)})
    spans = seen.collector.of(trace)
    (request,) = [span for span in spans if span.program == "docchu-api"]
    (delivery,) = [span for span in spans if span.name == "delivery"]
    assert delivery.parent == request.id and delivery.program == "docchu-keeper"
    told = receiver.received[0].headers
    assert told["traceparent"] == f"00-{trace}-{delivery.id}-01"
    assert delivery.facts["docchu.event"] == told["webhook-id"]
    assert delivery.facts["http.response.status_code"] == 503 and delivery.failed
    receiver.stop()


def test_so_is_the_fetching_of_a_document(seen: Seen) -> None:
    trace, library = "0" * 30 + "80", Library()
    url = library.put("scan.tiff", "url", grey_tiff(1))
    headers = {"traceparent": f"00-{trace}-{CALLER[1]}-01", "Content-Type": "application/json"}
    seen.finished(seen.submit(json.dumps({"url": url}).encode(), headers=headers))
    wanted = {"fetch", "slice", "POST /v1/jobs"}
    eventually(lambda: wanted <= {span.name for span in seen.collector.of(trace)})
    spans = seen.collector.of(trace)
    (request,) = [span for span in spans if span.program == "docchu-api"]
    (fetch,) = [span for span in spans if span.name == "fetch"]
    assert fetch.parent == request.id and fetch.program == "docchu-keeper"
    library.close()


def test_a_caller_who_wants_no_trace_gets_none(seen: Seen) -> None:
    """The last two digits say whether it is recorded."""
    trace = "0" * 30 + "77"
    job_id = seen.submit(grey_tiff(1), headers={"traceparent": f"00-{trace}-{CALLER[1]}-00"})
    seen.finished(job_id)
    other = "0" * 30 + "78"
    seen.finished(seen.submit(grey_tiff(1), headers={"traceparent": f"00-{other}-{CALLER[1]}-01"}))
    eventually(lambda: len(seen.collector.of(other)) >= 3)
    assert seen.collector.of(trace) == []


def test_without_the_variables_nothing_of_opentelemetry_is_loaded() -> None:
    code = (
        "import sys; from shared.observing import tracing; tracing.set_up('x')\n"
        "with tracing.step('a') as step: tracing.past(b=1)\n"
        "assert step.traceparent is None and tracing.begin('c', None).traceparent is None\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
