"""`docchu templates`: check templates, and measure them on labelled documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.errors import DocchuError, SettingError
from shared.fields.measuring import Measure, measure, table
from shared.fields.template import load_templates, read_file
from shared.settings import load_settings

app = typer.Typer(
    help="Check templates for fields, and measure them (where the server is installed).",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False)]


@app.command()
def check(folder: Folder) -> None:
    """Say what is wrong with the templates of a folder."""
    paths = sorted(folder.glob("*.y*ml"))
    failed = 0
    for path in paths:
        try:
            template = read_file(path)
        except SettingError as error:
            failed += 1
            typer.echo(error.detail, err=True)
        else:
            typer.echo(f"{path}: {template.type}, {len(template.fields)} fields")
    if failed or not paths:
        typer.echo(f"{failed} of {len(paths)} templates cannot be used", err=True)
        raise typer.Exit(1)


@app.command()
def test(
    folder: Folder,
    templates: Annotated[
        Path | None, typer.Option(help="your templates; those of DOCCHU_TEMPLATES_DIR otherwise")
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="DOCCHU_URL", help="the service that reads what is not read yet")
    ] = "http://127.0.0.1:8080",
    api_key: Annotated[str, typer.Option(envvar="DOCCHU_API_KEY")] = "",
    auto: Annotated[bool, typer.Option(help="find the type out, too")] = True,
) -> None:
    """Measure each field on labelled documents.

    The folder holds NAME.json (`{"type": …, "fields": {…}, "items": […]}`) beside each document
    NAME.png, .jpg or .pdf. What a document says is kept as NAME.result.json, so that a changed
    template is measured at once.
    """
    try:
        found = load_templates(templates or load_settings().templates_dir)
        measured: Measure = measure(folder, found, url, api_key, auto=auto)
    except DocchuError as error:
        typer.echo(f"docchu templates: {error.detail}", err=True)
        raise typer.Exit(1) from error
    typer.echo(table(measured))
