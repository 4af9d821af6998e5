"""The `docchu` command: `read`, `ingest`, `watch`, `mcp`, those on jobs, and the server's own."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from docchu.commands import job_commands, server
from docchu.commands.options import (
    DEFAULT_URL,
    ApiKey,
    Connections,
    Extract,
    Format,
    Forms,
    Journal,
    Language,
    Layer,
    Model,
    Out,
    Pages,
    Password,
    Paths,
    Resume,
    RetryFailed,
    Url,
    formats,
    reading,
)

# Plain click output: rich would take longer to load than the help takes to write.
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"docchu {version('docchu')}")
        raise typer.Exit


@app.callback()
def docchu(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """Read the text of images and documents with a Docchu service."""
    _write_utf8()


@app.command("read", no_args_is_help=True)
def read(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Images, documents, or addresses of them; - is stdin."),
    ],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="json is a line for each; all but text, json, markdown take one FILE, or --out.",
        ),
    ] = Format.text,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write results there, such as DIR/a.png.txt, and print none.",
            metavar="DIR",
            file_okay=False,
        ),
    ] = None,
    pages: Pages = None,
    model: Model = None,
    text_layer: Layer = None,
    extract: Extract = None,
    language_model: Language = None,
    password: Password = None,
    url: Url = DEFAULT_URL,
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
    from docchu.commands import reading as run

    options = reading(pages, model, text_layer, extract, language_model, password)
    raise typer.Exit(run.read(run.Wish(files, form.value, out, options), url, api_key))


@app.command("ingest", no_args_is_help=True)
def ingest(
    paths: Paths,
    out: Out,
    forms: Forms = None,
    resume: Resume = True,
    retry_failed: RetryFailed = False,
    connections: Connections = 8,
    journal: Journal = None,
    pages: Pages = None,
    model: Model = None,
    text_layer: Layer = None,
    extract: Extract = None,
    language_model: Language = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read thousands of documents: a/b.png becomes DIR/a/b.png.txt.

    Names are relative to the folder given; several PATHs stay apart by their own names. Files that
    are no documents, and hidden ones, are passed over. Stop it, kill it, lose the connection: the
    same command goes on, and reads nothing twice; --fresh reads all again, with other options, too.
    DIR/failures.csv lists what could not be read.

    \b
    Exit codes:
      0    all documents were read
      1    some were not, or not all of their pages, or a result could not be written
      2    the command or one of its options cannot be understood
      3    the service cannot be reached, cannot work, or wants another API key
      130  interrupted
    """
    from docchu.ingest import command, run

    wish = run.Wish(
        paths,
        out,
        forms=formats(forms),
        fresh=not resume,
        retry_failed=retry_failed,
        connections=connections,
        options=reading(pages, model, text_layer, extract, language_model),
        journal=journal,
    )
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
    forms: Forms = None,
    settle: Annotated[
        float,
        typer.Option(help="Seconds without a change after which a file is whole.", min=0.1),
    ] = 3.0,
    polling: Annotated[
        bool, typer.Option("--polling", help="Look for changes instead of being told of them.")
    ] = False,
    pages: Pages = None,
    model: Model = None,
    text_layer: Layer = None,
    extract: Extract = None,
    language_model: Language = None,
    url: Url = DEFAULT_URL,
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

    options = reading(pages, model, text_layer, extract, language_model)
    wish = run.Wish(folder, out, formats(forms), settle, polling, options)
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
    url: Url = DEFAULT_URL,
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
    job_commands.add_to(app)
    server.add_to(app)
    app(prog_name="docchu")


if __name__ == "__main__":
    main()
