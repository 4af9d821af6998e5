"""What a client of Azure asks for: its query, its body, and what must be known of it afterwards."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.http.body import base64_pieces, pieces
from api.http.operations import BASE64, BINARY, JSON, Body, texts
from api.jobs.options import RAW_TYPES
from api.jobs.request_parsing import url_in
from api.jobs.submission import Received
from shared.errors import InvalidOption, ModelNotFound
from shared.incoming.json_body import read_json
from shared.incoming.sinks import Base64Sink, UploadSink
from shared.options import JobRequest, refusal
from shared.settings import Settings

ModelId = Literal["prebuilt-read", "prebuilt-layout"]
IndexType = Literal["textElements", "unicodeCodePoint", "utf16CodeUnit"]
_MODELS: dict[str, ModelId] = {one: one for one in get_args(ModelId)}
_KEY = "azure"
_DATA, _URL = "base64Source", "urlSource"


class Asked(BaseModel):
    """What a result is told by: kept in the job's metadata, where its owner may see it."""

    model: ModelId
    api_version: str
    index_type: IndexType
    content_format: Literal["text", "markdown"]
    pdf: bool
    barcodes: bool = False

    @classmethod
    def of(cls, metadata: dict[str, Any]) -> Self | None:
        """What a job's metadata says; None if no client of Azure made it."""
        try:
            return cls.model_validate(metadata.get(_KEY), strict=True)
        except ValidationError:
            return None

    def options(self, pages: str | None, max_ttl_s: int) -> JobRequest:
        """The options of the job. Raises InvalidOption."""
        return JobRequest.of_json(
            {"pages": pages, "metadata": {_KEY: self.model_dump()}}, max_ttl_s
        )


class VersionQuery(BaseModel):
    """The version that the client speaks, which changes nothing."""

    api_version: str = Field(
        default="2024-11-30", max_length=32, alias="api-version", description="told back"
    )


class AnalyzeQuery(VersionQuery):
    """What may be asked for with a document; other parameters are passed over, as Azure does."""

    model_config = ConfigDict(extra="ignore")

    pages: str | None = Field(default=None, description="such as `1-3,7`; all where absent")
    locale: str | None = Field(default=None, max_length=64, description="not looked at")
    index_type: IndexType = Field(
        default="textElements", alias="stringIndexType", description="what offsets count"
    )
    features: str | None = Field(
        default=None,
        pattern=r"^(ocrHighResolution|barcodes)(,(ocrHighResolution|barcodes))*$",
        description="every page is read in high resolution, `barcodes` are told where asked for",
    )
    content_format: Literal["text", "markdown"] = Field(
        default="text", alias="outputContentFormat", description="what `content` is"
    )
    output: Literal["pdf"] | None = Field(
        default=None, description="`pdf`: a searchable PDF can be fetched, too"
    )

    @classmethod
    def of(cls, caller: Request) -> Self:
        """The query of a request, checked. Raises InvalidOption."""
        try:
            return cls.model_validate(texts(caller.args))
        except ValidationError as error:
            raise refusal(error) from None

    def asked(self, model: str) -> Asked:
        """What is to be kept of it. Raises ModelNotFound."""
        if model not in _MODELS:
            there_are = " and ".join(f"`{one}`" for one in _MODELS)
            raise ModelNotFound(f"There is no model `{model[:64]}`: there are {there_are}.")
        return Asked(
            model=_MODELS[model],
            api_version=self.api_version,
            index_type=self.index_type,
            content_format=self.content_format,
            pdf=self.output == "pdf",
            barcodes="barcodes" in (self.features or ""),
        )


DOCUMENT = Body(
    {
        JSON: {
            "type": "object",
            "properties": {_DATA: BASE64, _URL: {"type": "string", "format": "uri"}},
            "oneOf": [{"required": [_DATA]}, {"required": [_URL]}],
        },
        **dict.fromkeys(RAW_TYPES, BINARY),
    },
    AnalyzeQuery,
)


def receive(caller: Request, settings: Settings, sink: UploadSink, options: JobRequest) -> Received:
    """Read the document of a request, or where it is. Raises RequestError and its kinds."""
    if caller.mimetype != JSON:
        for piece in pieces(caller, settings.max_upload_bytes):
            sink.write(piece)
        return Received(options)
    decoded = Base64Sink(sink, InvalidOption(f"`{_DATA}` is not base64.", option=_DATA))
    read = read_json(base64_pieces(caller, settings.max_upload_bytes), decoded, (_DATA,))
    return Received(options, *url_in(read, settings, _URL, _DATA))
