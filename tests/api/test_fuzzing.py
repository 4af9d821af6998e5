"""Nothing that anybody can send makes a 500."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.playing import PNG, Api

FORM = "multipart/form-data; boundary=x"
END = b"--x--\r\n"
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
CONTENT_TYPES = st.sampled_from(
    ["", "image/png", FORM, "application/json", "multipart/form-data; boundary=\r", "a;b=c;=", "x/"]
)
PIECES = st.sampled_from(
    [
        PNG,
        END,
        b"--x\r\n",
        b"\r\n\r\n",
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
        b'Content-Disposition: form-data; name="pages"\r\n\r\n',
        b'{"data": "',
        base64.b64encode(PNG),
        b'"}',
        b'"',
        b"\\",
        b"data:image/png;base64,",
        b'"url":',
        b"data=",
        b"%8",
        b"[",
    ]
)
BODIES = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=8).map(b"".join)
# What HTTP allows in a header's value at all (RFC 9110, 5.5), as the server decodes it.
HEADER_VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)
QUERIES = st.dictionaries(
    st.sampled_from(["pages", "priority", "metadata", "ttl_s", "wait", "limit", "x", ""]),
    st.text(max_size=20),
    max_size=3,
)


@settings(FUZZ, max_examples=300)
@given(body=BODIES, content_type=CONTENT_TYPES, query=QUERIES, value=HEADER_VALUES)
def test_nothing_that_anybody_submits_makes_a_500(
    api: Api, body: bytes, content_type: str, query: dict[str, str], value: str
) -> None:
    api.store.flushall()
    headers = {"Idempotency-Key": value, "Prefer": value[::-1], "Content-Disposition": value}
    for path in ("/v1/jobs", "/v1/jobs?" + value):
        answer = api.client.post(
            path,
            data=body,
            content_type=content_type.strip(),
            query_string=None if "?" in path else query,
            headers={name: text for name, text in headers.items() if text},
        )
        assert answer.status_code in (202, 400, 413, 415, 422), answer.text
        assert json.loads(answer.text)


@settings(FUZZ, max_examples=200)
@given(path=st.text(max_size=30), value=HEADER_VALUES)
def test_nothing_that_anybody_asks_for_makes_a_500(api: Api, path: str, value: str) -> None:
    headers = {"Accept": value, "If-None-Match": value, "Authorization": value, "Origin": value}
    for prefix in ("/", "/v1/jobs/", "/v1/jobs?", "/models/"):
        # Two slashes in front would name another host to the test's client.
        target = "/" + (prefix + quote(path)).lstrip("/")
        answer = api.client.get(target, headers=headers)
        assert answer.status_code in (200, 304, 308, 401, 404, 422), (prefix + path, answer.text)
