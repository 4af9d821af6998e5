"""Others' clients and the real model: what they get is what the picture says."""

from __future__ import annotations

import io

from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.ai.documentintelligence.models import AnalyzeOutputOption
from azure.core.credentials import AzureKeyCredential
from PIL import Image

from bench.service import RunningService
from tests.ocr.drawn_tables import Paper
from tests.ocr.test_tables import FOUR, PAYROLL
from tests.service.documents import CANARY, CANARY_TEXT, numbered_pdf


def test_azures_client_reads_a_pdf_and_gets_it_searchable(service: RunningService) -> None:
    endpoint, key = str(service.client.base_url), AzureKeyCredential("any")
    with DocumentIntelligenceClient(endpoint, key) as client:
        poller = client.begin_analyze_document(
            "prebuilt-read", io.BytesIO(numbered_pdf(2)), output=[AnalyzeOutputOption.PDF]
        )
        result = poller.result()
        pieces = client.get_analyze_result_pdf("prebuilt-read", poller.details["operation_id"])
        assert b"".join(pieces).startswith(b"%PDF-")
    assert result.content.splitlines() == ["Page number 1", "Page number 2"]
    assert [page.page_number for page in result.pages] == [1, 2]
    words = [word for page in result.pages for word in page.words or ()]
    offsets = [(word.span.offset, word.span.length) for word in words]
    assert [result.content[at : at + length] for at, length in offsets] == [
        word.content for word in words
    ]


def test_azures_client_gets_a_table_cell_by_cell(service: RunningService) -> None:
    paper, picture = Paper().text("Bảng lương tháng 11").table(PAYROLL, FOUR), io.BytesIO()
    Image.fromarray(paper.picture).save(picture, "PNG")
    picture.seek(0)
    endpoint, key = str(service.client.base_url), AzureKeyCredential("any")
    with DocumentIntelligenceClient(endpoint, key) as client:
        result = client.begin_analyze_document("prebuilt-layout", picture).result()
    (table,) = result.tables or ()
    assert (table.row_count, table.column_count) == (4, 4)
    for cell in table.cells:
        said = [result.content[one.offset : one.offset + one.length] for one in cell.spans]
        assert " ".join(said) == cell.content
    assert {"Trần Thị Ngọc", "17.000.000"} <= {cell.content for cell in table.cells}
    assert result.paragraphs and result.paragraphs[0].content == "Bảng lương tháng 11"


def test_open_webui_gets_the_text_of_a_picture(service: RunningService) -> None:
    answer = service.client.put("/process", content=CANARY.read_bytes())
    assert answer.status_code == 200, answer.text
    assert [page["page_content"] for page in answer.json()] == [CANARY_TEXT]
