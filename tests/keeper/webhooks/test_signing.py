"""Signatures: the outside library accepts ours, ours accepts theirs, and nobody else's passes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from docchu.webhooks import WebhookInvalid, verify_webhook
from shared.outgoing.signing import KeyRing, new_secret, signed_headers

NOW_S = 1_700_000_000
BODY = '{"type":"job.succeeded","data":{"name":"hoá đơn"}}'.encode()
SECRET = new_secret()
HEADERS = signed_headers([SECRET], "evt_1", NOW_S, BODY)


def verify(headers: dict[str, str], body: bytes = BODY, now_s: float = NOW_S) -> object:
    return verify_webhook(headers, body, SECRET, clock=lambda: now_s)


def test_the_outside_library_accepts_our_signature() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = signed_headers([SECRET], "evt_1", now, BODY)
    assert Verifier(SECRET).verify(BODY, headers) == json.loads(BODY)


def test_the_client_accepts_what_the_outside_library_signed() -> None:
    moment = datetime.fromtimestamp(NOW_S, UTC)
    signature = Verifier(SECRET).sign("evt_1", moment, BODY.decode())
    headers = {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(NOW_S)}
    assert verify({**headers, "Webhook-Signature": signature}) == json.loads(BODY)


def test_a_secret_is_base64_of_24_to_64_bytes_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    for secret in made:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_the_old_secret_signs_beside_the_new_one_for_a_day() -> None:
    first = KeyRing.new()
    second = KeyRing.parse(first.rotated(0).dump())
    day_ms = 24 * 3600 * 1000
    assert second.signing(day_ms - 1) == [second.secret, first.secret]
    assert second.signing(day_ms) == [second.secret]
    assert second.former_until_ms(5) == day_ms and second.former_until_ms(day_ms) is None
    headers = signed_headers(second.signing(5), "evt_1", NOW_S, BODY)
    for secret in (first.secret, second.secret):
        assert verify_webhook(headers, BODY, secret, clock=lambda: NOW_S)
    with pytest.raises(WebhookInvalid):
        verify_webhook(headers, BODY, new_secret(), clock=lambda: NOW_S)


def test_rotating_without_end_keeps_the_header_short() -> None:
    ring = KeyRing.new()
    for number in range(20):
        ring = ring.rotated(number)
    assert len(ring.signing(20)) == 5


def test_one_of_the_receivers_secrets_is_enough() -> None:
    assert verify_webhook(HEADERS, BODY, [new_secret(), SECRET], clock=lambda: NOW_S)


@pytest.mark.parametrize("late_s", [-301, 301, 1e9])
def test_too_old_or_from_the_future_is_refused(late_s: float) -> None:
    assert verify(HEADERS, now_s=NOW_S + 300) and verify(HEADERS, now_s=NOW_S - 300)
    with pytest.raises(WebhookInvalid):
        verify(HEADERS, now_s=NOW_S + late_s)


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(NOW_S + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1" * 5000},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "")},
        {"webhook-signature": "v1,ả\udcff"},
    ],
)
def test_anything_else_in_the_headers_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(WebhookInvalid):
        verify({**HEADERS, **wrong})


@pytest.mark.parametrize("missing", list(HEADERS))
def test_a_missing_header_is_refused(missing: str) -> None:
    with pytest.raises(WebhookInvalid, match=missing):
        verify({name: value for name, value in HEADERS.items() if name != missing})


@given(st.binary(max_size=60).filter(lambda body: body != BODY))
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookInvalid):
        verify(HEADERS, body)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'"a"'])
def test_what_is_signed_but_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookInvalid):
        verify(signed_headers([SECRET], "evt_1", NOW_S, body), body)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ả", "whsec_a"])
def test_a_bad_secret_is_the_receivers_own_fault(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(HEADERS, BODY, secret, clock=lambda: NOW_S)
