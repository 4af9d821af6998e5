"""What operators see and do: of all tenants, with a key of the role `admin`, and noted."""

from __future__ import annotations

from typing import Any

import pytest

from shared.jobs import Model
from shared.store import keys
from shared.store.api_keys import Role
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from shared.store.workers import WorkerInfo
from tests.api.playing import PDF, PNG, Api, Shown, page_of, problem

OPERATIONS = {
    "GET": ("workers", "queue", "audit"),
    "POST": ("pause", "drain", "requeue", "purge"),
}


def bearer(api: Api, tenant: str, role: Role | None = None) -> dict[str, str]:
    _, token = api.parts.api_keys.create(tenant, role=role)
    return {"Authorization": f"Bearer {token}"}


class Operator:
    """Somebody with a key of the role `admin`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.headers = bearer(api, "ops", "admin")

    def get(self, what: str) -> Shown:
        answer = self._api.get(f"/v1/admin/{what}", self.headers)
        assert answer.status_code == 200, answer.text
        body: Shown = answer.get_json()
        return body

    def post(self, path: str, /, status: int = 200, **body: Any) -> Shown:
        answer = self._api.client.post(f"/v1/admin/{path}", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        found: Shown = answer.get_json()
        return found

    def noted(self) -> list[tuple[str, str]]:
        """What the audit log says, the oldest first."""
        entries = self.get("audit")["entries"]
        return [(entry["what"], entry["on"]) for entry in reversed(entries)]


@pytest.fixture
def ops(api: Api) -> Operator:
    return Operator(api)


def fail(api: Api, code: str = "document_damaged") -> str:
    """Let the document that is next fail with its one page."""
    claim = api.begin(1)
    api.worker.record(claim, 1, PageRecord(None, code, "it could not be"), PageTimings(), None)
    return claim.job_id


def report(api: Api, worker: str = "ann") -> None:
    model = Model(name="vi-print", version="1", sha256="ab")
    api.parts.workers.report(WorkerInfo(id=worker, model=model, device="cpu", num_slices=5))


@pytest.mark.parametrize("role", [None, "submit", "read"])
def test_they_are_for_a_key_of_the_role_admin_alone(api: Api, role: Role | None) -> None:
    headers = bearer(api, "acme", role)
    for method, names in OPERATIONS.items():
        for name in names:
            path = f"/v1/admin/{name}"
            problem(api.client.open(path, method=method), 401, "unauthorized")
            answer = api.client.open(path, method=method, json={}, headers=headers)
            problem(answer, 403, "forbidden")
    assert api.parts.audit.newest(10) == []


def test_they_are_all_described(api: Api) -> None:
    paths = api.get("/openapi.json").get_json()["paths"]
    described = {(method.upper(), path) for path, one in paths.items() for method in one}
    wanted = {(m, f"/v1/admin/{name}") for m, names in OPERATIONS.items() for name in names}
    assert wanted <= described and len(wanted) == 7 and len(described) <= 70


def test_the_workers_are_shown_with_what_they_read(api: Api, ops: Operator) -> None:
    report(api)
    job = api.submit(PDF, headers=bearer(api, "acme"))
    claim = api.begin(3)
    found = ops.get("workers")
    (worker,) = found["workers"]
    assert worker["id"] == "ann" and worker["drained_at"] is None
    (reading,) = found["reading"]
    assert reading["job_id"] == job["id"] and reading["tenant"] == "acme"
    assert (reading["worker"], reading["pages"], reading["attempt"]) == ("ann", [1, 2, 3], 1)
    for number in (1, 2, 3):
        api.read(claim, page_of(number, "chữ"))
    assert ops.get("workers")["reading"] == []


def test_a_drained_worker_takes_nothing_new(api: Api, ops: Operator) -> None:
    report(api)
    api.submit(headers=bearer(api, "acme"))
    assert ops.post("drain", worker="ann")["workers"][0]["drained_at"]
    assert api.worker.claim() is None
    assert ops.post("drain", worker="ann", drained=False)["workers"][0]["drained_at"] is None
    api.claim()
    assert ops.post("drain", 422, worker="nobody")["code"] == "invalid_option"
    assert ops.noted() == [("drain", "ann"), ("undrain", "ann")]


def test_the_queue_is_shown_by_tenant_and_lane(api: Api, ops: Operator) -> None:
    acme, bob = bearer(api, "acme"), bearer(api, "bob")
    for _ in range(3):
        api.submit(headers=acme)
    batch = api.client.post("/v1/batches", headers=bob).get_json()["id"]
    api.submit(headers=bob, priority="bulk")
    api.submit(headers=bob, priority="bulk", batch_id=batch, custom_id="a")
    found = {one["tenant"]: one for one in ops.get("queue")["tenants"]}
    counts = ("pages", "interactive", "bulk")
    assert [found["acme"][name] for name in counts] == [3, 3, 0]
    assert [found["bob"][name] for name in counts] == [2, 0, 2]
    assert found["acme"]["oldest_at"] < found["bob"]["oldest_at"]
    room = ops.get("queue")["room"]
    assert room["disk_free_bytes"] > 0 and room["store_bytes"] > 0


def test_what_went_wrong_is_shown(api: Api, ops: Operator) -> None:
    acme = bearer(api, "acme")
    for _ in range(2):
        api.submit(headers=acme)
    failed, poisoned = fail(api), fail(api, "poison_page")
    hook = {"url": "https://93.184.215.14/hook"}
    hook = api.client.post("/v1/webhooks", json=hook, headers=acme).get_json()
    trouble = {"failing": 1_700_000_000_000, "trouble": "500"}
    api.store.hset(keys.webhook(hook["id"]), mapping=trouble)
    found = ops.get("queue")
    assert [one["job_id"] for one in found["failed"]] == [poisoned, failed]
    assert {one["code"] for one in found["failed"]} == {"poison_page", "document_damaged"}
    (job,) = found["troubled"]
    assert job["job_id"] == poisoned and job["pages"] == {"1": "poison_page"}
    assert [one["worker"] for one in job["attempts"]] == ["ann"]
    (failing,) = found["webhooks"]
    assert failing["webhook_id"] == hook["id"] and failing["last_error"] == "500"
    assert found["tenants"][0]["failed"] == 2


def test_a_pause_is_shown_honoured_and_noted(api: Api, ops: Operator) -> None:
    acme = bearer(api, "acme")
    job = api.submit(headers=acme)
    assert "acme" in ops.post("pause", paused=True, tenant="acme")["tenants"]
    assert api.worker.claim() is None
    assert "paused" in api.get(job["links"]["self"], acme).get_json()["queue"]["reason"]
    assert ops.post("pause", paused=True)["paused_at"]
    queue = ops.get("queue")
    assert queue["paused_at"] and queue["tenants"][0]["paused_at"]
    assert queue["tenants"][0]["interactive"] == 1
    ops.post("pause", paused=False)
    assert api.worker.claim() is None
    assert ops.post("pause", paused=False, tenant="acme") == {"paused_at": None, "tenants": {}}
    assert api.claim().job_id == job["id"]
    assert ops.noted() == [
        ("pause", "acme"),
        ("pause", "everything"),
        ("resume", "everything"),
        ("resume", "acme"),
    ]


def test_failed_jobs_are_read_again_each_once(api: Api, ops: Operator) -> None:
    acme, bob = bearer(api, "acme"), bearer(api, "bob")
    for headers in (acme, bob, acme):
        api.submit(headers=headers, pages="1", metadata='{"a": 1}')
    failed = {fail(api) for _ in range(3)}
    done = ops.post("requeue", failed=True)
    assert {one["job_id"] for one in done["jobs"]} == failed and not done["more"]
    new = {one["new_job_id"] for one in done["jobs"]}
    lists = [api.get("/v1/jobs", headers).get_json()["jobs"] for headers in (acme, bob)]
    made = [job for jobs in lists for job in jobs if job["id"] in new]
    assert {job["rerun_of"] for job in made} == failed
    assert all(job["metadata"] == {"a": 1} and job["status"] == "queued" for job in made)
    assert ops.post("requeue", failed=True)["jobs"] == []
    assert {one["requeued_as"] for one in ops.get("queue")["failed"]} == new
    (again,) = ops.post("requeue", jobs=[next(iter(failed))])["jobs"]
    assert again["new_job_id"] in new, "a repeated request makes no second job"


def test_what_cannot_be_read_again_is_named(api: Api, ops: Operator) -> None:
    api.submit(headers=bearer(api, "acme"))
    job_id = fail(api)
    api.parts.blobs.delete_job("acme", job_id)
    (left,) = ops.post("requeue", failed=True)["jobs"]
    assert (left["job_id"], left["code"]) == (job_id, "document_not_kept")
    assert ops.post("requeue", failed=True)["jobs"] == []
    (unknown,) = ops.post("requeue", jobs=["job_" + "x" * 24])["jobs"]
    assert unknown["code"] == "job_not_found"
    for body in ({}, {"failed": True, "jobs": ["a"]}, {"jobs": ["a"], "tenant": "b"}):
        ops.post("requeue", 422, **body)


def test_jobs_that_wait_are_purged_and_those_under_way_are_not(api: Api, ops: Operator) -> None:
    acme, bob = bearer(api, "acme"), bearer(api, "bob")
    jobs = [api.submit(headers=acme) for _ in range(4)]
    begun = api.claim().job_id
    api.submit(headers=bob)
    assert ops.post("purge", what="waiting", tenant="acme") == {"jobs": 3, "more": False}
    states = {job["id"]: job["status"] for job in api.get("/v1/jobs", acme).get_json()["jobs"]}
    assert states == {job["id"]: "running" if job["id"] == begun else "canceled" for job in jobs}
    assert api.get("/v1/jobs", bob).get_json()["jobs"][0]["status"] == "queued"
    batch = api.client.post("/v1/batches", headers=bob).get_json()["id"]
    api.submit(headers=bob, batch_id=batch, custom_id="a")
    assert ops.post("purge", what="waiting", batch_id=batch)["jobs"] == 1
    for body in ({}, {"tenant": "a", "batch_id": batch}, {"tenant": "a", "older_than_s": 1}):
        ops.post("purge", 422, what="waiting", **body)


def test_jobs_that_ended_long_ago_are_erased(api: Api, ops: Operator) -> None:
    acme = bearer(api, "acme")
    job = api.submit(headers=acme)
    api.finish(page_of(1, "chữ"))
    waiting = api.submit(headers=acme)
    assert ops.post("purge", what="ended", older_than_s=3600)["jobs"] == 0
    assert ops.post("purge", what="ended", older_than_s=0) == {"jobs": 1, "more": False}
    problem(api.get(job["links"]["self"], acme), 410, "job_gone")
    assert api.get(waiting["links"]["self"], acme).status_code == 200
    assert not [path for path in api.stored() if job["id"] in str(path)]
    ops.post("purge", 422, what="ended", tenant="acme")


def test_who_erases_cancels_and_retries_is_noted_by_key(api: Api, ops: Operator) -> None:
    key, token = api.parts.api_keys.create("acme")
    acme = {"Authorization": f"Bearer {token}"}
    jobs = [api.submit(PNG, headers=acme) for _ in range(2)]
    api.client.post(f"{jobs[0]['links']['self']}/cancel", headers=acme)
    api.client.delete(jobs[1]["links"]["self"], headers=acme)
    problem(api.client.delete(jobs[1]["links"]["self"], headers=acme), 410, "job_gone")
    assert ops.noted() == [("cancel", jobs[0]["id"]), ("erase", jobs[1]["id"])]
    entries = ops.get("audit?limit=1")
    assert entries["entries"][0]["who"] == key.id and entries["entries"][0]["tenant"] == "acme"
    older = ops.get(f"audit?limit=1&cursor={entries['next_cursor']}")
    assert older["entries"][0]["what"] == "cancel" and older["next_cursor"] is None
    problem(api.get("/v1/admin/audit?cursor=x", ops.headers), 422, "invalid_option")


def test_the_audit_log_is_bounded(api: Api) -> None:
    for _ in range(120):
        with api.store.pipeline(transaction=False) as pipe:
            for _ in range(100):
                pipe.xadd(keys.AUDIT, {"who": "a", "what": "b", "on": "", "tenant": ""})
            pipe.execute()
    api.parts.audit.note("a", "erase")
    assert api.store.xlen(keys.AUDIT) < 10_200
