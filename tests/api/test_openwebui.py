"""Open WebUI's external document loader: the request that it makes, the answers that it takes."""

from __future__ import annotations

import pytest
import redis
import requests

from shared.errors.documents import DocumentEncrypted, PageTimeout
from shared.settings import Settings
from shared.store import keys
from shared.store.api_keys import ApiKeys
from tests.api.azure_client import Played
from tests.api.playing import PDF, PNG, page_of
from tests.api.process import Process, Start, run


@pytest.fixture(scope="module")
def running(start: Start) -> Process:
    return run(start)


@pytest.fixture
def worker(store_client: redis.Redis, valkey_settings: Settings) -> Played:
    return Played(store_client, valkey_settings)


def load(running: Process, data: bytes, key: str = "") -> requests.Response:
    """What its loader does: `open_webui/retrieval/loaders/external_document.py`."""
    headers = {
        "Content-Type": "application/pdf",
        "Authorization": f"Bearer {key}",
        "X-Filename": "b%E1%BA%A3n%20qu%C3%A9t.pdf",
    }
    url = f"http://127.0.0.1:{running.port}/process"
    return requests.put(url, data=data, headers=headers, timeout=30)


def test_each_page_with_a_text_becomes_a_document(running: Process, worker: Played) -> None:
    with worker.reading(page_of(1, "Đọc *chữ*", "• một"), page_of(2), page_of(3, "ba")):
        answer = load(running, PDF)
    assert answer.status_code == 200, answer.text
    first, last = answer.json()
    assert first["page_content"] == "Đọc \\*chữ\\*\n\n- một"
    named = {"source": "bản quét.pdf", "total_pages": 3}
    assert first["metadata"] == {**named, "page": 0, "page_label": 1}
    assert last == {"page_content": "ba", "metadata": {**named, "page": 2, "page_label": 3}}


def test_a_page_that_could_not_be_read_costs_no_other(running: Process, worker: Played) -> None:
    with worker.reading(PageTimeout(), page_of(2, "hai")):
        (only,) = load(running, PDF).json()
    assert only["page_content"] == "hai" and only["metadata"]["page_label"] == 2


def test_without_any_text_it_is_told_to_look_for_itself(running: Process, worker: Played) -> None:
    """Open WebUI goes on with its own reader where a 422 says these words."""
    with worker.reading(page_of(1)):
        answer = load(running, PNG)
    assert answer.status_code == 422 and "No extractable text" in answer.json()["detail"]


def test_what_is_wrong_is_said(running: Process, worker: Played, store_client: redis.Redis) -> None:
    with worker.reading(DocumentEncrypted()):
        answer = load(running, PDF)
    assert (answer.status_code, answer.json()["code"]) == (422, "document_encrypted")
    assert load(running, b"no picture").json()["code"] == "unsupported_media_type"
    assert load(running, b"").json()["code"] == "empty_document"
    store_client.hset(keys.BACKLOG, "*", 10**9)
    assert load(running, PNG).json()["code"] == "queue_full"


def test_its_key_is_an_api_key(running: Process, worker: Played, store_client: redis.Redis) -> None:
    _, key = ApiKeys(store_client).create("ann")
    assert load(running, PNG).status_code == 401
    with worker.reading(page_of(1, "riêng")):
        assert load(running, PNG, key).json()[0]["page_content"] == "riêng"
