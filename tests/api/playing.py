"""The API under test, and the worker's part played by hand on the real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis
from werkzeug.test import TestResponse

from api.app import create_app
from api.services import Services
from shared.jobs import Model
from shared.result import Line, Page, Word
from shared.searching import print_of
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
PDF = b"%PDF-1.7\n" + b"%\xe1\xbb\x87\n" * 500
MODEL = Model(name="vi-print", version="1", sha256="ab" * 32)
Headers = dict[str, str]
Shown = dict[str, Any]


def page_of(number: int, *texts: str) -> Page:
    """A page with these lines, one under the other."""
    lines = []
    for index, text in enumerate(texts):
        top = 20.0 * index
        box = ((0.0, top), (90.0, top), (90.0, top + 15), (0.0, top + 15))
        words = tuple(Word(text=word, confidence=0.9, box=box) for word in text.split())
        lines.append(Line(text=text, confidence=0.9, box=box, words=words))
    return Page(page=number, width=100, height=100, lines=tuple(lines))


class Api:
    """The app with a client, and what lies behind it."""

    def __init__(self, parts: Services, store: redis.Redis, blobs: Path) -> None:
        self.parts = parts
        self.store = store
        self.blobs = blobs
        self.app = create_app(parts.settings, parts)
        self.client = self.app.test_client()
        self.worker = SliceQueue(store, "ann", 10)

    def submit(self, data: bytes = PNG, headers: Headers | None = None, **query: str) -> Shown:
        """Submit a document that is accepted."""
        answer = self.client.post("/v1/jobs", data=data, headers=headers, query_string=query)
        assert answer.status_code == 202, answer.text
        body: Shown = answer.get_json()
        return body

    def get(self, path: str, headers: Headers | None = None) -> TestResponse:
        """Ask for something."""
        return self.client.get(path, headers=headers)

    def claim(self) -> Claim:
        """Claim the slice that is next."""
        claim = self.worker.claim()
        assert isinstance(claim, Claim), "nothing waits"
        return claim

    def begin(self, num_pages: int) -> Claim:
        """Claim the next document and open it, if that it has one page was not known already."""
        claim = self.claim()
        if claim.pages is None:
            claim, _ = self.worker.open(claim, num_pages, range(1, num_pages + 1), 10_000)
        return claim

    def read(self, claim: Claim, page: Page) -> None:
        """Store a page as read."""
        name = f"page-{page.page}.0.1.json"
        data = page.model_dump_json().encode()
        self.parts.blobs.put(claim.tenant, claim.job_id, name, data)
        record = PageRecord(name, print=print_of(page.page, [line.text for line in page.lines]))
        self.worker.record(claim, page.page, record, PageTimings(0.1, 0.2, 0.3), MODEL)

    def finish(self, *pages: Page) -> None:
        """Read the next document: these are its pages."""
        claim = self.begin(len(pages))
        for page in pages:
            self.read(claim, page)

    def stored(self) -> list[Path]:
        """The files of all jobs."""
        return [path for path in (self.blobs / "jobs").rglob("*") if path.is_file()]

    def leftovers(self) -> list[Path]:
        """Uploads that were neither kept nor dropped."""
        return list((self.blobs / "incoming").glob("*"))


def problem(answer: TestResponse, status: int, code: str) -> Shown:
    """Expect a problem, and answer it."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body: Shown = answer.get_json()
    assert body["status"] == status and body["code"] == code, body
    assert body["title"] and body["detail"]
    return body
