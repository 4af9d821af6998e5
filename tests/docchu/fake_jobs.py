"""FAKE of a job: what a document begins with says what becomes of its job.

| document | job |
|---|---|
| `FAIL <code>` | fails with that code |
| `PARTIAL` + text | partial: page 1 is the text, page 2 has a problem |
| `SLOW` + text | 3 pages, one more at each question, then succeeds |
| `STUCK` | runs until it is canceled |
| `REFUSE` | no job: 415 |
| anything else | succeeds, the document is the text |
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

SHA256 = "0" * 64


@dataclass
class FakeJob:
    """A job, its document and the options that came with it."""

    id: str
    document: bytes
    name: str | None
    options: dict[str, Any]
    status: str = "running"
    num_asked: int = 0
    canceled: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Let the job get on as its document says."""
        self.num_asked += 1
        word = self.document.split(b"\n")[0].split(b" ")[0]
        slow = word == b"SLOW" and self.num_asked < 3
        if self.status == "running" and word != b"STUCK" and not slow:
            self.status = {b"FAIL": "failed", b"PARTIAL": "partial"}.get(word, "succeeded")

    def error(self) -> dict[str, Any] | None:
        if self.status == "failed":
            code = self.document.split()[1].decode()
            return {"code": code, "detail": "It cannot be read.", "pages": []}
        if self.status == "partial":
            page = {"page": 2, "code": "page_too_large", "detail": "Too many pixels."}
            return {"code": "document_damaged", "detail": "It is damaged.", "pages": [page]}
        return None

    def json(self) -> dict[str, Any]:
        """The job as the API shows it."""
        done = self.status not in ("queued", "running")
        slow = self.document.startswith(b"SLOW")
        total = 3 if slow else 2 if self.status == "partial" else 1
        return {
            "id": self.id,
            "status": self.status,
            "batch_id": None,
            "created_at": "2025-11-22T13:40:00.000Z",
            "started_at": "2025-11-22T13:40:00.100Z",
            "finished_at": "2025-11-22T13:40:01.000Z" if done else None,
            "expires_at": None,
            "document": {
                "name": self.name,
                "media_type": "image/png",
                "size": len(self.document),
                "sha256": SHA256,
                "num_pages": total,
            },
            "progress": {"pages_done": total if done else self.num_asked, "pages_total": total},
            "queue": {"position": None, "eta_s": None},
            "options": self.options,
            "metadata": json.loads(self.options.get("metadata", "{}")),
            "error": self.error(),
            "timings": {"queued_s": 0.1, "total_s": 1.0},
            "model": {"name": "vi-print", "version": "1", "sha256": SHA256},
            "links": {"self": f"/v1/jobs/{self.id}", "result": "", "events": ""},
            "unknown_to_this_client": True,
        }

    def text(self) -> str:
        body = self.document
        for word in (b"SLOW\n", b"PARTIAL\n"):
            body = body.removeprefix(word)
        return body.decode()

    def result(self) -> dict[str, Any]:
        box = [[0, 0], [90, 0], [90, 10], [0, 10]]
        word = {"text": self.text(), "confidence": 0.9, "box": box}
        page = {"page": 1, "width": 100, "height": 20, "rotation": 0, "source": "ocr"}
        return {
            "job_id": self.id,
            "model": {"name": "vi-print", "version": "1", "sha256": SHA256},
            "pages": [page | {"lines": [word | {"words": [word]}]}],
        }
