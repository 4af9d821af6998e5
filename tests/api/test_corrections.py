"""What people set right in a result: in every format, with who and when, gone with the result."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import pytest

from shared.corrections import fit_text
from shared.result import Table, TableCell
from tests.api.playing import PDF, Api, page_of, problem
from tests.fields.test_extraction import LETTER
from tests.fields.test_extraction import page_of as page_of_words

LINES = ("Trăm năm trong cỏi", "Chữ tài chữ mệnh", "~~ | ~~")


@pytest.fixture
def job(api: Api) -> str:
    """The address of a document of two pages that was read."""
    submitted = api.submit(PDF)
    api.finish(page_of(1, *LINES), page_of(2, "Trang hai"))
    path: str = submitted["links"]["self"]
    return path


def put(api: Api, path: str, key: str | None = None, **said: object) -> dict[str, object]:
    """Say something of a line; the line as it is now."""
    headers = {"Authorization": f"Bearer {key}"} if key else None
    answer = api.client.put(path, json=said, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.get_json()
    return found


def test_a_corrected_line_is_in_the_result_in_every_format(api: Api, job: str) -> None:
    line = put(api, f"{job}/pages/1/lines/0", text="Trăm năm  trong cõi người")
    assert line["text"] == "Trăm năm trong cõi người" and line["confidence"] == 1
    assert [word["text"] for word in line["words"]] == line["text"].split()  # type: ignore[attr-defined,index]
    for form in ("text", "markdown", "html", "hocr", "alto", "json"):
        text = api.get(f"{job}/result?format={form}").text
        assert "cõi" in text and ("cỏi" not in text or form == "json"), form
        original = api.get(f"{job}/result?format={form}&version=original").text
        assert "cỏi" in original and "cõi" not in original, form
    page = api.get(f"{job}/pages/1").get_json()
    assert page["lines"][0] == line
    assert "correction" not in page["lines"][1]
    read = api.get(f"{job}/pages/1?version=original").get_json()
    assert read["lines"][0]["text"] == LINES[0] and "correction" not in read["lines"][0]
    assert api.get(job).get_json()["num_corrections"] == 1


def test_files_hold_the_corrections_too_and_those_of_before_are_erased(api: Api, job: str) -> None:
    assert "cỏi" in _document(api, job)
    put(api, f"{job}/pages/1/lines/0", text="Trăm năm trong cõi")
    assert "cõi" in _document(api, job)
    put(api, f"{job}/pages/1/lines/0", text="Trăm năm trong cõi người ta")
    assert "người ta" in _document(api, job)
    assert "cỏi" in _document(api, job, "?version=original")
    made = sorted(path.name for path in api.stored() if path.suffix == ".docx")
    assert made == ["corrected-2.docx", "result.docx"]


def _document(api: Api, job: str, query: str = "") -> str:
    with api.get(f"{job}/result/docx{query}") as answer:
        data = answer.data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("word/document.xml").decode()


def test_what_is_no_text_keeps_its_place_in_json_and_is_nowhere_else(api: Api, job: str) -> None:
    line = put(api, f"{job}/pages/1/lines/2", not_text=True)
    assert line["text"] == "" and line["words"] == []
    assert line["correction"]["original"] == LINES[2]  # type: ignore[index]
    result = api.get(f"{job}/result").get_json()
    assert [one["text"] for one in result["pages"][0]["lines"]] == [*LINES[:2], ""]
    assert api.get(f"{job}/result?format=text").text == "\n".join(LINES[:2]) + "\n\fTrang hai\n"
    assert "~~" not in api.get(f"{job}/result?format=alto").text
    back = put(api, f"{job}/pages/1/lines/2", as_read=True)
    assert back["text"] == LINES[2] and back["confidence"] == 0.9


def test_a_table_follows_its_lines(api: Api) -> None:
    submitted = api.submit(PDF)
    page = page_of(1, "Tồng", "x", "12")
    box = page.lines[0].box
    cells = [
        TableCell(row=0, column=0, text="Tồng x", confidence=0.8, box=box, lines=(0, 1)),
        TableCell(row=0, column=1, text="12", confidence=0.9, box=box, lines=(2,)),
    ]
    table = Table(box=box, num_rows=1, num_columns=2, cells=tuple(cells))
    api.finish(page.model_copy(update={"tables": (table,)}))
    job = submitted["links"]["self"]
    put(api, f"{job}/pages/1/lines/0", text="Tổng")
    put(api, f"{job}/pages/1/lines/1", not_text=True)
    assert api.get(f"{job}/result?format=text").text == "Tổng\t12\n"
    with api.get(f"{job}/result?format=csv") as answer:
        assert answer.text.strip("\ufeff\r\n") == "Tổng,12"
    found = api.get(f"{job}/result").get_json()["pages"][0]["tables"][0]["cells"]
    assert [cell["lines"] for cell in found] == [[0, 1], [2]]
    assert [cell["confidence"] for cell in found] == [1, 0.9]


def test_every_version_says_who_and_when(make_api: object) -> None:
    api: Api = make_api(auth="required")  # type: ignore[operator]
    keys = [api.parts.api_keys.create(name=name)[1] for name in ("Lan", "Minh")]
    headers = {"Authorization": f"Bearer {keys[0]}"}
    job = api.submit(PDF, headers)["links"]["self"]
    api.finish(page_of(1, *LINES))
    path = f"{job}/pages/1/lines/0"
    put(api, path, keys[0], text="Trăm năm")
    line = put(api, path, keys[1], confirmed=True)
    correction = line["correction"]
    said = [(one["by"], one["kind"], one["text"]) for one in correction["versions"]]  # type: ignore[index]
    assert said == [("Lan", "text", "Trăm năm"), ("Minh", "confirmed", "Trăm năm")]
    assert correction["original"] == LINES[0] and correction["by"] == "Minh"  # type: ignore[index]
    assert correction["versions"][0]["at"] <= correction["at"]  # type: ignore[index]
    other = api.parts.api_keys.create("khac")[1]
    refused = api.client.put(path, json={"text": "x"}, headers={"Authorization": f"Bearer {other}"})
    problem(refused, 404, "job_not_found")


def test_the_same_once_more_is_no_other_version_and_the_oldest_go(api: Api, job: str) -> None:
    path = f"{job}/pages/1/lines/0"
    assert put(api, path, text="một") == put(api, path, text="một ")
    for number in range(20):
        line = put(api, path, text=f"lần {number}")
    assert len(line["correction"]["versions"]) == 10  # type: ignore[index]
    assert line["correction"]["original"] == LINES[0]  # type: ignore[index]


def test_of_many_who_correct_at_once_nobody_is_lost(api: Api, job: str) -> None:
    def correct(number: int) -> None:
        client = api.app.test_client()
        client.put(f"{job}/pages/1/lines/0", json={"text": f"người {number}"})
        client.put(f"{job}/pages/2/lines/0", json={"confirmed": True})

    threads = [threading.Thread(target=correct, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line = api.get(f"{job}/pages/1").get_json()["lines"][0]
    said = {one["text"] for one in line["correction"]["versions"]}
    assert said == {f"người {number}" for number in range(8)}
    assert api.get(job).get_json()["num_corrections"] == 9


def test_what_a_job_may_have_of_them_is_bounded(
    api: Api, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.jobs.corrections._MAX_BYTES", 200)
    put(api, f"{job}/pages/1/lines/0", text="ngắn")
    refused = api.client.put(f"{job}/pages/1/lines/1", json={"text": "dài " * 100})
    problem(refused, 409, "corrections_full")
    problem(
        api.client.put(f"{job}/pages/1/lines/1", json={"text": "a" * 2001}), 422, "invalid_option"
    )


@pytest.mark.parametrize(
    ("path", "said", "status", "code"),
    [
        ("pages/1/lines/3", {"text": "a"}, 404, "line_not_found"),
        ("pages/1/lines/-1", {"text": "a"}, 404, "line_not_found"),
        ("pages/3/lines/0", {"text": "a"}, 404, "page_not_found"),
        ("pages/1/lines/0", {}, 422, "invalid_option"),
        ("pages/1/lines/0", {"text": "a", "not_text": True}, 422, "invalid_option"),
        ("pages/1/lines/0", {"text": " \n"}, 422, "invalid_option"),
        ("pages/1/lines/0", {"not_text": False}, 422, "invalid_option"),
        ("pages/1/lines/0", {"absent": True}, 422, "invalid_option"),
    ],
)
def test_what_makes_no_sense_is_refused(
    api: Api, job: str, path: str, said: object, status: int, code: str
) -> None:
    problem(api.client.put(f"{job}/{path}", json=said), status, code)


def test_corrections_go_with_the_result(api: Api, job: str) -> None:
    put(api, f"{job}/pages/1/lines/0", text="Bí mật")
    assert api.client.delete(job).status_code == 204
    problem(api.client.put(f"{job}/pages/1/lines/0", json={"text": "a"}), 410, "job_gone")
    job_id = job.rsplit("/", 1)[-1]
    assert api.store.keys(f"docchu:job:{job_id}:*") == []
    assert list(api.parts.corrections.jobs("default")) == []
    assert "corrected" not in api.store.hgetall(f"docchu:job:{job_id}")


def test_a_result_is_another_once_it_is_corrected(api: Api, job: str) -> None:
    path = f"{job}/result?format=text"
    known = {"If-None-Match": api.get(path).headers["ETag"]}
    assert api.get(path, known).status_code == 304
    put(api, f"{job}/pages/1/lines/0", text="khác")
    assert api.get(path, known).status_code == 200


def test_a_batch_gives_what_was_set_right(api: Api) -> None:
    batch = api.client.post("/v1/batches").get_json()
    member = api.submit(PDF, batch_id=batch["id"], custom_id="a.pdf")
    api.finish(page_of(1, *LINES))
    api.client.post(f"/v1/batches/{batch['id']}/close")
    put(api, f"{member['links']['self']}/pages/1/lines/0", text="Trăm năm trong cõi")
    results = batch["links"]["results"]
    for query in ("?format=text", "?format=json"):
        line = json.loads(api.get(results + query).text)
        assert "cõi" in json.dumps(line, ensure_ascii=False)
        original = api.get(f"{results}{query}&version=original").text
        assert "cỏi" in original and "cõi" not in original


@pytest.fixture
def letter(api: Api) -> str:
    """The address of an official letter that was read."""
    submitted = api.submit(PDF)
    api.finish(page_of_words(LETTER))
    path: str = submitted["links"]["self"]
    return path


def test_a_field_is_corrected_by_hand_and_by_its_line(api: Api, letter: str) -> None:
    path, kind = f"{letter}/fields/number", "official_document"
    before = api.get(f"{letter}/result?extract=auto").get_json()["fields"]["fields"]["number"]
    fields = put(api, path, document_type=kind, text="99/QĐ-BYT")["fields"]
    number = fields["number"]  # type: ignore[index]
    assert number["value"] == "99/QĐ-BYT" and number["confidence"] == 1
    assert number["box"] == before["box"] and number["correction"]["original"] == before["text"]
    shown = api.get(f"{letter}/result?extract=auto").get_json()["fields"]["fields"]
    assert shown == fields
    read = api.get(f"{letter}/result?extract=auto&version=original").get_json()["fields"]["fields"]
    assert read["number"] == before
    gone = put(api, path, document_type=kind, absent=True)
    assert "number" not in gone["fields"] and "number" in gone["absent"]  # type: ignore[operator]
    back = put(api, path, document_type=kind, as_read=True)["fields"]["number"]  # type: ignore[index]
    assert back["value"] == before["value"] and back["confidence"] == before["confidence"]
    page = api.get(f"{letter}/pages/1").get_json()
    place = next(i for i, line in enumerate(page["lines"]) if before["text"] in line["text"])
    text = page["lines"][place]["text"].replace("6191", "6192")
    put(api, f"{letter}/pages/1/lines/{place}", text=text)
    now = api.get(f"{letter}/result?extract=auto").get_json()["fields"]["fields"]["number"]
    assert now["value"] == before["value"].replace("6191", "6192")


def test_a_warning_goes_with_what_it_was_of(api: Api, letter: str) -> None:
    path, kind = f"{letter}/fields/date", "official_document"
    wrong = put(api, path, document_type=kind, text="ngày 1 tháng 1 năm 2999")
    assert [one["code"] for one in wrong["warnings"]] == ["date_in_future"]  # type: ignore[attr-defined]
    right = put(api, path, document_type=kind, text="ngày 1 tháng 2 năm 2020")
    assert right["warnings"] == [] and right["fields"]["date"]["value"] == "2020-02-01"  # type: ignore[index]


def test_a_field_that_nobody_knows_is_refused(api: Api, letter: str) -> None:
    said = {"document_type": "official_document", "text": "a"}
    problem(api.client.put(f"{letter}/fields/nonsense", json=said), 404, "field_not_found")
    problem(api.client.put(f"{letter}/fields/items[1].x", json=said), 404, "field_not_found")
    said = {"document_type": "nonsense", "text": "a"}
    problem(api.client.put(f"{letter}/fields/number", json=said), 404, "field_not_found")


def test_texts_are_as_lines_have_them() -> None:
    assert fit_text("  To\u0302\u0309ng\tcộng\x00 \u2028 1 ") == "Tổng cộng 1"
