"""Fields of a result: asked for with the document or later, without reading it again."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest

from tests.api.playing import PDF, Api, problem
from tests.fields.test_extraction import LETTER, page_of


@pytest.fixture
def letter(api: Api) -> str:
    """The result of an official letter that was read without a word of fields."""
    job = api.submit(PDF)
    api.finish(page_of(LETTER))
    return f"/v1/jobs/{job['id']}/result"


def test_fields_are_there_where_they_are_asked_for(api: Api, letter: str) -> None:
    plain = api.get(letter).get_json()
    assert "fields" not in plain
    body = api.get(f"{letter}?extract=auto").get_json()
    fields = body.pop("fields")
    assert body == plain
    assert fields["document_type"] == "official_document"
    number = fields["fields"]["number"]
    assert number.keys() == {"text", "value", "confidence", "page", "box", "why"}
    assert number["value"] == "6191/BVT-TCKT" and number["page"] == 1
    assert api.get(f"{letter}?extract=official_document").get_json()["fields"] == fields


def test_a_job_that_asks_for_fields_has_them_in_its_result(api: Api) -> None:
    job = api.submit(PDF, extract="auto")
    assert job["options"]["extract"] == "auto"
    api.finish(page_of(LETTER))
    answer = api.get(f"/v1/jobs/{job['id']}/result")
    assert answer.get_json()["fields"]["document_type"] == "official_document"
    text = api.get(f"/v1/jobs/{job['id']}/result?format=text")
    assert text.status_code == 200 and "6191" in text.text


def test_a_type_that_is_not_there_is_refused_now_not_later(api: Api, letter: str) -> None:
    body = problem(api.get(f"{letter}?extract=passprt"), 422, "invalid_option")
    assert "official_document" in body["detail"]
    refused = api.client.post("/v1/jobs?extract=passprt", data=PDF)
    problem(refused, 422, "invalid_option")
    problem(api.client.post("/v1/batches?extract=passprt"), 422, "invalid_option")


def test_fields_go_with_json_alone(api: Api, letter: str) -> None:
    problem(api.get(f"{letter}?extract=auto&format=text"), 422, "invalid_option")


def test_a_result_with_fields_is_another_than_without(api: Api, letter: str) -> None:
    plain, with_fields = api.get(letter), api.get(f"{letter}?extract=auto")
    assert plain.headers["ETag"] != with_fields.headers["ETag"]
    known = {"If-None-Match": with_fields.headers["ETag"]}
    assert api.get(f"{letter}?extract=auto", known).status_code == 304


@pytest.fixture
def letters(api: Api) -> str:
    """The results of a batch: a letter, one in which nothing is found, one that was not read."""
    batch = api.client.post("/v1/batches").get_json()
    for name in ("thư.pdf", "=1+1.pdf", "sau.pdf"):
        api.submit(PDF, batch_id=batch["id"], custom_id=name)
    api.finish(page_of(LETTER))
    api.finish(page_of([]))
    assert api.client.post(f"/v1/batches/{batch['id']}/cancel").status_code == 200
    path: str = batch["links"]["results"]
    return path


def test_the_fields_of_a_batch_are_a_sheet_with_a_row_for_each_document(
    api: Api, letters: str
) -> None:
    answer = api.get(f"{letters}?format=csv&extract=official_document")
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["position"] for row in rows] == ["1", "2", "3"]
    assert [row["custom_id"] for row in rows] == ["thư.pdf", "'=1+1.pdf", "sau.pdf"]
    assert [row["number"] for row in rows] == ["6191/BVT-TCKT", "", ""]
    assert [bool(row["error"]) for row in rows] == [False, False, True]
    assert "seller" not in rows[0]
    everything = api.get(f"{letters}?format=csv").data.decode("utf-8-sig")
    assert "seller" in everything.splitlines()[0] and "6191/BVT-TCKT" in everything


def test_a_workbook_has_the_same_rows_and_no_formula(api: Api, letters: str) -> None:
    answer = api.get(f"{letters}?format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = list(book["Fields"].values)
    head = {name: column for column, name in enumerate(rows[0])}
    assert rows[1][head["number"]] == "6191/BVT-TCKT"
    assert rows[1][head["position"]] == 1
    cell = book["Fields"].cell(3, head["custom_id"] + 1)
    assert (cell.value, cell.data_type) == ("=1+1.pdf", "s")


def test_lines_of_a_batch_have_the_fields_that_are_asked_for(api: Api, letters: str) -> None:
    lines = api.get(f"{letters}?extract=auto").data.splitlines()
    assert json.loads(lines[0])["result"]["fields"]["document_type"] == "official_document"
    for query in ("extract=passprt", "extract=auto&format=text", "extract=auto&format=zip"):
        problem(api.get(f"{letters}?{query}"), 422, "invalid_option")
    problem(api.get(f"{letters}?format=csv&after=1"), 422, "invalid_option")


def test_a_sheet_is_there_once_the_batch_has_ended(api: Api) -> None:
    batch = api.client.post("/v1/batches").get_json()
    api.submit(PDF, batch_id=batch["id"], custom_id="a.pdf")
    problem(api.get(f"{batch['links']['results']}?format=xlsx"), 409, "batch_not_finished")


def test_a_sheet_says_of_each_row_why_it_has_no_fields(api: Api) -> None:
    batch = api.client.post("/v1/batches?extract=official_document").get_json()
    jobs = [api.submit(PDF, batch_id=batch["id"], custom_id=name) for name in ("a.pdf", "b.pdf")]
    api.finish(page_of(LETTER))
    api.finish(page_of(LETTER))
    api.client.post(f"/v1/batches/{batch['id']}/close")
    for path in api.stored():
        if jobs[1]["id"] in path.parts:
            path.unlink()

    def rows() -> list[dict[str, str]]:
        data = api.get(f"{batch['links']['results']}?format=csv").data
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))

    first, second = rows()
    assert (first["number"], first["error"]) == ("6191/BVT-TCKT", "")
    assert (second["number"], second["error"]) == ("", "job_gone")
    del api.parts.templates["official_document"]  # type: ignore[attr-defined]
    first, _ = rows()
    assert "number" not in first and "no type" in first["warnings"]
