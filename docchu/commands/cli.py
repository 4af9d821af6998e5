"""The `docchu` command: `read`, `ingest`, `watch`, `mcp`, and the server's own."""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from docchu.commands import server

# Plain click output: rich would take longer to load than the help takes to write.
app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

Url = Annotated[str, typer.Option(envvar="DOCCHU_URL", help="Where the service is.", metavar="URL")]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="DOCCHU_API_KEY", help="The service's API key.", metavar="KEY"),
]


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


_DEFAULT_URL = "http://127.0.0.1:8080"


@app.callback()
def docchu() -> None:
    """Read the text of images and documents with a Docchu service."""


@app.command("read", no_args_is_help=True)
def read(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Images or documents; - is stdin.")
    ],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="json is a line for each document; all but text, json, markdown take one FILE.",
        ),
    ] = Format.text,
    pages: Annotated[
        str | None, typer.Option(help="Only these pages, such as 1-3,7.", metavar="PAGES")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Read with this model of the service.", metavar="NAME")
    ] = None,
    url: Url = _DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read documents and print their text.

    \b
    Exit codes:
      0    all documents were read
      1    some document could not be read, or not all of its pages; stderr names them
      2    the command or one of its options cannot be understood
      3    the service cannot be reached, cannot work, or wants another API key
      130  interrupted; the jobs under way were canceled
    """
    # Loaded here, so that the help and other commands need no HTTP client.
    from docchu.commands import reading

    _write_utf8()
    raise typer.Exit(reading.read(files, form.value, pages, url, api_key, model))


@app.command("ingest", no_args_is_help=True)
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Folders and files; links are followed.")
    ],
    out: Annotated[Path, typer.Option(help="Where results are written.", metavar="DIR")],
    forms: Annotated[
        list[Format] | None,
        typer.Option("--format", help="What to write (text); may be given several times."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--fresh", help="Go on where an earlier run stopped, or read all again."
        ),
    ] = True,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Read again what could not be read before.")
    ] = False,
    connections: Annotated[
        int, typer.Option(help="Uploads at the same time.", min=1, max=64, metavar="N")
    ] = 8,
    url: Url = _DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read thousands of documents: a/b.png becomes DIR/a/b.png.txt.

    Names are relative to the folder given; several PATHs stay apart by their own names. Files that
    are no documents, and hidden ones, are passed over. Stop it, kill it, lose the connection: the
    same command goes on, and reads nothing twice. DIR/failures.csv lists what could not be read.

    \b
    Exit codes:
      0    all documents were read
      1    some were not, or not all of their pages, or a result could not be written
      2    the command or one of its options cannot be understood
      3    the service cannot be reached, cannot work, or wants another API key
      130  interrupted
    """
    from docchu.ingest import command, run

    chosen = tuple(dict.fromkeys(form.value for form in forms or [Format.text]))
    wish = run.Wish(paths, out, chosen, not resume, retry_failed, connections)
    raise typer.Exit(command.ingest(wish, url, api_key))


@app.command("watch", no_args_is_help=True)
def watch(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder to watch."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where results are written (DIR/done).", metavar="DIR"),
    ] = None,
    forms: Annotated[
        list[Format] | None,
        typer.Option("--format", help="What to write (text); may be given several times."),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(help="Seconds without a change after which a file is whole.", min=0.1),
    ] = 3.0,
    polling: Annotated[
        bool, typer.Option("--polling", help="Look for changes instead of being told of them.")
    ] = False,
    url: Url = _DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read whatever a scanner, or anybody, puts into a folder, until interrupted.

    a.png is read once it has stopped growing; then it moves to DIR/done, beside its result
    a.png.txt. What cannot be read moves to DIR/failed and what was read before to DIR/duplicate,
    each with a note that says why. While the service is away, everything stays and waits.

    \b
    Exit codes:
      2    the command or one of its options cannot be understood
      3    the service wants another API key
      130  interrupted
    """
    from docchu.watch import run

    chosen = tuple(dict.fromkeys(form.value for form in forms or [Format.text]))
    wish = run.Wish(folder, out, chosen, settle, polling)
    raise typer.Exit(run.watch(wish, url, api_key))


@app.command("mcp")
def mcp(
    root: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="The folder whose files may be read (the present one; over HTTP none).",
            metavar="DIR",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            help="Serve at this address of this machine instead of the pipes.", metavar="HOST:PORT"
        ),
    ] = None,
    url: Url = _DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Let an assistant read documents, by the Model Context Protocol.

    It is started by the assistant and talks over stdin and stdout; with --http it is at
    http://HOST:PORT/mcp. Files outside of --root are refused. Wants docchu[mcp].
    """
    from docchu.mcp import command

    raise typer.Exit(command.serve(url, api_key, root, http))


def _write_utf8() -> None:
    # Vietnamese text must leave whole, whatever code page the terminal or the pipe stands at.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")


def main() -> None:
    """Run the command."""
    server.add_to(app)
    app(prog_name="docchu")


if __name__ == "__main__":
    main()
