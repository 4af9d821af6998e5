"""Results: formats, single pages, what stands in the way of one, caching, names."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from api.jobs.formats import FORMATS
from shared.errors.documents import DocumentDamaged
from shared.result import document_text
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from tests.api.playing import PDF, Api, page_of, problem
from tests.web.papers import paper, read_by_worker

PAGES = [page_of(1, "Đọc chữ", "hai dòng"), page_of(2), page_of(3, "trang ba")]


@pytest.fixture
def path(api: Api) -> str:
    """The path of a job that has been read."""
    job = api.submit(PDF, headers={"Content-Disposition": 'attachment; filename="a b.pdf"'})
    api.finish(*PAGES)
    return f"/v1/jobs/{job['id']}"


def test_json_holds_every_page(api: Api, path: str) -> None:
    answer = api.get(f"{path}/result")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    body = answer.get_json()
    assert path.endswith(body["job_id"])
    assert body["model"]["name"] == "vi-print"
    assert body["pages"] == [page.model_dump(mode="json") for page in PAGES]
    assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''a%20b.json"


def test_text_is_the_text_of_the_document(api: Api, path: str) -> None:
    answer = api.get(f"{path}/result?format=text")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == document_text(PAGES)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/markdown", "text/markdown"),
        ("application/alto+xml, */*;q=0.1", "application/alto+xml"),
        ("text/vnd.hocr+html", "text/vnd.hocr+html"),
        ("text/*;q=0.5, application/json;q=0.1", "text/plain"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_accept_chooses_the_format(api: Api, path: str, accept: str, media_type: str) -> None:
    assert api.get(f"{path}/result", {"Accept": accept}).mimetype == media_type


def test_the_query_goes_before_accept(api: Api, path: str) -> None:
    answer = api.get(f"{path}/result?format=json", {"Accept": "text/plain"})
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize("name", ["odt", "JSON", ""])
def test_a_format_that_is_not_there_names_those_that_are(api: Api, path: str, name: str) -> None:
    body = problem(api.get(f"{path}/result?format={name}"), 406, "format_not_available")
    assert body["available"] == list(FORMATS)


def test_an_accept_that_nothing_fits_is_refused(api: Api, path: str) -> None:
    answer = api.get(f"{path}/result", {"Accept": "application/zip"})
    problem(answer, 406, "format_not_available")


def test_a_result_that_is_known_is_not_sent_again(api: Api, path: str) -> None:
    first = api.get(f"{path}/result")
    text = api.get(f"{path}/result?format=text")
    assert first.headers["ETag"] != text.headers["ETag"]
    again = api.get(f"{path}/result", {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    assert "no-store" not in first.headers["Cache-Control"]


def test_a_partial_result_leaves_out_what_was_not_read(api: Api) -> None:
    job = api.submit(PDF)
    claim = api.begin(3)
    api.read(claim, PAGES[0])
    bad = PageRecord(None, "page_too_large", "Too many pixels.")
    api.worker.record(claim, 2, bad, PageTimings())
    api.read(claim, PAGES[2])
    path = f"/v1/jobs/{job['id']}"
    shown = api.get(path).get_json()
    assert shown["status"] == "partial"
    assert shown["error"]["pages"] == [
        {"page": 2, "code": "page_too_large", "detail": "Too many pixels."}
    ]
    assert [page["page"] for page in api.get(f"{path}/result").get_json()["pages"]] == [1, 3]
    assert api.get(f"{path}/result?format=text").text == document_text([PAGES[0], PAGES[2]])
    body = problem(api.get(f"{path}/pages/2"), 409, "page_failed")
    assert body["reason"] == "page_too_large"


def test_a_page_is_there_as_soon_as_it_is_read(api: Api) -> None:
    job = api.submit(PDF)
    path = f"/v1/jobs/{job['id']}/pages"
    waiting = api.get(f"{path}/1")
    problem(waiting, 409, "page_not_read")
    assert waiting.headers["Retry-After"]
    claim = api.begin(2)
    api.read(claim, PAGES[0])
    assert api.get(f"{path}/1").get_json() == PAGES[0].model_dump(mode="json")
    problem(api.get(f"{path}/2"), 409, "page_not_read")
    for number in ("0", "3", "-1", "x", "1.5", "01", "9" * 5000, "١"):
        problem(api.get(f"{path}/{number}"), 404, "page_not_found")


def test_a_result_before_the_end_is_a_conflict(api: Api) -> None:
    job = api.submit(PDF)
    answer = api.get(f"/v1/jobs/{job['id']}/result")
    assert problem(answer, 409, "job_not_finished")["job_status"] == "queued"
    assert answer.headers["Retry-After"]


def test_the_result_of_a_failed_job_is_its_error(api: Api) -> None:
    job = api.submit(PDF)
    api.worker.fail(api.claim(), DocumentDamaged("It is cut short."))
    body = problem(api.get(f"/v1/jobs/{job['id']}/result"), 409, "job_failed")
    assert body["error"]["code"] == "document_damaged"
    assert body["error"]["detail"] == "It is cut short."


def test_what_was_read_of_a_canceled_job_is_there_for_whoever_asks_for_it(api: Api) -> None:
    path = f"/v1/jobs/{api.submit(PDF)['id']}"
    claim = api.begin(3)
    api.read(claim, PAGES[0])
    problem(api.get(f"{path}/result?partial=true"), 409, "job_not_finished")
    assert api.client.post(f"{path}/cancel").status_code == 200
    api.worker.finish(claim)
    problem(api.get(f"{path}/result"), 409, "job_canceled")
    body = api.get(f"{path}/result?partial=true").get_json()
    assert body["pages"] == [PAGES[0].model_dump(mode="json")]
    text = api.get(f"{path}/result?partial=true&format=text").text
    assert text == document_text(PAGES[:1])


def test_of_a_job_that_was_canceled_unread_there_is_nothing(api: Api) -> None:
    path = f"/v1/jobs/{api.submit(PDF)['id']}"
    assert api.client.post(f"{path}/cancel").status_code == 200
    problem(api.get(f"{path}/result?partial=true"), 409, "job_canceled")


def test_a_result_whose_bytes_are_lost_is_no_500(api: Api, path: str) -> None:
    for blob in api.stored():
        blob.unlink()
    problem(api.get(f"{path}/pages/1"), 410, "job_gone")


def test_no_file_name_breaks_a_header(api: Api) -> None:
    for name in ('a"b.png', "a\r\nX-Evil: 1.png", "../../etc/passwd", "ả.png", "a;b=c.png"):
        job = api.submit(
            headers={"Content-Type": "multipart/form-data; boundary=x"},
            data=(
                b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
                + name.replace('"', "%22").replace("\r\n", "%0D%0A").encode()
                + b'"\r\n\r\n'
                + PDF
                + b"\r\n--x--\r\n"
            ),
        )
        api.finish(PAGES[0])
        answer = api.get(f"/v1/jobs/{job['id']}/result?format=text")
        assert answer.status_code == 200
        assert "X-Evil" not in answer.headers
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("inline; filename*=UTF-8''") and disposition.isascii()


def test_a_picture_comes_as_small_as_it_is_asked_for(api: Api) -> None:
    job = api.submit(PDF)
    page = paper(1)
    read_by_worker(api, api.begin(1), page)
    path = f"{job['links']['self']}/pages/1/image"
    whole, small = api.get(path), api.get(f"{path}?max_side=160")
    with Image.open(io.BytesIO(small.data)) as picture:
        assert picture.format == "JPEG" and max(picture.size) == 160
        assert abs(picture.width / picture.height - page.width / page.height) < 0.01
    assert len(small.data) < len(whole.data)
    assert small.headers["ETag"] != whole.headers["ETag"]
    problem(api.get(f"{path}?max_side=0"), 422, "invalid_option")
