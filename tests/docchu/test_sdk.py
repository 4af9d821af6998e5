"""Stories of the SDK against a real HTTP server: submit, wait, result, and what comes between."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import BytesIO, FileIO
from pathlib import Path

import pytest

from bench.workers.marked import picture_of
from docchu import errors
from docchu.client import Docchu
from docchu.jobs import PageProblem
from shared.fields.extraction import extract
from shared.fields.template import load_templates
from shared.result import Barcode, Page, PageWarning, document_text
from tests.docchu.contract_fake import ContractFake, Fault
from tests.fields.test_extraction import LETTER
from tests.fields.test_extraction import page_of as page_of_lines
from tests.formats.documents import page_with_table, read_page

ONE_MIB = 1 << 20


def test_a_file_is_read(client: Docchu, tmp_path: Path):
    file = tmp_path / "a.png"
    file.write_text("Xin chào")
    result = client.read(file)
    (line,) = result.pages[0].lines
    assert (line.text, line.confidence, line.box[2]) == ("Xin chào", 0.9, (90.0, 10.0))
    assert line.words[0].text == "Xin chào"
    assert result.text == "Xin chào\n"
    assert result.problems == ()
    assert result.model is not None and result.model.name == "vi-print"


def test_a_job_tells_what_the_service_knows(client: Docchu):
    job = client.wait(client.submit(b"SLOW\nx", name="a.pdf"))
    assert (job.status, job.finished, job.has_result) == ("succeeded", True, True)
    assert job.created_at == datetime(2025, 11, 22, 13, 40, tzinfo=UTC)
    assert (job.document.name, job.document.num_pages) == ("a.pdf", 3)
    assert (job.progress.pages_done, job.progress.pages_total) == (3, 3)
    assert (job.timings.queued_s, job.timings.detect_s) == (0.1, None)


def test_bytes_file_objects_and_pipes_are_documents(client: Docchu, service: ContractFake):
    reader, writer = os.pipe()
    os.write(writer, b"pipe")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        jobs = [client.submit(source) for source in (b"bytes", BytesIO(b"stream"), pipe)]
    assert [service.jobs[job.id].document for job in jobs] == [b"bytes", b"stream", b"pipe"]


def test_an_address_is_a_document(client: Docchu, service: ContractFake):
    client.submit(url="https://example.org/a.pdf", pages="1", metadata={"của": "tôi"}, ttl_s=60)
    job = service.only_job()
    assert job.document == b"https://example.org/a.pdf"
    assert (job.options["pages"], job.options["ttl_s"]) == ("1", 60)
    assert job.json()["metadata"] == {"của": "tôi"}


def test_options_go_with_a_file(client: Docchu):
    job = client.submit(b"x", priority="bulk", text_layer="ignore", metadata={"của": "tôi"})
    assert (job.options["priority"], job.options["text_layer"]) == ("bulk", "ignore")
    assert job.metadata == {"của": "tôi"}


def test_what_is_read_at_once_can_be_asked_for_the_same(client: Docchu, service: ContractFake):
    client.read(b"x", pages="1", password="bí mật")
    assert service.only_job().options == {"pages": "1", "password": "bí mật"}


def test_a_document_or_its_address_must_be_given(client: Docchu):
    with pytest.raises(ValueError):
        client.submit()
    with pytest.raises(ValueError):
        client.submit(b"x", url="https://example.org/a.pdf")


@pytest.mark.parametrize("name", [b"th\xc6\xb0.png", b"thu\xcc\x9b.png", b"a\xff.png"])
def test_a_name_is_sent_as_nfc_and_as_utf_8(
    client: Docchu, service: ContractFake, tmp_path: Path, name: bytes
):
    file = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    file.write_bytes(b"x")
    client.submit(file)
    assert service.only_job().name in ("thư.png", "a�.png")


class Watched(FileIO):
    """A file that notes how much of it is asked for at once."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.largest = max(self.largest, ONE_MIB * 100 if size is None or size < 0 else size)
        return super().read(size)


def test_a_large_file_is_sent_in_pieces(client: Docchu, service: ContractFake, tmp_path: Path):
    file = tmp_path / "large.pdf"
    with file.open("wb") as large:
        large.truncate(8 * ONE_MIB)
    with Watched(file) as watched:
        client.submit(watched)
    assert 0 < watched.largest <= ONE_MIB
    assert len(service.only_job().document) == 8 * ONE_MIB
    assert "Content-Length" in service.seen[0].headers


def test_progress_is_told_while_waiting(client: Docchu):
    told = []
    client.wait(client.submit(b"SLOW\nx"), on_progress=lambda job: told.append(job.progress))
    assert [progress.pages_done for progress in told] == [1, 2, 3]


def test_waiting_ends_in_time_and_the_job_goes_on(client: Docchu, service: ContractFake):
    job = client.submit(b"STUCK")
    with pytest.raises(errors.WaitTimedOut):
        client.wait(job, timeout_s=0.01)
    assert service.only_job().status == "running"


def test_a_failed_document_says_why(client: Docchu):
    with pytest.raises(errors.JobFailed) as caught:
        client.read(BytesIO(b"FAIL document_encrypted"))
    assert caught.value.code == "document_encrypted"


def test_a_partial_document_names_its_missing_pages(client: Docchu):
    result = client.read(BytesIO("PARTIAL\nmột".encode()))
    assert result.text == "một\n"
    assert result.problems == (PageProblem(2, "page_too_large", "Too many pixels."),)


def test_a_result_needs_an_end(client: Docchu):
    job = client.submit(b"STUCK")
    with pytest.raises(errors.JobNotFinished):
        client.result(job)
    assert client.cancel(job).status == "canceled"
    with pytest.raises(errors.JobCanceled):
        client.text(job.id)


def test_a_stale_job_is_looked_up_before_its_result(client: Docchu):
    submitted = client.submit(b"x")
    client.wait(submitted)
    assert client.text(submitted) == "x"


def test_erasing_twice_is_erasing(client: Docchu, service: ContractFake):
    job = client.submit(b"x")
    service.faults.append(Fault(late=True))
    client.erase(job)
    client.erase(job)
    with pytest.raises(errors.JobGone):
        client.job(job.id)


def test_all_jobs_are_listed_over_several_pages(client: Docchu, service: ContractFake):
    ids = [client.submit(b"x").id for _ in range(5)]
    client.wait(ids[0])
    assert [job.id for job in client.jobs()] == ids[::-1]
    assert [job.id for job in client.jobs(status="succeeded")] == [ids[0]]


def test_an_unknown_id_finds_nothing_whatever_it_holds(client: Docchu, service: ContractFake):
    for job_id in ("job_none", "../jobs", "a/b?c"):
        with pytest.raises(errors.JobNotFound):
            client.job(job_id)
    assert service.seen[-1].path == "/v1/jobs/a%2Fb%3Fc"


def test_another_program_at_the_address_is_told_from_docchu(service: ContractFake):
    with Docchu(f"{service.url}/other") as client, pytest.raises(errors.UnexpectedAnswer):
        client.submit(b"x")


def test_a_refused_document_keeps_its_code(client: Docchu, pauses: list[float]):
    with pytest.raises(errors.DocumentRefused) as caught:
        client.submit(b"REFUSE")
    assert (caught.value.code, caught.value.status) == ("unsupported_media_type", 415)
    assert pauses == [], "trying again cannot help"


def test_the_text_of_a_result_is_the_service_s_own():
    from docchu.result import Result

    def line(text: str, top: float) -> dict[str, object]:
        box = [[0, top], [9, top], [9, top + 10], [0, top + 10]]
        return {"text": text, "confidence": 1, "box": box, "words": []}

    tops = (0, 12, 24, 50, 5, 17)  # running text, a paragraph, the head of the next column
    lines = [line(f"dòng {top}", top) for top in tops]
    pages = [{"page": n, "width": 9, "height": 99, "lines": lines} for n in (1, 2)]
    rows = [["STT", "Tên"], ["1", "An\nBình"], ["2", ""]]
    around = read_page(["trên"]).lines, read_page(["dưới"]).lines
    with_table = page_with_table(rows, above=around[0], below=around[1], number=3)
    pages.append(with_table.model_dump(mode="json"))
    result = Result.from_json({"job_id": "job_1", "model": None, "pages": pages})
    assert result.pages[2].tables[0].rows == [["STT", "Tên"], ["1", "An Bình"], ["2", ""]]
    assert result.text == document_text([Page.model_validate(page) for page in pages])


def test_what_could_not_be_read_of_a_page_is_named():
    from docchu.result import Page as ClientPage

    box = ((1.0, 2.0), (9.0, 2.0), (9.0, 5.0), (1.0, 5.0))
    warning = PageWarning(code="unread", detail="Here is what looks like text.", box=box)
    page = read_page(["dòng"]).model_copy(update={"warnings": (warning,)})
    (told,) = ClientPage.from_json(page.model_dump(mode="json")).warnings
    assert (told.code, told.detail, told.box) == ("unread", warning.detail, box)


def test_the_barcodes_of_a_page_are_told():
    from docchu.result import Page as ClientPage

    box = ((1.0, 2.0), (9.0, 2.0), (9.0, 5.0), (1.0, 5.0))
    barcode = Barcode(format="QRCode", value="Số 4711", box=box)
    page = read_page(["dòng"]).model_copy(update={"barcodes": (barcode,)})
    (told,) = ClientPage.from_json(page.model_dump(mode="json")).barcodes
    assert (told.format, told.value, told.box) == ("QRCode", "Số 4711", box)


def test_the_fields_of_a_document_are_told(real: Docchu):
    job = real.wait(real.submit(picture_of(7), extract="official_document"))
    assert real.result(job).fields is not None
    plain = real.wait(real.submit(picture_of(8)))
    assert real.result(plain).fields is None
    assert real.result(plain, extract="auto").fields is not None
    with pytest.raises(errors.InvalidOption):
        real.result(plain, extract="no_such_type")


def test_a_field_has_its_value_its_box_and_why_it_was_taken():
    from docchu.fields import Fields

    said = extract([page_of_lines(LETTER)], load_templates(None), "official_document")
    told = Fields.from_json(said.model_dump(mode="json"))
    assert told.document_type == "official_document"
    assert told.fields.keys() == said.fields.keys()
    number = told.fields["number"]
    assert (number.value, number.page) == ("6191/BVT-TCKT", 1)
    assert number.box == said.fields["number"].box
    assert [one.code for one in told.warnings] == [one.code for one in said.warnings]


def test_an_option_that_is_none_is_refused(real: Docchu):
    with pytest.raises(errors.InvalidOption):
        real.submit(picture_of(9), pagse="1")  # type: ignore[call-arg]
