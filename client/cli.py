"""The `docchu` command: `read` documents, and the commands that the server's package adds."""

from __future__ import annotations

import io
import sys
from typing import Annotated, Literal

import typer

from client import plugins

# Plain click output: rich would take longer to load than the help takes to write.
app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def docchu() -> None:
    """Read the text of images and documents with a Docchu service."""


@app.command("read", no_args_is_help=True)
def read(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Images or documents; - is stdin.")
    ],
    form: Annotated[
        Literal["text", "json"],
        typer.Option("--format", help="The plain text, or one line of JSON for each document."),
    ] = "text",
    pages: Annotated[
        str | None, typer.Option(help="Only these pages, such as 1-3,7.", metavar="PAGES")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Read with this model of the service.", metavar="NAME")
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="DOCCHU_URL", help="Where the service is.", metavar="URL")
    ] = "http://127.0.0.1:8080",
    api_key: Annotated[
        str | None,
        typer.Option(envvar="DOCCHU_API_KEY", help="The service's API key.", metavar="KEY"),
    ] = None,
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
    from client import reading

    _write_utf8()
    raise typer.Exit(reading.read(files, form, pages, url, api_key, model))


def _write_utf8() -> None:
    # Vietnamese text must leave whole, whatever code page the terminal or the pipe stands at.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")


def main() -> None:
    """Run the command."""
    plugins.add_to(app)
    app(prog_name="docchu")


if __name__ == "__main__":
    main()
