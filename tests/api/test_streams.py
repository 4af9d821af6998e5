"""Documents inside other things: however the body is cut into pieces, the same bytes come out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.filenames import base_name
from api.http.multipart import read_form
from api.torchserve.encodings import GuessingSink
from shared.errors import InvalidOption, UnsupportedMediaType
from shared.incoming.json_body import read_json
from shared.incoming.sinks import Base64Sink

DATA = st.binary(min_size=0, max_size=3000)
CUTS = st.lists(st.integers(0, 4000), max_size=8)
KEPT = '\n\r\t\\/"{}[]:, đọcdata'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(st.sampled_from(KEPT), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "x", '"', "\\"]), inner, max_size=3)
    ),
    max_leaves=6,
)


class Bucket:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = 0

    def write(self, data: bytes, /) -> None:
        self.data += data

    def close(self) -> None:
        self.closed += 1


def cut(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    ends = sorted({min(at, len(data)) for at in cuts} | {len(data)})
    start = 0
    for end in ends:
        yield data[start:end]
        start = end


@given(
    DATA, CUTS, st.dictionaries(st.sampled_from(["a", "b", "datas"]), VALUES, max_size=2), VALUES
)
def test_a_document_in_json(
    data: bytes, cuts: list[int], before: dict[str, object], after: object
) -> None:
    text = base64.b64encode(data).decode()
    body = json.dumps({**before, "data": text, "after": after}).replace("/", "\\/").encode()
    bucket = Bucket()
    read = read_json(cut(body, cuts), Base64Sink(bucket), ("data", "body"))
    assert bucket.data == data and bucket.closed == 1
    assert read.document_key == "data" and read.members == {**before, "after": after}


@given(st.dictionaries(st.sampled_from(["a", "url", "x"]), VALUES, max_size=3), CUTS)
def test_json_without_a_document(members: dict[str, object], cuts: list[int]) -> None:
    """`data` further down is no document."""
    bucket = Bucket()
    read = read_json(cut(json.dumps(members, indent=1).encode(), cuts), bucket, ("data",))
    assert read.members == members and read.document_key is None and bucket.data == b""


@given(DATA, CUTS, st.sampled_from([b"\r\n--x", b"--x--", b"\r\n--", b"\n", b""]))
def test_a_document_in_a_form(data: bytes, cuts: list[int], trap: bytes) -> None:
    data += trap + b"!"
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    field = b'\r\n--xyz\r\nContent-Disposition: form-data; name="pages"\r\n\r\n1-3\r\n--xyz--\r\n'
    bucket = Bucket()
    form = read_form(cut(head + data + field, cuts), "xyz", bucket)
    assert bucket.data == data and bucket.closed == 1
    assert form.has_document and form.file_name == "a" and form.fields == {"pages": "1-3"}


@given(DATA, CUTS, st.booleans(), st.sampled_from([b"", b"data:image/png;base64,", b"\n"]))
def test_a_document_in_base64(data: bytes, cuts: list[int], padded: bool, prefix: bytes) -> None:
    text = base64.encodebytes(data)
    bucket = Bucket()
    sink = Base64Sink(bucket)
    for piece in cut(prefix + (text if padded else text.replace(b"=", b"")), cuts):
        sink.write(piece)
    sink.close()
    assert bucket.data == data and bucket.closed == 1


@given(DATA, CUTS, st.sampled_from(["raw", "base64", "form", "escaped"]))
def test_a_document_that_must_be_guessed(data: bytes, cuts: list[int], way: str) -> None:
    data = b"\x89PNG\r\n\x1a\n" + data
    text = base64.b64encode(data)
    body = {
        "raw": data,
        "base64": text,
        "form": b"body=" + text + b"&model=x",
        "escaped": b"data=" + quote(text, safe="").encode(),
    }[way]
    bucket = Bucket()
    sink = GuessingSink(bucket)
    for piece in cut(body, cuts):
        sink.write(piece)
    sink.close()
    assert bucket.data == data and bucket.closed == 1


@given(st.binary(max_size=3000), CUTS)
def test_anything_else_is_refused_or_decoded(data: bytes, cuts: list[int]) -> None:
    for sink in (Base64Sink(Bucket()), GuessingSink(Bucket())):
        try:
            for piece in cut(data, cuts):
                sink.write(piece)
            sink.close()
        except (InvalidOption, UnsupportedMediaType):
            continue


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("scan.pdf", "scan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\An\\ảnh.png", "ảnh.png"),
        ("a\r\nX: y.png", "aX: y.png"),
        ("a\x00b\u202egnp.exe", "abgnp.exe"),
        ("a\u0309.png", "ả.png"),  # NFC
        ("  a b ", "a b"),
        ("x" * 300, "x" * 255),
        ("..", None),
        ("/", None),
        ("\u200b", None),
        ("", None),
        (None, None),
    ],
)
def test_a_file_name_keeps_what_can_be_seen(given_name: str | None, name: str | None) -> None:
    assert base_name(given_name) == name


def test_a_document_gains_no_byte_wherever_the_network_cuts_the_form() -> None:
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = head + b"document" + b"\r\n--xyz--\r\n"
    for at in range(1, len(body)):
        bucket = Bucket()
        read_form(cut(body, [at]), "xyz", bucket)
        assert bucket.data == b"document", f"cut after {body[:at][-6:]!r}"
