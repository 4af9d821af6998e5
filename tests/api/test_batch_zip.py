"""Results as a zip: the input's own names and folders, safe to unpack anywhere."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.batches.zip_names import ZipNames
from api.batches.zip_writer import ZipWriter
from api.jobs.formats import FORMATS
from tests.api.playing import Api, page_of, problem
from tests.formats.documents import page_with_table


def read_zip(data: bytes) -> dict[str, str]:
    """The files of a sound zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len({name.casefold() for name in names}) == len(names)
        return {name: archive.read(name).decode() for name in names}


def finished_batch(api: Api, *names: str, num_read: int | None = None) -> str:
    """A batch of documents that all ended, the first ones read; the path of its results."""
    batch = api.client.post("/v1/batches").get_json()
    for name in names:
        api.submit(batch_id=batch["id"], custom_id=name)
    for name in names[:num_read]:
        api.finish(page_of(1, f"Chữ của {name}"))
    api.client.post(f"/v1/batches/{batch['id']}/close")
    path: str = batch["links"]["results"]
    return path


def test_each_document_is_a_file_under_its_own_name(api: Api) -> None:
    path = finished_batch(api, "hồ sơ/1.png", "hồ sơ/2.png", "b.pdf")
    answer = api.get(path, {"Accept": "application/zip"})
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert read_zip(answer.data) == {
        "hồ sơ/1.png.txt": "Chữ của hồ sơ/1.png\n",
        "hồ sơ/2.png.txt": "Chữ của hồ sơ/2.png\n",
        "b.pdf.txt": "Chữ của b.pdf\n",
    }
    files = read_zip(api.get(f"{path}?format=zip&as=json").data)
    assert json.loads(files["b.pdf.json"])["pages"][0]["lines"][0]["text"] == "Chữ của b.pdf"


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in ("pdf", "csv")])
def test_a_zip_is_there_in_every_format(api: Api, form: str) -> None:
    batch = api.client.post("/v1/batches").get_json()
    for name in ("bảng.png", "chữ.png"):
        api.submit(batch_id=batch["id"], custom_id=name)
    table = page_with_table([["STT", "Giá"], ["1", "5.000"]])
    api.finish(table)
    api.finish(page_of(1, "chữ"))
    api.client.post(f"/v1/batches/{batch['id']}/close")
    answer = api.get(f"{batch['links']['results']}?format=zip&as={form}")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = set(archive.namelist())
        ending = FORMATS[form].suffix
        if form == "xlsx":  # of a document without tables there is none
            assert names == {"bảng.png.xlsx", "errors.csv"}
            (row,) = csv.DictReader(io.StringIO(archive.read("errors.csv").decode()))
            assert (row["custom_id"], row["code"]) == ("chữ.png", "format_not_available")
        else:
            assert names == {f"bảng.png.{ending}", f"chữ.png.{ending}"}
        job = api.get(batch["links"]["jobs"]).get_json()["jobs"][0]
        with api.get(f"/v1/jobs/{job['id']}/result?format={form}") as alone:
            data = archive.read(f"bảng.png.{ending}")
            assert data == alone.data or form == "docx"


def test_what_was_not_read_stands_in_a_list(api: Api) -> None:
    path = finished_batch(api, "a.png", "b, và c.png", num_read=1)
    problem(api.get(f"{path}?format=zip"), 409, "batch_not_finished")
    assert api.client.post(path.replace("/results", "/cancel")).status_code == 200
    files = read_zip(api.get(f"{path}?format=zip").data)
    assert set(files) == {"a.png.txt", "errors.csv"}
    rows = list(csv.DictReader(io.StringIO(files["errors.csv"])))
    assert [(row["custom_id"], row["status"], row["code"]) for row in rows] == [
        ("b, và c.png", "canceled", "job_canceled")
    ]


def test_no_name_in_the_list_is_a_formula_to_a_spreadsheet(api: Api) -> None:
    names = ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "a=1", "-1"[1:]]
    path = finished_batch(api, *names, num_read=0)
    api.client.post(path.replace("/results", "/cancel"))
    rows = list(
        csv.DictReader(io.StringIO(read_zip(api.get(f"{path}?format=zip").data)["errors.csv"]))
    )
    assert [row["custom_id"] for row in rows] == [*(f"'{name}" for name in names[:4]), "a=1", "1"]


def test_names_that_would_leave_the_folder_stay_in_it(api: Api) -> None:
    names = [
        "../../etc/passwd",
        "/abs.png",
        "C:\\x\\CON.png",
        "a?.png",
        "A.png",
        "a.png",
        "..",
        "a",
    ]
    path = finished_batch(api, *names, "a.txt/b")
    assert set(read_zip(api.get(f"{path}?format=zip").data)) == {
        "etc/passwd.txt",
        "abs.png.txt",
        "C_/x/_CON.png.txt",
        "a_.png.txt",
        "A.png.txt",
        "a.png (2).txt",
        "document.txt",
        "a.txt",
        "a.txt_/b.txt",
    }


def test_a_zip_is_asked_for_whole_and_of_ones_own_batch(api: Api) -> None:
    path = finished_batch(api, "a.png")
    problem(api.get(f"{path}?format=zip&after=1"), 422, "invalid_option")
    problem(api.get(f"{path}?format=zip&follow=1"), 422, "invalid_option")
    problem(api.get(f"{path}?format=zip&as=odt"), 422, "invalid_option")
    elsewhere = f"/v1/batches/bat_{'x' * 24}/results?format=zip"
    problem(api.get(elsewhere), 404, "batch_not_found")


def test_an_empty_batch_is_an_empty_zip(api: Api) -> None:
    path = finished_batch(api)
    assert read_zip(api.get(f"{path}?format=zip").data) == {}


PARTS = st.text(st.sampled_from("aAb.. /\\:?\x00\u202eếẾ#"), max_size=8) | st.sampled_from(
    ["..", "con", "NUL.txt", "a.txt", "x" * 400, "ế" * 400, "C:", ".", " "]
)


@given(st.lists(st.lists(PARTS, max_size=4).map("/".join), max_size=12))
def test_no_name_leaves_the_zip_or_hides_another(names: list[str]) -> None:
    given_names = ZipNames()
    taken = [given_names.take(name, ".txt") for name in names]
    files = {path.casefold() for path in taken}
    assert len(files) == len(taken)
    for path in taken:
        parts = path.split("/")
        assert not any(part in ("", ".", "..") or part.endswith((" ", ".")) for part in parts)
        assert all(len(part.encode()) <= 255 for part in parts)
        assert not set(path) & set('\\<>:"|?*\x00\u202e')
        folders = {"/".join(parts[:n]).casefold() for n in range(1, len(parts))}
        assert not folders & files


@given(st.lists(st.binary(max_size=3000), max_size=8), st.booleans())
def test_whatever_is_written_can_be_read(documents: list[bytes], deflate: bool) -> None:
    out = bytearray()
    writer = ZipWriter(out.extend, deflate=deflate)
    for number, data in enumerate(documents):
        writer.begin(f"số/{number}.png")
        writer.data(data[:100])
        writer.data(data[100:])
        writer.end()
    writer.close()
    with zipfile.ZipFile(io.BytesIO(bytes(out))) as archive:
        assert [archive.read(name) for name in archive.namelist()] == documents


def test_a_zip_of_very_many_files_is_a_zip64() -> None:
    out = bytearray()
    writer = ZipWriter(out.extend)
    for number in range(70_000):
        writer.begin(str(number))
        writer.end()
    writer.close()
    with zipfile.ZipFile(io.BytesIO(bytes(out))) as archive:
        assert len(archive.namelist()) == 70_000
