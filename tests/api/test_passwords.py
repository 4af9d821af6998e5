"""The password of an encrypted PDF is kept beside it, as long as it, and shown nowhere."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
import redis

from shared.blobs import INPUT, PASSWORD
from tests.api.playing import PDF, Api, page_of, problem

SECRET = "mật khẩu zq4711xk"


def sent(api: Api, kind: str, **headers: str) -> Any:
    if kind == "form":
        form = {"file": (io.BytesIO(PDF), "a.pdf"), "password": SECRET}
        return api.client.post("/v1/jobs", data=form, headers=headers)
    body = {"data": base64.b64encode(PDF).decode(), "password": SECRET}
    return api.client.post("/v1/jobs", json=body, headers=headers)


@pytest.mark.parametrize("kind", ["form", "json"])
def test_a_password_lies_beside_its_document_and_nowhere_else(
    api: Api, kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = sent(api, kind, **{"Idempotency-Key": "once"})
    assert answer.status_code == 202, answer.text
    job_id = answer.get_json()["id"]
    assert api.parts.blobs.get("default", job_id, PASSWORD).decode() == SECRET
    claim = api.begin(1)
    api.read(claim, page_of(1, "a"))
    shown = [
        answer.get_data(as_text=True),
        *(
            api.get(path).get_data(as_text=True)
            for path in (
                f"/v1/jobs/{job_id}",
                "/v1/jobs",
                f"/v1/jobs/{job_id}/result",
                f"/v1/jobs/{job_id}/events",
            )
        ),
        caplog.text,
        *capfd.readouterr(),
        *everything(api.store),
        repr(claim),
    ]
    assert not [text for text in shown if "zq4711xk" in text]
    holders = [path.name for path in api.stored() if SECRET.encode() in path.read_bytes()]
    assert holders == [PASSWORD]


def everything(store: redis.Redis) -> list[str]:
    """All that the store holds, as text."""
    readers = {
        b"string": store.get,
        b"hash": store.hgetall,
        b"list": lambda key: store.lrange(key, 0, -1),
        b"set": store.smembers,
        b"zset": lambda key: store.zrange(key, 0, -1),
        b"stream": store.xrange,
    }
    found = []
    for key in store.scan_iter():
        kind = store.type(key)
        read = readers[kind if isinstance(kind, bytes) else kind.encode()]
        found.append(f"{key!r} {read(key)!r}")
    assert found
    return found


def test_a_password_in_the_address_is_refused(api: Api) -> None:
    refused = api.client.post("/v1/jobs?password=4711", data=PDF)
    body = problem(refused, 422, "invalid_option")
    assert "4711" not in str(body) and api.stored() == []


def test_a_password_that_cannot_be_one_is_refused_without_being_said(api: Api) -> None:
    long = "geheim" * 100
    form = {"file": (io.BytesIO(PDF), "a.pdf"), "password": long}
    body = problem(api.client.post("/v1/jobs", data=form), 422, "invalid_option")
    assert "geheim" not in str(body)


def test_the_print_of_a_request_tells_nothing_of_its_password(api: Api) -> None:
    key = {"Idempotency-Key": "once"}
    first = sent(api, "form", **key)
    form = {"file": (io.BytesIO(PDF), "a.pdf")}
    again = api.client.post("/v1/jobs", data=form, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json()["id"] == first.get_json()["id"]


def test_a_password_goes_with_its_document(api: Api) -> None:
    job_id = sent(api, "form").get_json()["id"]
    assert api.client.delete(f"/v1/jobs/{job_id}").status_code < 300
    names = [path.name for path in api.stored()]
    assert INPUT not in names and PASSWORD not in names
