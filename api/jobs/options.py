"""What a caller may ask for with a request, beside the options of a document."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from api.http.operations import BASE64, BINARY, JSON, Body, Form, NoQuery
from shared.corrections import Reading
from shared.incoming import strict_json
from shared.jobs import Status
from shared.options import BodyRequest, JobRequest, RerunBody, RerunRequest
from shared.store.jobs.filtering import JobFilter

MAX_WAIT_S = 60
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""As RFC 3339 writes it; pydantic takes a number for seconds since 1970, too."""
_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=[,;]|$)", re.IGNORECASE)


class JobByUrl(BodyRequest):
    """A document that is fetched, with its options."""

    url: Annotated[
        str,
        Field(description="where to fetch the document", examples=["https://example.com/scan.pdf"]),
    ]


class JobByData(BodyRequest):
    """A document in base64, with its options."""

    data: Annotated[str, WithJsonSchema(BASE64), Field(description="the document in base64")]


PASSWORD = {
    "type": "string",
    "format": "password",
    "maxLength": 127,
    "description": BodyRequest.model_fields["password"].description,
}
RAW_TYPES = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/avif",
    "image/jp2",
    "application/pdf",
    "application/octet-stream",
)
RAW = {**BINARY, "description": "the document, whatever its type says; options in the query"}
DOCUMENT = Body(
    {
        "multipart/form-data": Form(
            {"file": {**BINARY, "description": "the document"}, "password": PASSWORD}, ("file",)
        ),
        JSON: JobByUrl | JobByData,
        **dict.fromkeys(RAW_TYPES, RAW),
    },
    JobRequest,
)


RERUN = Body({JSON: RerunBody}, RerunRequest, required=False)


class WaitQuery(NoQuery):
    """How long to wait for the end."""

    wait: float = Field(
        default=0,
        ge=0,
        le=MAX_WAIT_S,
        description="seconds to wait for the end before the answer",
    )


class VersionQuery(NoQuery):
    """Which version of what was read."""

    version: Reading = Field(
        default="corrected",
        description="`corrected`: with what people set right; `original`: as it was read",
    )


def _object(text: Any) -> Any:
    return strict_json.loads(text) if isinstance(text, str) else text


def _time(text: Any) -> Any:
    if isinstance(text, str) and not _TIME.fullmatch(text):
        raise ValueError("it must be a time with its zone, such as 2026-11-26T08:00:00+07:00")
    return text


Time = Annotated[AwareDatetime, BeforeValidator(_time)]


class ListQuery(NoQuery):
    """Which jobs to list."""

    status: Status | None = Field(default=None, description="only jobs of this status")
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="only documents with this in their name, whatever its case and marks",
    )
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description='only documents with all these words in their text or name, `"…"` one behind '
        "the other, whatever their case, and whatever their marks where `q` has none",
    )
    created_after: Time | None = Field(default=None, description="only from then on")
    created_before: Time | None = Field(default=None, description="only before then")
    metadata: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(
        default_factory=dict, description="only jobs whose metadata has these members"
    )
    limit: int = Field(default=20, ge=1, le=100, description="jobs in one answer, at most")
    cursor: str | None = Field(
        default=None, max_length=64, description="`next_cursor` of the answer before"
    )

    @property
    def wanted(self) -> JobFilter | None:
        """What to look for in the records; None: all of them."""
        wanted = JobFilter(self.name, self.created_after, self.created_before, self.metadata)
        return None if wanted == JobFilter() else wanted


def preferred_wait_s(header: str | None) -> int | None:
    """The seconds of `Prefer: wait=N` (RFC 7240), at most MAX_WAIT_S; the rest is ignored."""
    match = _PREFER_WAIT.search(header or "")
    return min(int(match[1]), MAX_WAIT_S) if match else None
