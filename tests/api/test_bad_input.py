"""Bad input: each kind has its answer, and nothing that anybody can send makes a 500."""

from __future__ import annotations

import base64
import gzip
import io

import pytest

from tests.api.playing import PNG, Api, problem

FORM = "multipart/form-data; boundary=x"
MAX = 200_000  # bytes, what the fixture `api` takes


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


END = b"--x--\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"PK\x03\x04" + bytes(5000),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x7fELF" + bytes(2000),
        b"GIF88a",
    ],
)
def test_what_is_no_document_is_refused_by_its_bytes(api: Api, data: bytes) -> None:
    named = api.client.post("/v1/jobs", data={"file": (io.BytesIO(data), "scan.png")})
    typed = api.client.post("/v1/jobs", data=data, headers={"Content-Type": "image/png"})
    for answer in (named, typed):
        problem(answer, 415, "unsupported_media_type")
    assert api.stored() == []


def test_an_empty_document_is_refused(api: Api) -> None:
    empty = [
        api.client.post("/v1/jobs"),
        api.client.post("/v1/jobs", data={"file": (io.BytesIO(b""), "a.png")}),
        api.client.post("/v1/jobs", data=END, content_type=FORM),
        api.client.post("/v1/jobs", data={"pages": "1"}, content_type="multipart/form-data"),
        api.client.post("/v1/jobs", json={}),
        api.client.post("/v1/jobs", json={"data": ""}),
    ]
    for answer in empty:
        problem(answer, 400, "empty_document")


def test_a_document_that_is_too_large_is_refused(api: Api) -> None:
    data = PNG + bytes(MAX)
    large = [
        api.client.post("/v1/jobs", data=data),
        api.client.post("/v1/jobs", data={"file": (io.BytesIO(data), "a.png")}),
        api.client.post("/v1/jobs", json={"data": base64.b64encode(data).decode()}),
    ]
    for answer in large:
        assert problem(answer, 413, "document_too_large")["max_bytes"] == MAX
    assert api.stored() == []


def test_a_document_of_exactly_the_limit_is_taken(api: Api) -> None:
    data = PNG + bytes(MAX - len(PNG))
    api.submit(data)
    assert api.client.post("/v1/jobs", data={"file": (io.BytesIO(data), "a")}).status_code == 202
    answer = api.client.post("/v1/jobs", json={"data": base64.b64encode(data).decode()})
    assert answer.status_code == 202


def test_a_body_without_a_length_is_counted_as_it_comes(api: Api) -> None:
    """As gunicorn hands on a chunked body: without a length, and ended by the server."""
    for size, status in ((MAX, 202), (MAX + 1, 413)):
        body = io.BytesIO(PNG + bytes(size - len(PNG)))
        answer = api.client.post(
            "/v1/jobs",
            input_stream=body,
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        )
        assert answer.status_code == status, answer.text


def test_a_body_that_ends_early_is_refused(api: Api) -> None:
    for content_type in ("image/png", FORM, "application/json"):
        answer = api.client.post(
            "/v1/jobs",
            input_stream=io.BytesIO(PNG),
            content_type=content_type,
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "5000"},
        )
        problem(answer, 400, "bad_request")
    assert api.stored() == []


def test_several_documents_are_not_one_job(api: Api) -> None:
    body = part("file", PNG, '; filename="a"') + part("file", PNG, '; filename="b"') + END
    answer = api.client.post("/v1/jobs", data=body, content_type=FORM)
    assert "batch" in problem(answer, 422, "invalid_option")["detail"]


def test_a_file_in_another_field_is_refused_by_name(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data={"image": (io.BytesIO(PNG), "a.png")})
    assert problem(answer, 422, "invalid_option")["option"] == "image"


def test_a_document_without_a_file_name_is_a_document(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data=part("file", PNG) + END, content_type=FORM)
    assert answer.status_code == 202 and answer.get_json()["document"]["name"] is None


def test_a_file_name_in_another_encoding_is_no_reason_to_refuse(api: Api) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xe3\xff.png"\r\n\r\n'
    answer = api.client.post("/v1/jobs", data=head + PNG + b"\r\n" + END, content_type=FORM)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "x" * 300])
def test_a_packed_body_is_refused_by_the_name_of_its_packing(api: Api, encoding: str) -> None:
    for path in ("/v1/jobs", "/v1/batches", "/predictions/ocr"):
        answer = api.client.post(path, data=PNG, headers={"Content-Encoding": encoding})
        assert f"`{encoding[:64]}`" in problem(answer, 415, "unsupported_media_type")["detail"]
    assert api.stored() == []


def test_a_packed_document_is_refused_by_the_name_of_its_packing(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data=gzip.compress(PNG))
    assert "gzip" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_part_in_an_unknown_encoding_is_refused_by_its_name(api: Api) -> None:
    body = part("file", PNG, "\r\nContent-Transfer-Encoding: Quoted-Printable") + END
    answer = api.client.post("/v1/jobs", data=body, content_type=FORM)
    detail = problem(answer, 415, "unsupported_media_type")["detail"]
    assert "`quoted-printable`" in detail
    body = part("file", b"*" * 300, "\r\nContent-Transfer-Encoding: base64") + END
    problem(api.client.post("/v1/jobs", data=body, content_type=FORM), 400, "bad_request")
    assert api.stored() == []


MALFORMED_FORMS = {
    "no boundary": ("multipart/form-data", part("file", PNG) + END),
    "a boundary that is not ASCII": ("multipart/form-data; boundary=\xe9", END),
    "an endless boundary": ("multipart/form-data; boundary=" + "x" * 500, END),
    "another boundary": ("multipart/form-data; boundary=y", part("file", PNG) + END),
    "no end": (FORM, part("file", PNG)),
    "cut in the headers": (FORM, b"--x\r\nContent-Dispo"),
    "no disposition": (FORM, b"--x\r\nContent-Type: image/png\r\n\r\nabc\r\n" + END),
    "too many parts": (FORM, b"".join(part(f"a{n}", b"1") for n in range(40)) + END),
    "endless headers": (FORM, b"--x\r\nX: " + b"a" * 300_000),
    "an endless preamble": (FORM, b"a" * 300_000),
    "an endless epilogue": (FORM, part("file", PNG) + END + b"a" * 400_000),
}


@pytest.mark.parametrize("name", MALFORMED_FORMS)
def test_a_malformed_form_is_refused(api: Api, name: str) -> None:
    content_type, data = MALFORMED_FORMS[name]
    problem(api.client.post("/v1/jobs", data=data, content_type=content_type), 400, "bad_request")
    assert api.stored() == []


@pytest.mark.parametrize(
    "fields",
    [
        part("metadata", b"\xff\xfe"),
        part("metadata", b"x" * 9000),
        part("", b"1"),
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n",
    ],
)
def test_a_field_that_cannot_be_read_is_refused(api: Api, fields: bytes) -> None:
    body = fields + part("file", PNG) + END
    problem(api.client.post("/v1/jobs", data=body, content_type=FORM), 422, "invalid_option")


BAD_JSON = {
    "nothing": b"",
    "no JSON": b"{",
    "cut inside the document": b'{"data": "iVBORw0KGgo',
    "a list": b"[1]",
    "a text": b'"data"',
    "not UTF-8": b'{"url": "\xff"}',
    "NaN": b'{"metadata": {"a": NaN}}',
    "nested deeply": b'{"metadata": ' + b"[" * 30_000,
    "closed too often": b'{"a": 1}}',
    "two objects": b'{"data": ""} {}',
    "a bad escape": b'{"data": "\\x"}',
    "much beside the document": b'{"a": "' + b"x" * 70_000 + b'"}',
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_body_that_is_not_json_is_refused(api: Api, name: str) -> None:
    answer = api.client.post("/v1/jobs", data=BAD_JSON[name], content_type="application/json")
    assert answer.status_code in (400, 422), answer.text
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {"data": "!!!"},
        {"data": "iVBORw==iVBORw=="},
        {"data": "đọc chữ"},
        {"data": "iVBORw0KG"},
        {"data": 5},
        {"data": None},
        {"data": ["iVBO"]},
        {"url": 5},
        {"url": "https://example.com/a.png", "data": "iVBORw0KGgo="},
        {"url": "https://example.com/a.png", "webhook_include": "pages"},
        {"file": "iVBORw0KGgo="},
        {"data": "iVBORw0KGgo=", "ttl_s": True},
        {"data": "iVBORw0KGgo=", "pages": 1},
        {"data": "iVBORw0KGgo=", "metadata": "[]"},
    ],
)
def test_json_that_means_nothing_is_refused(api: Api, body: dict[str, object]) -> None:
    problem(api.client.post("/v1/jobs", json=body), 422, "invalid_option")


def test_the_document_is_given_once_in_json(api: Api) -> None:
    data = b'{"data": "iVBORw0KGgo=", "data": "iVBORw0KGgo="}'
    answer = api.client.post("/v1/jobs", data=data, content_type="application/json")
    problem(answer, 422, "invalid_option")


def test_an_unexpected_error_is_a_500_that_gives_nothing_away(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(api.parts.jobs, "check_room", fail)
    answer = api.client.post("/v1/jobs", data=PNG)
    problem(answer, 500, "internal")
    assert "secret" not in answer.text and "ZeroDivision" not in answer.text
