"""The formats of a result: their media types, and how each is streamed from the stored pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flask import Request

from shared import errors
from shared.formats.alto import alto
from shared.formats.hocr import hocr
from shared.formats.html import html
from shared.formats.markdown import markdown
from shared.jobs import Job
from shared.result import Page, page_text


@dataclass(frozen=True)
class Format:
    """A format; `stream` turns a job and its stored pages into bytes, None where a file is made."""

    media_type: str
    suffix: str
    stream: Callable[[Job, Iterator[bytes]], Iterator[bytes]] | None


def stream_json(
    job: Job,
    pages: Iterator[bytes],
    line_break: bytes = b"\n",
    last: Callable[[], bytes] = lambda: b"",
) -> Iterator[bytes]:
    """The pages as they are stored, in one object; `last`: a member that is known after them."""
    model = job.model.model_dump() if job.model else None
    before = json.dumps({"job_id": job.id, "model": model})[:-1].encode() + b', "pages": ['
    for page in pages:
        yield before + line_break + page
        before = b","
    yield (b"" if before == b"," else before) + line_break + b"]" + last() + b"}" + line_break


def stream_text(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """The same as `shared.result.document_text`, without all pages at once."""
    for index, page in enumerate(_parsed(pages)):
        text = page_text(page)
        yield (f"\n\f{text}" if index else text).encode()
    yield b"\n"


def stream_markdown(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """Headings, lists and tables."""
    return (part.encode() for part in markdown(_parsed(pages)))


def stream_html(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """A web page with headings, paragraphs and tables."""
    return (part.encode() for part in html(_parsed(pages), _name(job)))


def stream_hocr(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """A web page with boxes."""
    return (part.encode() for part in hocr(_parsed(pages), _name(job), _model(job)))


def stream_alto(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """The XML of libraries."""
    return (part.encode() for part in alto(_parsed(pages), _name(job), _model(job)))


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMATS = {
    "json": Format("application/json", "json", stream_json),
    "text": Format("text/plain", "txt", stream_text),
    "markdown": Format("text/markdown", "md", stream_markdown),
    "html": Format("text/html", "html", stream_html),
    "hocr": Format("text/vnd.hocr+html", "hocr", stream_hocr),
    "alto": Format("application/alto+xml", "xml", stream_alto),
    "pdf": Format("application/pdf", "pdf", None),
    "docx": Format(f"{_OFFICE}.wordprocessingml.document", "docx", None),
    "xlsx": Format(f"{_OFFICE}.spreadsheetml.sheet", "xlsx", None),
    "csv": Format("text/csv", "csv", None),
}
ZIPPED_CSV = Format("application/zip", "csv.zip", None)
"""What `csv` is of a document with several tables."""
FormatName = Literal[
    "json", "text", "markdown", "html", "hocr", "alto", "pdf", "docx", "xlsx", "csv"
]


def format_name(asked: str | None, caller: Request) -> str:
    """The format of `?format=`, else the one that `Accept` likes best.

    Raises FormatNotAvailable.
    """
    available = ", ".join(FORMATS)
    if asked is not None:
        if asked in FORMATS:
            return asked
        raise errors.FormatNotAvailable(
            f"There is no format `{asked}`; there are: {available}.", available=list(FORMATS)
        )
    by_type = {chosen.media_type: name for name, chosen in FORMATS.items()}
    if not caller.accept_mimetypes:
        return next(iter(FORMATS))
    best = caller.accept_mimetypes.best_match(by_type)
    if best is None:
        raise errors.FormatNotAvailable(
            f"No format fits the header `Accept`; there are: {', '.join(by_type)}.",
            available=list(FORMATS),
        )
    if best == FORMATS["html"].media_type and caller.accept_mimetypes.accept_json:
        return "json"  # a browser that asks for a result by its address
    return by_type[best]


def format_of(name: str, path: Path) -> Format:
    """What a file in this format is: several tables as CSV are a zip."""
    if name == "csv":
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                return ZIPPED_CSV
    return FORMATS[name]


def _parsed(pages: Iterator[bytes]) -> Iterator[Page]:
    return (Page.model_validate_json(page) for page in pages)


def _name(job: Job) -> str:
    return job.document.name or job.id


def _model(job: Job) -> str:
    return f"{job.model.name} {job.model.version}" if job.model else "text layer"
