"""A document keeps its name and its bytes, however its sender wrote them into the form."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from api.http.filenames import decoded_words, plain_backslashes
from tests.api.playing import PNG, Api
from tests.api.test_bad_input import END, FORM, part
from tests.api.test_batch_uploads import names, unpacked

WRITTEN = {
    r"C:\scan\a.png": "a.png",
    r"C:\\scan\\a.png": "a.png",
    r"C:\new\table\ảnh.png": "ảnh.png",
    r"\\server\share\a.png": "a.png",
    r"/home/ann/a.png": "a.png",
    r"a \"b\".png": 'a "b".png',
    r"a %22b%22.png": 'a "b".png',
    "=?UTF-8?B?aG/DoSDEkcahbi5wbmc=?=": "hoá đơn.png",
    "=?utf-8?q?ho=C3=A1_=C4=91=C6=A1n.png?=": "hoá đơn.png",
    "=?utf-8?q?ho=C3=A1_?= =?iso-8859-1?Q?m=F9a.png?=": "hoá mùa.png",
    "=?nonsense?Q?a?=.png": "=?nonsense?Q?a?=.png",
    "=?utf-8?b?!?=": "=?utf-8?b?!?=",
    r"C:\users\=?utf-8?q?=E1=BA=A3nh?= 1.png": "ảnh 1.png",
}


@pytest.mark.parametrize("written", WRITTEN)
def test_the_name_is_what_the_sender_meant(api: Api, written: str) -> None:
    body = part("file", PNG, f'; filename="{written}"') + END
    as_form = api.client.post("/v1/jobs", data=body, content_type=FORM)
    disposition = f'attachment; filename="{written}"'.encode().decode("latin-1")
    as_body = api.client.post(
        "/v1/jobs", data=PNG, environ_overrides={"HTTP_CONTENT_DISPOSITION": disposition}
    )
    for answer in (as_form, as_body):
        assert answer.get_json()["document"]["name"] == WRITTEN[written]


def test_the_folders_of_windows_are_folders_of_a_batch(api: Api) -> None:
    body = part("file", PNG, r'; filename="hồ sơ\mới\=?utf-8?q?=E1=BA=A3nh.png?="') + END
    batch = api.client.post("/v1/batches", data=body, content_type=FORM).get_json()
    assert names(unpacked(api, batch["id"])) == ["hồ sơ/mới/ảnh.png"]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='%"'), max_size=40)
)
def test_a_name_as_browsers_and_as_curl_write_it_comes_whole(name: str) -> None:
    escaped = name.replace("\\", "\\\\")
    browsers = name if not name.endswith("\\") and "\\\\" not in name else escaped
    for written in (escaped, browsers):
        header = plain_backslashes(f'form-data; name="file"; filename="{written}"')
        assert parse_options_header(header)[1]["filename"] == name


def test_a_name_that_is_made_to_be_slow_is_left_as_it_is() -> None:
    name = "=?a?q?" * 40_000
    assert decoded_words(name) == name


@pytest.mark.parametrize("encoding", ["base64", "Base64 ", "binary", "8bit", ""])
def test_a_part_may_be_written_in_base64(api: Api, encoding: str) -> None:
    is_base64 = encoding.strip().lower() == "base64"
    more = f"\r\nContent-Transfer-Encoding: {encoding}"
    encode = base64.encodebytes if is_base64 else bytes
    body = part("file", encode(PNG), '; filename="a.png"' + more)
    body += part("pages", encode(b"1"), more) + END
    answer = api.client.post("/v1/jobs", data=body, content_type=FORM)
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert job["document"]["size"] == len(PNG) and job["options"]["pages"] == "1"
    assert [path.read_bytes() for path in api.stored()] == [PNG]
