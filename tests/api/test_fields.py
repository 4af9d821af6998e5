"""Fields of a result: asked for with the document or later, without reading it again."""

from __future__ import annotations

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
