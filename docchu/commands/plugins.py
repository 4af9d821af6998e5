"""Commands that other packages add to `docchu`, found by name now and loaded when they are run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import typer

GROUP = "docchu.commands"
# Told of even where nothing brings them, so that nobody has to guess where they went.
_OF_THE_SERVER = {
    "keys": "Make, list and revoke API keys (where the server is installed).",
    "templates": "Check templates for fields, and measure them (where the server is installed).",
}
_PASS_ALL_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}


def add_to(app: typer.Typer, points: Iterable[EntryPoint] | None = None) -> None:
    """Give the app a command for each entry point (by default the installed packages'), which gets
    all that follows its name."""
    points = entry_points(group=GROUP) if points is None else points
    found = {point.name: point for point in points}
    own = {command.name for command in app.registered_commands}
    for name in sorted((found.keys() | _OF_THE_SERVER.keys()) - own):
        app.command(
            name,
            help=_OF_THE_SERVER.get(name, "From another package."),
            context_settings=dict(_PASS_ALL_ON),
            add_help_option=False,
        )(_command(name, found.get(name)))


def _command(name: str, point: EntryPoint | None) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        if point is None:
            _refuse(name, "it is not installed")
        try:
            command = point.load()
        except Exception as error:  # whatever another package does wrong must not look like ours
            _refuse(name, f"{type(error).__name__}: {error}")
        command(args=context.args, prog_name=f"docchu {name}")

    return run


def _refuse(name: str, why: str) -> NoReturn:
    print(
        f"docchu: {name!r} is run where the server is installed; here it cannot be ({why})",
        file=sys.stderr,
    )
    raise typer.Exit(1)
