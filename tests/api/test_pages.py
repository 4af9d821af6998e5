"""The page's own files and the pictures of pages: small, safe, revalidated."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from shared.blobs import picture_name
from tests.api.playing import PDF, Api, page_of, problem

WEB = Path(__file__).parents[2] / "api" / "web"


@pytest.mark.parametrize("path", ["/", "/admin"])
def test_the_page_runs_nothing_that_did_not_come_with_it(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert ('data-formats="json text' in answer.text) == (path == "/")
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|https?://", answer.text)


@pytest.mark.parametrize("name", sorted(path.name for path in WEB.iterdir()))
def test_each_file_is_compressed_and_revalidated(api: Api, name: str) -> None:
    plain = api.get(f"/web/{name}")
    assert plain.status_code == 200 and plain.headers["Cache-Control"] == "no-cache"
    packed = api.get(f"/web/{name}", {"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    again = api.get(f"/web/{name}", {"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_no_other_file_can_be_had(api: Api) -> None:
    for name in ("pages.py", "..%2fpages.py", "%2e%2e/pages.py"):
        assert api.get(f"/web/{name}").status_code == 404


def test_a_page_has_a_picture_as_soon_as_it_is_read(api: Api) -> None:
    job = api.submit(PDF)
    claim = api.begin(2)
    path = f"/v1/jobs/{job['id']}/pages/1/image"
    problem(api.get(path), 409, "page_not_read")
    name = picture_name("page-1.0.1.json")
    api.parts.blobs.put_passing(claim.tenant, claim.job_id, name, b"\xff\xd8picture")
    api.read(claim, page_of(1, "một"))
    answer = api.get(path)
    assert answer.data == b"\xff\xd8picture" and answer.mimetype == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert api.get(path, {"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_page_without_a_picture_answers_nothing(api: Api) -> None:
    job = api.submit(PDF)
    claim = api.begin(1)
    api.read(claim, page_of(1, "một"))
    answer = api.get(f"/v1/jobs/{job['id']}/pages/1/image")
    assert answer.status_code == 204 and not answer.data
    problem(api.get(f"/v1/jobs/{job['id']}/pages/2/image"), 404, "page_not_found")
