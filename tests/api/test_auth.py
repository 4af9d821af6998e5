"""Who may come in: keys, tenants, and what a service without keys is open to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.store import keys
from shared.store.api_keys import Role
from tests.api.playing import PNG, Api, page_of, problem

GUARDED = ["/v1/jobs", "/v1/jobs/a", "/v1/jobs/a/result", "/v1/jobs/a/pages/1", "/models"]
OPEN = ["/healthz", "/ping", "/openapi.json", "/docs"]


def bearer(api: Api, tenant: str, role: Role | None = None) -> dict[str, str]:
    _, token = api.parts.api_keys.create(tenant, role=role)
    return {"Authorization": f"Bearer {token}"}


def test_without_keys_a_service_on_loopback_is_open(api: Api) -> None:
    assert api.get("/v1/jobs").status_code == 200


def test_the_first_key_closes_it(api: Api) -> None:
    key = bearer(api, "acme")
    for path in GUARDED:
        answer = api.get(path)
        problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    problem(api.client.post("/v1/jobs", data=PNG), 401, "unauthorized")
    problem(api.client.post("/predictions/ocr", data=PNG), 401, "unauthorized")
    assert api.get("/v1/jobs", key).status_code == 200


def test_what_tells_of_health_needs_no_key(api: Api) -> None:
    bearer(api, "acme")
    for path in OPEN:
        assert api.get(path).status_code == 200


def test_with_keys_the_figures_of_all_are_for_a_key_of_the_role_admin(api: Api) -> None:
    assert "docchu_jobs" in api.get("/metrics").text
    problem(api.get("/metrics", {"Host": "ocr.example.com"}), 401, "unauthorized")
    _, token = api.parts.api_keys.create("ops", role="admin")
    admin = {"Authorization": f"Bearer {token}"}
    problem(api.get("/metrics"), 401, "unauthorized")
    problem(api.get("/metrics", {"Authorization": "Bearer dk_wrong"}), 401, "unauthorized")
    problem(api.get("/metrics", bearer(api, "acme")), 403, "forbidden")
    answer = api.get("/metrics", admin)
    assert answer.status_code == 200 and "docchu_jobs" in answer.text
    assert api.get("/v1/jobs", admin).status_code == 200


def test_a_key_without_a_role_is_for_all_that_is_of_its_tenant(api: Api) -> None:
    """As those are that were made before there were roles."""
    headers = bearer(api, "acme")
    (text,) = api.store.hvals(keys.API_KEYS)
    assert "role" not in json.loads(text)
    job = api.submit(headers=headers)
    assert api.get("/v1/jobs", headers).status_code == 200
    assert api.client.delete(job["links"]["self"], headers=headers).status_code == 204
    assert api.get("/v1/webhook-secret", headers).status_code == 200
    problem(api.get("/metrics", headers), 403, "forbidden")


def test_a_key_to_submit_with_follows_what_it_sent_and_sees_nothing_else(api: Api) -> None:
    scanner, everything = bearer(api, "acme", "submit"), bearer(api, "acme")
    job = api.submit(headers=scanner)
    api.finish(page_of(1, "đọc chữ"))
    at = job["links"]["self"]
    for path in (at, f"{at}/result", f"{at}/pages/1", f"{at}/timeline"):
        assert api.get(path, scanner).status_code == 200
    assert api.client.post(f"{at}/cancel", headers=scanner).status_code == 200
    for path in ("/v1/jobs", "/v1/batches", "/v1/webhooks", "/v1/webhook-secret", "/v1/deliveries"):
        problem(api.get(path, scanner), 403, "forbidden")
    problem(api.client.delete(at, headers=scanner), 403, "forbidden")
    problem(api.get("/metrics", scanner), 403, "forbidden")
    assert api.get(at, everything).status_code == 200


def test_a_key_to_read_with_sees_everything_of_its_tenant_but_secrets_and_changes_nothing(
    api: Api,
) -> None:
    reader, everything = bearer(api, "acme", "read"), bearer(api, "acme")
    job = api.submit(headers=everything)
    api.finish(page_of(1, "đọc chữ"))
    at = job["links"]["self"]
    for path in ("/v1/jobs", "/v1/batches", "/v1/deliveries", at, f"{at}/result", "/models"):
        assert api.get(path, reader).status_code == 200
    for path in ("/v1/webhooks", "/v1/webhook-secret"):
        problem(api.get(path, reader), 403, "forbidden")
    problem(api.client.delete(at, headers=reader), 403, "forbidden")
    for path in ("/v1/jobs", f"{at}/cancel", f"{at}/rerun", "/v1/batches", "/predictions/ocr"):
        problem(api.client.post(path, data=PNG, headers=reader), 403, "forbidden")
    assert api.get(at, everything).get_json()["status"] == "succeeded"


@pytest.mark.parametrize("role", ["submit", "read"])
def test_a_role_opens_no_operation_that_is_not_known_to_be_for_it(api: Api, role: Role) -> None:
    """Whatever is added to the API is closed to `submit` unless it is said to be for it."""
    headers, refused = bearer(api, "acme", role), set()
    for rule in api.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = rule.build(dict.fromkeys(rule.arguments, "x"), append_unknown=False)
            assert path, rule
            answer = api.client.open(path[1], method=method, headers=headers)
            if answer.status_code == 403:
                refused.add(f"{method} {rule.endpoint}")
    for one in (
        "DELETE jobs.erase_job",
        "POST webhooks.register_webhook",
        "GET webhooks.show_secret",
    ):
        assert one in refused
    assert ("POST jobs.submit" in refused) == (role == "read")
    assert ("GET jobs.list_jobs" in refused) == (role == "submit")
    admin = {one for one in refused if " management." in one or " figures." in one}
    assert len(admin) == 10, admin


def test_a_key_whose_time_is_over_is_refused_and_opens_the_service_to_nobody(api: Api) -> None:
    over = datetime.now(UTC) - timedelta(seconds=1)
    _, token = api.parts.api_keys.create("acme", expires_at=over)
    problem(api.get("/v1/jobs", {"Authorization": f"Bearer {token}"}), 401, "unauthorized")
    problem(api.get("/v1/jobs"), 401, "unauthorized")


def test_while_the_store_is_away_nobody_sees_figures_but_that_it_is(
    make_api: Callable[..., Api],
) -> None:
    text = make_api(redis_url="redis://127.0.0.1:1/0").get("/metrics").text
    assert "docchu_store_up 0.0" in text and "docchu_http_requests" not in text


@pytest.mark.parametrize(
    "header",
    ["Bearer dk_wrong", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "dk_wrong", "Bearer ả", ""],
)
def test_a_wrong_key_is_refused(api: Api, header: str) -> None:
    bearer(api, "acme")
    problem(api.get("/v1/jobs", {"Authorization": header}), 401, "unauthorized")


def test_a_revoked_key_is_refused(api: Api) -> None:
    key, token = api.parts.api_keys.create("acme")
    bearer(api, "acme")
    api.parts.api_keys.revoke(key.id)
    problem(api.get("/v1/jobs", {"Authorization": f"Bearer {token}"}), 401, "unauthorized")


@pytest.mark.parametrize(
    "settings",
    [{"auth": "on"}, {"bind": "0.0.0.0:8080"}, {"publish": "0.0.0.0:80"}, {"publish": "a.vn:80"}],
)
def test_elsewhere_a_service_without_keys_lets_nobody_in(
    make_api: Callable[..., Api], settings: dict[str, str]
) -> None:
    problem(make_api(**settings).get("/v1/jobs"), 401, "unauthorized")


def test_told_so_outright_a_service_is_open_to_all(make_api: Callable[..., Api]) -> None:
    api = make_api(auth="off", bind="0.0.0.0:8080")
    assert api.get("/v1/jobs", {"Host": "ocr.example.com"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "ocr.example.com"},
        {"Host": "192.168.1.5:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_without_keys_it_is_open_to_this_machine_alone(api: Api, headers: dict[str, str]) -> None:
    """Else any web page could read documents by DNS rebinding, and any proxy would publish them."""
    body = problem(api.get("/v1/jobs", headers), 401, "unauthorized")
    assert "docchu keys create" in body["detail"]


@pytest.mark.parametrize("publish", ["127.0.0.1:9000", "[::1]:9000", "localhost:9000"])
def test_in_a_container_it_is_open_to_the_machine_that_it_is_published_on(
    make_api: Callable[..., Api], publish: str
) -> None:
    api = make_api(bind="0.0.0.0:8080", publish=publish)
    assert api.get("/v1/jobs", {"Host": publish}).status_code == 200
    problem(api.get("/v1/jobs", {"Host": "evil.example"}), 401, "unauthorized")
    problem(api.get("/v1/jobs", {"Origin": "https://evil.example"}), 401, "unauthorized")
    problem(api.get("/v1/jobs", {"Host": "api:8080"}), 401, "unauthorized")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:8080"},
        {"Host": "[::1]:8080"},
        {"Host": "app.localhost"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_this_machine_has_several_names(api: Api, headers: dict[str, str]) -> None:
    assert api.get("/v1/jobs", headers).status_code == 200


def test_a_tenant_sees_its_own_jobs_only(api: Api) -> None:
    ann, bob = bearer(api, "ann"), bearer(api, "bob")
    job = api.submit(headers=ann)
    api.finish(page_of(1, "riêng"))
    path = f"/v1/jobs/{job['id']}"
    for sub in ("", "/result", "/pages/1"):
        problem(api.get(path + sub, bob), 404, "job_not_found")
        assert api.get(path + sub, ann).status_code == 200
    problem(api.client.post(f"{path}/cancel", headers=bob), 404, "job_not_found")
    problem(api.client.delete(path, headers=bob), 404, "job_not_found")
    assert api.get("/v1/jobs", bob).get_json()["jobs"] == []
    answer = api.get(f"/v1/jobs?cursor={job['id']}", bob)
    problem(answer, 422, "invalid_option")


def test_tenants_have_their_own_idempotency_keys(api: Api) -> None:
    ids = {
        api.submit(headers={**bearer(api, name), "Idempotency-Key": "1"})["id"]
        for name in ("ann", "bob")
    }
    assert len(ids) == 2
