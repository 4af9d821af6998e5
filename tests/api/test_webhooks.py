"""Webhooks over HTTP: register, change, rotate, try out, and the log of deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bench.receiver import Receiver, receiving
from docchu.webhooks import WebhookInvalid, verify_webhook
from keeper.webhooks.sender import Sender, make_sender
from shared.ids import new_id
from shared.store.api_keys import ApiKeys
from tests.api.playing import PNG, Api, page_of, problem

Shown = dict[str, Any]
HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """An API whose webhooks may go to this machine."""
    networks = type(make_api().parts.settings)(allow_targets="127.0.0.0/8").allow_targets
    return make_api(allow_targets=networks, max_webhooks_per_tenant=3, webhook_timeout_s=5.0)


def register(api: Api, url: str = HOOK, **options: object) -> Shown:
    answer = api.client.post("/v1/webhooks", json={"url": url, **options})
    assert answer.status_code == 201, answer.text
    body: Shown = answer.get_json()
    assert answer.headers["Location"] == f"/v1/webhooks/{body['id']}"
    return body


def read(api: Api, text: str) -> None:
    """Read the next document, which has one page."""
    api.read(api.begin(1), page_of(1, text))


def keeper(api: Api) -> Sender:
    settings = api.parts.settings.model_copy(update={"data_dir": api.blobs.parent})
    return make_sender(settings, api.store)


def send(api: Api) -> None:
    """One round of a keeper."""
    sender = keeper(api)
    sender.fan_out()
    sender.dispatcher.take_due(lambda send, due, until: send(due, until))


def deliveries(api: Api, **query: str) -> list[Shown]:
    found: list[Shown] = api.client.get("/v1/deliveries", query_string=query).get_json()[
        "deliveries"
    ]
    return found


def test_a_webhook_is_registered_and_its_secret_shown_once(api: Api) -> None:
    made = register(api, events=["job.failed"], description="sổ sách")
    secret = made.pop("secret")
    assert secret.startswith("whsec_") and made["enabled"] and made["include"] is None
    assert made["events"] == ["job.failed"] and made["description"] == "sổ sách"
    shown = api.get(f"/v1/webhooks/{made['id']}").get_json()
    assert shown == made and "secret" not in shown
    assert api.get("/v1/webhooks").get_json() == {"webhooks": [made]}
    assert secret not in api.get("/v1/webhooks").text


def test_the_text_is_asked_for_at_the_registration(api: Api) -> None:
    answer = api.client.post("/v1/webhooks?include=text", json={"url": HOOK})
    assert answer.get_json()["include"] == "text"
    assert register(api, include="text")["include"] == "text"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": HOOK, "events": []},
        {"url": HOOK, "events": ["job.exploded"]},
        {"url": HOOK, "secret": "whsec_mine"},
        {"url": HOOK, "description": "x" * 501},
        {"url": HOOK, "include": "everything"},
        {"url": HOOK, "headers": {"Host": "a"}},
        {"url": HOOK, "headers": {"webhook-id": "a"}},
        {"url": HOOK, "headers": {"A": "b\r\nC: d"}},
        {"url": HOOK, "headers": {"A b": "c"}},
        {"url": HOOK, "headers": {"A": "ả"}},
        {"url": HOOK, "headers": {"A": "b", "a": "c"}},
        {"url": HOOK, "headers": {f"A{n}": "b" for n in range(11)}},
    ],
)
def test_what_is_wrong_with_a_registration_is_said(api: Api, body: Shown) -> None:
    problem(api.client.post("/v1/webhooks", json=body), 422, "invalid_option")


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/"])
def test_an_address_inside_is_refused_wherever_it_is_given(api: Api, url: str) -> None:
    known = register(api)
    refused = [
        api.client.post("/v1/webhooks", json={"url": url}),
        api.client.patch(f"/v1/webhooks/{known['id']}", json={"url": url}),
        api.client.post("/v1/jobs", data=PNG, query_string={"webhook_url": url}),
    ]
    for answer in refused:
        problem(answer, 422, "address_refused")
    assert problem(refused[-1], 422, "address_refused")["option"] == "webhook_url"
    assert api.get("/v1/jobs").get_json()["jobs"] == [] and api.leftovers() == []


def test_its_own_headers_are_sent_and_never_shown_again(api: Api) -> None:
    with receiving() as receiver:
        made = register(api, receiver.url, headers={"Authorization": "Bearer geheim", "X-A": "1"})
        path = f"/v1/webhooks/{made['id']}"
        assert made["header_names"] == ["Authorization", "X-A"]
        api.client.post(f"{path}/test")
        send(api)
        changed = api.client.patch(path, json={"headers": {"X-B": "2"}}).get_json()
        assert changed["header_names"] == ["X-B"]
        api.client.post(f"{path}/test")
        send(api)
        first, second = (dict(one.headers) for one in receiver.received)
    assert first["authorization"] == "Bearer geheim" and first["x-a"] == "1"
    assert "authorization" not in second and second["x-b"] == "2"
    assert "geheim" not in api.get(path).text + api.get("/v1/webhooks").text


def test_there_may_be_so_many_webhooks(api: Api) -> None:
    ids = [register(api)["id"] for _ in range(3)]
    problem(api.client.post("/v1/webhooks", json={"url": HOOK}), 409, "too_many_webhooks")
    assert api.client.delete(f"/v1/webhooks/{ids[0]}").status_code == 204
    register(api)


def test_a_webhook_can_be_changed_switched_off_and_deleted(api: Api) -> None:
    path = f"/v1/webhooks/{register(api)['id']}"
    changed = api.client.patch(path, json={"events": ["job.partial"], "include": "text"})
    assert changed.get_json()["events"] == ["job.partial"]
    assert changed.get_json()["include"] == "text"
    off = api.client.patch(path, json={"enabled": False}).get_json()
    assert off["disabled_reason"] == "switched_off" and off["events"] == ["job.partial"]
    on = api.client.patch(path, json={"enabled": True, "include": None}).get_json()
    assert on["enabled"] and on["disabled_at"] is None and on["include"] is None
    assert api.client.delete(path).status_code == 204
    for answer in (api.get(path), api.client.delete(path), api.client.post(f"{path}/test")):
        problem(answer, 404, "webhook_not_found")


def test_a_tenant_does_not_see_anothers_webhooks(make_api: Callable[..., Api], api: Api) -> None:
    strict = make_api(auth="on", allow_targets=api.parts.settings.allow_targets)
    _, ann = ApiKeys(api.store).create("ann")
    _, ben = ApiKeys(api.store).create("ben")
    anns, bens = ({"Authorization": f"Bearer {token}"} for token in (ann, ben))
    made = strict.client.post("/v1/webhooks", json={"url": HOOK}, headers=anns).get_json()
    path = f"/v1/webhooks/{made['id']}"
    assert strict.get(path, headers=anns).status_code == 200
    assert strict.get("/v1/webhooks", headers=bens).get_json() == {"webhooks": []}
    for answer in (
        strict.get(path, headers=bens),
        strict.client.patch(path, json={"enabled": False}, headers=bens),
        strict.client.delete(path, headers=bens),
        strict.client.post(f"{path}/rotate", headers=bens),
        strict.client.post(f"{path}/test", headers=bens),
    ):
        problem(answer, 404, "webhook_not_found")
    secrets = [strict.get("/v1/webhook-secret", headers=one).get_json() for one in (anns, bens)]
    assert secrets[0] != secrets[1]
    problem(strict.get("/v1/webhooks"), 401, "unauthorized")


@pytest.fixture
def receiver() -> Any:
    with receiving() as found:
        yield found


def test_the_end_of_a_job_is_told_to_its_own_address(api: Api, receiver: Receiver) -> None:
    secret = api.get("/v1/webhook-secret").get_json()["secret"]
    job = api.submit(webhook_url=receiver.url, webhook_include="text")
    assert job["options"]["webhook_url"] == receiver.url
    read(api, "Cộng hoà")
    send(api)
    (request,) = receiver.received
    event = verify_webhook(request.headers, request.body, secret)
    assert event["data"]["id"] == job["id"] and event["data"]["status"] == "succeeded"
    assert event["data"]["text"] == "Cộng hoà\n"
    (delivery,) = deliveries(api, job=job["id"])
    assert delivery["status"] == "succeeded" and delivery["webhook_id"] is None
    assert delivery["attempts"][0]["status_code"] == 200 and "tenant" not in delivery
    assert api.get(f"/v1/deliveries/{delivery['id']}").get_json() == delivery


def test_a_replayed_submission_is_told_of_once(api: Api, receiver: Receiver) -> None:
    for _ in range(2):
        api.submit(headers={"Idempotency-Key": "k"}, webhook_url=receiver.url)
    read(api, "a")
    send(api)
    assert len(receiver.received) == 1


def test_a_webhook_can_be_tried_out_even_switched_off(api: Api, receiver: Receiver) -> None:
    made = register(api, receiver.url)
    api.client.patch(f"/v1/webhooks/{made['id']}", json={"enabled": False})
    answer = api.client.post(f"/v1/webhooks/{made['id']}/test")
    assert answer.status_code == 202
    send(api)
    (request,) = receiver.received
    event = verify_webhook(request.headers, request.body, made["secret"])
    assert event["type"] == "webhook.test" and event["data"] == {"webhook_id": made["id"]}
    shown = api.get(answer.headers["Location"]).get_json()
    assert shown["status"] == "succeeded" and shown["job_id"] is None


def test_a_rotated_secret_signs_beside_the_old_one(api: Api, receiver: Receiver) -> None:
    made = register(api, receiver.url)
    rotated = api.client.post(f"/v1/webhooks/{made['id']}/rotate").get_json()
    assert rotated["secret"] != made["secret"] and rotated["former_until"]
    old = api.get("/v1/webhook-secret").get_json()
    new = api.client.post("/v1/webhook-secret/rotate").get_json()
    assert old["former_until"] is None and api.get("/v1/webhook-secret").get_json() == new
    api.submit(webhook_url=receiver.url)
    read(api, "a")
    send(api)
    fitting = []
    for request in receiver.received:
        for secret in (made["secret"], rotated["secret"], old["secret"], new["secret"]):
            try:
                verify_webhook(request.headers, request.body, secret)
                fitting.append(secret)
            except WebhookInvalid:
                pass
    assert sorted(fitting) == sorted(
        [made["secret"], rotated["secret"], old["secret"], new["secret"]]
    )


def test_a_delivery_can_be_sent_once_more(api: Api, receiver: Receiver) -> None:
    api.submit(webhook_url=receiver.url)
    read(api, "a")
    send(api)
    (delivery,) = deliveries(api)
    answer = api.client.post(f"/v1/deliveries/{delivery['id']}/redeliver")
    assert answer.status_code == 202 and answer.get_json()["status"] == "pending"
    send(api)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    problem(api.get(f"/v1/deliveries/{new_id('dlv')}"), 404, "delivery_not_found")
    problem(api.get("/v1/deliveries?status=lost"), 422, "invalid_option")


def test_the_api_describes_its_webhooks(api: Api) -> None:
    paths = api.get("/openapi.json").get_json()["paths"]
    assert {
        "/v1/webhooks",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/rotate",
        "/v1/webhooks/{webhook_id}/test",
        "/v1/webhook-secret",
        "/v1/webhook-secret/rotate",
        "/v1/deliveries",
        "/v1/deliveries/{delivery_id}",
        "/v1/deliveries/{delivery_id}/redeliver",
    } <= set(paths)
    options = json.dumps(paths["/v1/jobs"]["post"])
    assert "webhook_url" in options and "webhook_include" in options
