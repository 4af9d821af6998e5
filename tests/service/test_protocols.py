"""Others' clients and the real model: what they get is what the picture says."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pypdfium2
from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.ai.documentintelligence.models import AnalyzeOutputOption
from azure.core.credentials import AzureKeyCredential
from PIL import Image

from bench.service import RunningService
from tests.ocr.drawn_tables import Paper
from tests.ocr.test_tables import FOUR, PAYROLL
from tests.service.documents import CANARY, CANARY_TEXT, numbered_page, numbered_pdf

ROOT = Path(__file__).parents[2]
Ran = subprocess.CompletedProcess[str]


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


def ocrmypdf(service: RunningService, folder: Path, *arguments: str) -> Ran:
    """Run it as its users do, where no Tesseract is."""
    environment = {
        **os.environ,
        "DOCCHU_URL": str(service.client.base_url),
        "PATH": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "ocrmypdf", "--plugin", "docchu.ocrmypdf", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_ocrmypdf_with_the_plugin_makes_a_scan_searchable(
    service: RunningService, tmp_path: Path
) -> None:
    turned = [numbered_page(1), numbered_page(2).rotate(90, expand=True)]
    turned[0].save(tmp_path / "in.pdf", save_all=True, append_images=turned[1:], resolution=100)
    done = ocrmypdf(service, tmp_path, "-l", "vie", "--output-type", "pdf", "in.pdf", "out.pdf")
    assert done.returncode == 0, done.stderr
    with pypdfium2.PdfDocument(tmp_path / "out.pdf") as pdf:
        for number, page in enumerate(pdf, start=1):
            text = page.get_textpage()
            assert text.get_text_bounded().split() == ["Page", "number", str(number)]
            letters = [n for n in range(text.count_chars()) if text.get_text_range(n, 1).strip()]
            boxes = np.array([text.get_charbox(n) for n in letters])
            lying = *boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)
            ink = np.argwhere(page.render().to_numpy().min(axis=2) < 128)
            (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
            seen = left, page.get_height() - bottom, right, page.get_height() - top
            assert np.abs(np.subtract(lying, seen)).max() < 15, "it lies over what is seen"


def test_what_the_service_cannot_do_is_ocrmypdfs_error(
    service: RunningService, tmp_path: Path
) -> None:
    (tmp_path / "in.pdf").write_bytes(numbered_pdf(1))
    options = "--output-type", "pdf"
    refused = ocrmypdf(service, tmp_path, *options, "-l", "deu", "in.pdf", "out.pdf")
    assert refused.returncode and "deu" in refused.stderr
    service.client.base_url, url = "http://127.0.0.1:9", service.client.base_url
    try:
        away = ocrmypdf(service, tmp_path, *options, "in.pdf", "out.pdf")
    finally:
        service.client.base_url = url
    assert away.returncode and "No Docchu service" in away.stderr
