"""Health, figures, headers, logs, and the description of the API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
import structlog

from api.http import problems
from shared import errors
from shared.setting_values import networks
from shared.store.jobs.slices import Claim
from shared.store.workers import WorkerInfo
from tests.api.playing import MODEL, PDF, PNG, Api, page_of, problem

ANN = WorkerInfo(id="ann", model=MODEL, device="cpu", num_slices=4)


def every_error(kind: type[errors.DocchuError]) -> Iterator[type[errors.DocchuError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_error(below)


def test_every_error_has_its_status() -> None:
    assert set(problems.STATUSES) == set(every_error(errors.DocchuError))


def test_every_transient_error_says_when_to_try_again(api: Api) -> None:
    for kind in every_error(errors.DocchuError):
        with api.app.test_request_context():
            answer = problems.of_error(kind())
        assert ("Retry-After" in answer.headers) == kind.transient, kind


def test_a_process_that_answers_is_alive_whatever_the_store_does(
    make_api: Callable[..., Api],
) -> None:
    api = make_api(redis_url="redis://127.0.0.1:1/0")
    assert api.get("/healthz").get_json() == {"status": "ok"}
    problem(api.get("/readyz"), 503, "unavailable")
    assert "docchu_store_up 0.0" in api.get("/metrics").text


def not_ready(api: Api, code: str = "not_ready") -> str:
    """What it is not ready for, a second later: it looks no more often."""
    time.sleep(1.1)
    detail: str = problem(api.get("/readyz"), 503, code)["detail"]
    return detail


def test_it_is_ready_once_a_worker_runs_and_a_trial_reading_went_through(api: Api) -> None:
    assert "No worker" in not_ready(api)
    api.parts.workers.report(ANN)
    assert "trial reading" in not_ready(api)
    api.parts.canary.returned(None)
    time.sleep(1.1)
    assert api.get("/readyz").status_code == 200
    api.parts.workers.leave("ann")
    assert "No worker" in not_ready(api)


@pytest.mark.parametrize("off_s", [-9, 3600])
def test_a_worker_that_was_killed_does_not_count_for_long(api: Api, off_s: int) -> None:
    """It was last seen 9 seconds ago, or by a clock that was ahead."""
    api.parts.canary.returned(None)
    seen = ANN.model_copy(update={"seen_ms": round((time.time() + off_s) * 1000)})
    api.store.hset("docchu:workers", "ann", seen.model_dump_json())
    assert "No worker" in not_ready(api)


def test_it_is_not_ready_while_the_store_takes_nothing(api: Api) -> None:
    api.parts.workers.report(ANN)
    api.parts.canary.returned(None)
    api.store.config_set("maxmemory", 1)
    try:
        not_ready(api, "unavailable")
    finally:
        api.store.config_set("maxmemory", 0)


def figure(text: str, name: str, default: float | None = None) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    if match is None and default is not None:
        return default
    assert match, f"no {name} in\n{text}"
    return float(match[1])


def test_figures_tell_of_the_queue(api: Api) -> None:
    accepted = 'docchu_http_requests_total{method="POST",route="/v1/jobs",status="202"}'
    before = figure(api.get("/metrics").text, accepted, 0)
    for priority in ("interactive", "bulk", "bulk"):
        api.submit(PDF, priority=priority)
    api.parts.workers.report(ANN)
    text = api.get("/metrics").text
    assert figure(text, 'docchu_slices_waiting{lane="interactive"}') == 1
    assert figure(text, 'docchu_slices_waiting{lane="bulk"}') == 2
    assert figure(text, "docchu_backlog_pages") == 3
    assert figure(text, 'docchu_jobs{status="queued"}') == 3
    assert figure(text, "docchu_workers_alive") == 1
    claim = api.begin(2)
    api.read(claim, page_of(1, "một"))
    text = api.get("/metrics").text
    assert figure(text, "docchu_slices_running") == 1
    assert figure(text, 'docchu_jobs{status="queued"}') == 2
    assert figure(text, 'docchu_jobs{status="running"}') == 1
    assert figure(text, "docchu_backlog_pages") == 3  # one page more was found, one was read
    assert figure(text, "docchu_page_gap_seconds") >= 0
    assert figure(text, accepted) == before + 3
    assert figure(text, 'docchu_model_workers{model="vi-print",version="1"}') == 1
    assert figure(text, "docchu_ready") == 0


def test_figures_tell_how_many_pages_wait(api: Api) -> None:
    api.submit(PDF, priority="bulk")
    claim = api.claim()
    api.worker.open(claim, 40, range(1, 41), 16)
    text = api.get("/metrics").text
    assert figure(text, 'docchu_slices_waiting{lane="bulk"}') == 2
    assert figure(text, 'docchu_pages_waiting{lane="bulk"}') == 24
    api.worker.release(claim)
    text = api.get("/metrics").text
    assert figure(text, 'docchu_pages_waiting{lane="bulk"}') == 40
    while isinstance(api.worker.claim(), Claim):
        pass
    text = api.get("/metrics").text
    assert figure(text, 'docchu_pages_waiting{lane="bulk"}') == 0
    assert figure(text, 'docchu_pages_waiting{lane="interactive"}') == 0


def test_figures_tell_for_how_long_the_oldest_job_of_a_lane_waits(api: Api) -> None:
    ids = [api.submit(PDF, priority=lane)["id"] for lane in ("bulk", "bulk", "interactive")]
    ago = round(time.time() * 1000) - 500_000
    api.store.hset(f"docchu:job:{ids[1]}", "created", ago)
    text = api.get("/metrics").text
    assert 500 <= figure(text, 'docchu_oldest_waiting_seconds{lane="bulk"}') < 600
    assert figure(text, 'docchu_oldest_waiting_seconds{lane="interactive"}') < 100
    api.store.hset(f"docchu:job:{ids[1]}", "started", ago)  # it goes on being read
    text = api.get("/metrics").text
    assert figure(text, 'docchu_oldest_waiting_seconds{lane="bulk"}') < 100


def test_figures_tell_of_documents_that_are_to_be_fetched(make_api: Callable[..., Api]) -> None:
    api = make_api(allow_targets=networks("127.0.0.0/8"))
    for _ in range(2):
        answer = api.client.post("/v1/jobs", json={"url": "http://127.0.0.1:9/a.pdf"})
        assert answer.status_code == 202, answer.text
    text = api.get("/metrics").text
    assert figure(text, 'docchu_errands_due{kind="fetch"}') == 2
    assert figure(text, 'docchu_errands_due{kind="webhook"}') == 0
    assert figure(text, 'docchu_errand_late_seconds{kind="webhook"}') == 0


def test_figures_take_no_labels_from_callers(api: Api) -> None:
    api.client.open("/nothing/here", method="BREW")
    text = api.get("/metrics").text
    assert "nothing/here" not in text and "BREW" not in text


def test_every_answer_is_guarded_against_browsers(api: Api) -> None:
    for path in ("/v1/jobs", "/nothing", "/healthz", "/metrics"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in headers


def test_a_request_keeps_its_id_if_it_is_one(api: Api) -> None:
    assert api.get("/healthz", {"X-Request-ID": "a-1.b"}).headers["X-Request-ID"] == "a-1.b"
    made = api.get("/healthz", {"X-Request-ID": "a b\tc"}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)


def test_logs_have_ids_and_no_contents(api: Api) -> None:
    with structlog.testing.capture_logs() as logs:
        job = api.submit(PNG, metadata='{"patient": "bí mật"}')
        api.finish(page_of(1, "bí mật"))
        api.get(f"/v1/jobs/{job['id']}/result")
    said = json.dumps(logs, ensure_ascii=False)
    assert job["id"] in said and "bí mật" not in said


def test_the_description_lists_every_route(api: Api) -> None:
    paths = api.get("/openapi.json").get_json()["paths"]
    hidden = {"/openapi.json", "/docs", "/docs/<name>", "/", "/admin", "/web/<name>"}
    hidden |= {"/api-description", "/explanations/<model>"}  # the same again, and a refusal
    for rule in api.app.url_map.iter_rules():
        if rule.rule in hidden:
            continue
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = paths[path][method.lower()]
            assert operation["summary"] and "500" in operation["responses"], (path, method)
            for status, answer in operation["responses"].items():
                problem_json = "application/problem+json" in answer.get("content", {})
                if not path.startswith("/documentintelligence/"):  # it has Azure's errors
                    assert problem_json == (int(status) >= 400), (path, method, status)


def test_the_description_is_sound(api: Api) -> None:
    text = api.get("/openapi.json").text
    spec = json.loads(text)
    assert spec["openapi"].startswith("3.1")
    schemas = spec["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in schemas, name
    assert "tenant" not in schemas["Job"]["properties"]
    assert "self" in schemas["Links"]["properties"]
    submit = spec["paths"]["/v1/jobs"]["post"]
    assert {"multipart/form-data", "application/json", "image/png", "application/pdf"} <= set(
        submit["requestBody"]["content"]
    )
    assert {"Idempotency-Key", "Prefer", "pages"} <= {one["name"] for one in submit["parameters"]}
    assert {"200", "202", "413", "415", "422", "429", "503"} <= set(submit["responses"])
    asked = {one["name"] for one in spec["paths"]["/v1/jobs/{job_id}"]["get"]["parameters"]}
    assert asked == {"job_id", "wait"}


def test_the_shown_job_has_the_members_that_are_described(api: Api) -> None:
    schema = api.get("/openapi.json").get_json()["components"]["schemas"]["Job"]
    # `found` is of a search alone.
    assert set(api.submit()) == set(schema["properties"]) - {"found"}
    assert "found" not in schema["required"]


def test_the_page_for_people_is_all_from_here(api: Api) -> None:
    answer = api.get("/docs")
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    for kind in ("default", "script", "style", "connect"):
        assert f"{kind}-src 'self';" in answer.headers["Content-Security-Policy"].replace(
            "default-src 'none'", "default-src 'self'"
        )
    links = set(re.findall(r'(?:href|src)="([^"]*)', answer.text))
    assert all(link.startswith("/") for link in links)
    for link in links:
        with api.get(link, {"Accept-Encoding": "gzip"}) as part:
            assert part.status_code == 200, link
            assert len(part.data) < 600_000, "what travels is packed"


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py"])
def test_only_the_page_s_own_files_are_served(api: Api, name: str) -> None:
    assert api.get(f"/docs/{name}").status_code == 404
