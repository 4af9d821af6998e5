"""Azure Document Intelligence's own client, unchanged, works with this service."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pytest
import redis
from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.ai.documentintelligence.models import (
    AnalyzeDocumentRequest,
    AnalyzeOutputOption,
    AnalyzeResult,
    DocumentContentFormat,
    DocumentSpan,
    StringIndexType,
)
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)

from api.azure.spans import lay
from shared.errors.documents import DocumentEncrypted, PageTimeout
from shared.result import Barcode, Line, Page, Word
from shared.settings import Settings
from shared.store.api_keys import ApiKeys
from tests.api.azure_client import Played, client_of
from tests.api.playing import PDF, PNG, Api, page_of
from tests.api.process import Process, Start, run
from tests.api.test_formats import SCAN
from tests.formats.documents import DECREE, page_with_table, read_page

ROOT = "/documentintelligence/documentModels"
TABLE = [["STT", "Tên | hàng", "Đơn giá"], ["1", "Giấy *A4*", ""], ["2", "Bút", "1.250"]]


@pytest.fixture(scope="module")
def running(start: Start) -> Process:
    return run(start, DOCCHU_ALLOW_TARGETS="127.0.0.0/8")


@pytest.fixture
def client(running: Process, store_client: redis.Redis) -> Iterator[DocumentIntelligenceClient]:
    with client_of(running) as made:
        yield made


@pytest.fixture
def worker(store_client: redis.Redis, valkey_settings: Settings) -> Played:
    return Played(store_client, valkey_settings)


def said(result: AnalyzeResult, spans: list[DocumentSpan] | DocumentSpan) -> str:
    """What the content says at these places."""
    found = spans if isinstance(spans, list) else [spans]
    return " ".join(result.content[one.offset : one.offset + one.length] for one in found)


def test_paperless_reads_a_scan_and_gets_its_searchable_pdf(
    client: DocumentIntelligenceClient, worker: Played
) -> None:
    """The calls are those of paperless-ngx's remote engine."""
    with worker.reading(read_page(DECREE)):
        poller = client.begin_analyze_document(
            model_id="prebuilt-read",
            body=AnalyzeDocumentRequest(bytes_source=SCAN),
            output_content_format=DocumentContentFormat.TEXT,
            output=[AnalyzeOutputOption.PDF],
            content_type="application/json",
        )
        poller.wait()
        result = poller.result()
    assert result.content == "\n".join(DECREE)
    assert result.model_id == "prebuilt-read" and result.api_version == "2024-11-30"
    (page,) = result.pages
    assert [line.content for line in page.lines or ()] == list(DECREE)
    assert all(said(result, line.spans) == line.content for line in page.lines or ())
    assert all(said(result, word.span) == word.content for word in page.words or ())
    assert all(0 < word.confidence <= 1 and len(word.polygon or ()) == 8 for word in page.words)
    result_id = poller.details["operation_id"]
    pieces = client.get_analyze_result_pdf(model_id="prebuilt-read", result_id=result_id)
    with pypdfium2.PdfDocument(b"".join(pieces)) as pdf:
        text = pdf[0].get_textpage().get_text_bounded()
    assert DECREE[0] in text


def test_a_layout_has_tables_and_paragraphs_whose_spans_fit_the_content(
    client: DocumentIntelligenceClient, worker: Played
) -> None:
    for form in (DocumentContentFormat.TEXT, DocumentContentFormat.MARKDOWN):
        with worker.reading(page_of(1, "• một", "hai *ba*"), page_with_table(TABLE, number=2)):
            result = client.begin_analyze_document(
                "prebuilt-layout",
                io.BytesIO(PDF),
                output_content_format=form,
                string_index_type=StringIndexType.UNICODE_CODE_POINT,
                content_type="application/octet-stream",
            ).result()
        assert result.content_format == form and [one.page_number for one in result.pages] == [1, 2]
        (table,) = result.tables or ()
        assert (table.row_count, table.column_count) == (3, 3)
        cells = {(cell.row_index, cell.column_index): cell for cell in table.cells}
        assert [[cells[row, column].content for column in range(3)] for row in range(3)] == TABLE
        assert cells[0, 0].bounding_regions[0].page_number == 2
        for cell in table.cells:
            assert said(result, cell.spans).replace("\\", "") == cell.content
        assert said(result, table.spans).startswith("STT")
        assert said(result, table.spans).endswith("1.250")
        for paragraph in result.paragraphs or ():
            wanted = paragraph.content.replace("•", "-" if "markdown" in form else "•")
            assert said(result, paragraph.spans).replace("\\", "") == wanted
        assert "hai" in said(result, result.pages[0].spans)
        assert "Giấy" in said(result, result.pages[1].spans)
    assert "| 1 | Giấy \\*A4\\* |  |" in result.content


def test_check_boxes_and_barcodes_are_told(
    client: DocumentIntelligenceClient, worker: Played
) -> None:
    page = page_of(1, "☑ nam ☐ nữ")
    code = Barcode(format="QRCode", value="VN-7", box=page.lines[0].box)
    with worker.reading(page.model_copy(update={"barcodes": (code,)})):
        result = client.begin_analyze_document(
            "prebuilt-layout", io.BytesIO(PDF), features=["barcodes", "ocrHighResolution"]
        ).result()
    marks = result.pages[0].selection_marks or ()
    assert [mark.state for mark in marks] == ["selected", "unselected"]
    assert [said(result, mark.span) for mark in marks] == ["☑", "☐"]
    (barcode,) = result.pages[0].barcodes or ()
    assert (barcode.kind, barcode.value, len(barcode.polygon or ())) == ("QRCode", "VN-7", 8)


def test_pages_that_could_not_be_read_are_warnings(
    client: DocumentIntelligenceClient, worker: Played
) -> None:
    with worker.reading(page_of(1, "một"), PageTimeout()):
        result = client.begin_analyze_document("prebuilt-read", io.BytesIO(PDF)).result()
    assert result.content == "một" and [page.page_number for page in result.pages] == [1]
    (warning,) = result.warnings or ()
    assert (warning.code, warning.target) == ("page_timeout", "2")


def test_a_document_that_cannot_be_read_fails_in_azures_words(
    client: DocumentIntelligenceClient, worker: Played
) -> None:
    with (
        worker.reading(DocumentEncrypted()),
        pytest.raises(HttpResponseError, match="encrypted") as caught,
    ):
        client.begin_analyze_document("prebuilt-read", io.BytesIO(PDF)).result()
    assert caught.value.error is not None and caught.value.error.code == "InvalidRequest"


def test_what_is_erased_is_gone(client: DocumentIntelligenceClient, worker: Played) -> None:
    with worker.reading(page_of(1, "một")):
        poller = client.begin_analyze_document(
            "prebuilt-read", io.BytesIO(SCAN), output=[AnalyzeOutputOption.PDF]
        )
        poller.result()
    result_id = poller.details["operation_id"]
    client.delete_analyze_result("prebuilt-read", result_id)
    with pytest.raises(ResourceNotFoundError, match="OperationNotFound"):
        b"".join(client.get_analyze_result_pdf("prebuilt-read", result_id))
    with pytest.raises(ResourceNotFoundError, match="OperationNotFound"):
        client.delete_analyze_result("prebuilt-read", result_id)


def test_bad_input_is_told_in_azures_words(client: DocumentIntelligenceClient) -> None:
    refused: dict[str, dict[str, Any]] = {
        "InvalidContent": {"body": io.BytesIO(b"no picture")},
        "ParameterMissing": {"body": io.BytesIO(b"")},
        "(?s)InvalidParameter.*pages": {"body": io.BytesIO(PNG), "pages": "3-1"},
        "(?s)InvalidParameter.*features": {"body": io.BytesIO(PNG), "features": ["formulas"]},
        "(?s)InvalidParameter.*output": {"body": io.BytesIO(PNG), "output": ["figures"]},
        "OutboundAccessForbidden": {
            "body": AnalyzeDocumentRequest(url_source="http://10.0.0.1/a.png")
        },
    }
    for words, asked in refused.items():
        with pytest.raises(HttpResponseError, match=words) as caught:
            client.begin_analyze_document("prebuilt-read", **asked)
        assert caught.value.status_code == 400
    with pytest.raises(ResourceNotFoundError, match="ModelNotFound"):
        client.begin_analyze_document("prebuilt-invoice", io.BytesIO(PNG))


def test_its_key_is_ours_and_another_tenant_sees_nothing(
    running: Process, store_client: redis.Redis, worker: Played
) -> None:
    keys = ApiKeys(store_client)
    (_, ann), (_, bob) = keys.create("ann"), keys.create("bob")
    with client_of(running, ann) as client, worker.reading(page_of(1, "riêng")):
        poller = client.begin_analyze_document("prebuilt-read", io.BytesIO(PNG))
        assert poller.result().content == "riêng"
    with client_of(running, bob) as client, pytest.raises(ResourceNotFoundError):
        client.delete_analyze_result("prebuilt-read", poller.details["operation_id"])
    with client_of(running, "dk_wrong") as client, pytest.raises(ClientAuthenticationError):
        client.begin_analyze_document("prebuilt-read", io.BytesIO(PNG))


# What a client does not show.


def analyze(api: Api, query: str = "", model: str = "prebuilt-read") -> str:
    """The path of an analysis, as the answer names it."""
    path = f"{ROOT}/{model}:analyze?api-version=2024-11-30{query}"
    answer = api.client.post(path, data=PNG, headers={"Host": "127.0.0.1:8080"})
    assert answer.status_code == 202 and answer.data == b"", answer.text
    assert int(answer.headers["Retry-After"]) >= 1 and "Location" not in answer.headers
    place: str = answer.headers["Operation-Location"]
    assert place.startswith(f"http://127.0.0.1:8080{ROOT}/{model}/analyzeResults/job_")
    assert place.endswith("?api-version=2024-11-30")
    return place.removeprefix("http://127.0.0.1:8080").partition("?")[0]


def test_while_it_is_read_it_says_so_and_when_to_ask_again(api: Api) -> None:
    path = analyze(api, "&output=pdf")
    answer = api.get(path)
    assert answer.get_json()["status"] == "notStarted" and answer.headers["Retry-After"]
    assert api.get(f"{path}/pdf").get_json()["error"]["code"] == "Conflict"
    claim = api.begin(1)
    assert api.get(path).get_json()["status"] == "running"
    api.read(claim, page_of(1, "xong"))
    answer = api.get(path)
    assert answer.get_json()["status"] == "succeeded" and "Retry-After" not in answer.headers
    assert answer.get_json()["analyzeResult"]["pages"][0]["unit"] == "pixel"


def test_a_canceled_one_says_so(api: Api) -> None:
    path = analyze(api)
    api.client.post(f"/v1/jobs/{path.rpartition('/')[2]}/cancel")
    assert api.get(path).get_json()["status"] == "canceled"


@pytest.mark.parametrize(
    "path",
    ["prebuilt-layout/analyzeResults/{}", "prebuilt-read/analyzeResults/job_1", "prebuilt-read"],
)
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    result_id = analyze(api).rpartition("/")[2]
    assert api.get(f"{ROOT}/prebuilt-read:analyze").get_json()["error"]["code"] == (
        "MethodNotAllowed"
    )
    answer = api.get(f"{ROOT}/{path.format(result_id)}")
    assert answer.status_code == 404 and answer.mimetype == "application/json"
    assert answer.get_json()["error"]["code"] == "NotFound"


def test_a_job_of_ours_is_no_analysis_and_a_pdf_must_have_been_asked_for(api: Api) -> None:
    ours = api.submit(metadata='{"azure": 1}')["id"]
    assert api.get(f"{ROOT}/prebuilt-read/analyzeResults/{ours}").status_code == 404
    api.finish(page_of(1, "a"))
    path = analyze(api)
    api.finish(page_of(1, "a"))
    assert api.get(f"{path}/pdf").status_code == 404


def test_a_picture_that_was_turned_is_told_as_it_came(api: Api) -> None:
    """A page of 100 x 100 pixels, whose line stands at its top left once it is upright."""
    corners = {0: (0, 0), 90: (0, 100), 180: (100, 100), 270: (100, 0)}
    for rotation, angle in {0: 0, 90: -90, 180: 180, 270: 90}.items():
        path = analyze(api)
        api.finish(page_of(1, "một").model_copy(update={"rotation": rotation}))
        (page,) = api.get(path).get_json()["analyzeResult"]["pages"]
        assert page["angle"] == angle
        assert tuple(page["lines"][0]["polygon"][:2]) == corners[rotation]


@pytest.mark.parametrize(
    ("index_type", "offsets"),
    [
        ("unicodeCodePoint", [0, 6, 8]),
        ("utf16CodeUnit", [0, 9, 11]),
        ("textElements", [0, 2, 4]),
    ],
)
def test_offsets_are_counted_as_asked(index_type: str, offsets: list[int]) -> None:
    box = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
    texts = "👩‍👩‍👧", "Đ", "x"
    assert [len(one) for one in texts] == [5, 1, 1]
    words = tuple(Word(text=one, confidence=1, box=box) for one in texts)
    line = Line(text=" ".join(texts), confidence=1, box=box, words=words)
    (laid,) = lay([Page(page=1, width=9, height=9, lines=(line,))], "text", index_type)
    assert [laid.span(*place)["offset"] for place in laid.words[0]] == offsets
