"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from docchu.steps.options import ReadingOptions

DEFAULT_URL = "http://127.0.0.1:8080"


class Format(StrEnum):
    """What the service makes of one reading."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"
    hocr = "hocr"
    alto = "alto"
    pdf = "pdf"
    docx = "docx"
    xlsx = "xlsx"
    csv = "csv"


class TextLayer(StrEnum):
    """What becomes of the text that a PDF brings."""

    auto = "auto"
    ignore = "ignore"
    trust = "trust"


class LanguageModel(StrEnum):
    """Whether doubtful marks are decided by what Vietnamese writes around them."""

    auto = "auto"
    off = "off"


Url = Annotated[str, typer.Option(envvar="DOCCHU_URL", help="Where the service is.", metavar="URL")]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="DOCCHU_API_KEY", help="The service's API key.", metavar="KEY"),
]
Forms = Annotated[
    list[Format] | None,
    typer.Option("--format", help="What to write (text); may be given several times."),
]
Pages = Annotated[
    str | None, typer.Option(help="Only these pages, such as 1-3,7.", metavar="PAGES")
]
Model = Annotated[
    str | None, typer.Option(help="Read with this model of the service.", metavar="NAME")
]
Layer = Annotated[
    TextLayer | None,
    typer.Option("--text-layer", help="Compare a PDF's own text with the picture, or not."),
]
Extract = Annotated[
    str | None,
    typer.Option(help="Find the fields of this type of document, or auto.", metavar="TYPE"),
]
Language = Annotated[
    LanguageModel | None,
    typer.Option("--language-model", help="Let the language decide doubtful marks, or not."),
]
Password = Annotated[
    str | None,
    typer.Option(
        envvar="DOCCHU_PASSWORD",
        help="Open encrypted PDFs with it; others of this machine see what a command is given.",
        metavar="TEXT",
    ),
]

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH", help="Folders and files (links are followed), or s3://BUCKET/PREFIX."
    ),
]
Out = Annotated[
    str, typer.Option(help="Where results are written, or s3://BUCKET/PREFIX.", metavar="DIR")
]
Resume = Annotated[
    bool,
    typer.Option("--resume/--fresh", help="Go on where an earlier run stopped, or read all again."),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Read again what could not be read before.")
]
Connections = Annotated[
    int, typer.Option(help="Uploads at the same time.", min=1, max=64, metavar="N")
]
Journal = Annotated[
    Path | None,
    typer.Option(
        help="Where progress is kept (DIR; with an object store a folder of this user).",
        metavar="FOLDER",
    ),
]


def formats(chosen: Sequence[Format] | None) -> tuple[str, ...]:
    """The formats to write, each once."""
    return tuple(dict.fromkeys(form.value for form in chosen or [Format.text]))


def reading(
    pages: str | None,
    model: str | None,
    text_layer: TextLayer | None,
    extract: str | None,
    language_model: LanguageModel | None,
    password: str | None = None,
) -> ReadingOptions:
    """What was given of how to read."""
    given = {
        "pages": pages,
        "model": model,
        "text_layer": text_layer and text_layer.value,
        "extract": extract,
        "language_model": language_model and language_model.value,
        "password": password or None,
    }
    return cast(
        "ReadingOptions", {name: value for name, value in given.items() if value is not None}
    )
