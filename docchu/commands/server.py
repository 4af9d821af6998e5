"""The server's commands, `serve`, `admin`, `keys`, `templates`, where the server is installed."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import typer

_COMMANDS = {
    "admin": ("shared.admin.command", "See and steer a service, check it, back it up"),
    "keys": ("shared.running.keys_command", "Make, list and revoke API keys"),
    "serve": ("shared.running.local", "Run the whole service on this machine"),
    "templates": ("shared.fields.command", "Check templates for fields, and measure them"),
}
"""Told of even where there is no server, so that nobody has to guess where they went."""
_WHERE = "where the server is installed: pip install 'docchu[server]'"
_PACKAGE = Path(__file__).parents[1]
_PASS_ALL_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}


def add_to(app: typer.Typer) -> None:
    """Give the app the server's commands, each of which gets all that follows its name."""
    for name, (module, what) in _COMMANDS.items():
        _add(app, name, module, f"{what} ({_WHERE}).")


def server_folder() -> Path | None:
    """Where the server's packages lie: in the installed one's private folder, or the checkout."""
    for folder in (_PACKAGE / "_server", _PACKAGE.parent):
        if (folder / "shared" / "running" / "local.py").is_file():
            return folder
    return None


def _add(app: typer.Typer, name: str, module: str, what: str) -> None:
    @app.command(name, help=what, context_settings=dict(_PASS_ALL_ON), add_help_option=False)
    def run(context: typer.Context) -> None:
        try:
            command = _load(module)
        except ImportError as error:
            print(f"docchu: {name!r} is run {_WHERE} ({error})", file=sys.stderr)
            raise typer.Exit(1) from None
        command(args=context.args, prog_name=f"docchu {name}")


def _load(module: str) -> typer.Typer:
    folder = server_folder()
    if folder is None:
        raise ImportError("there is none here")
    # Of this process alone: in a user's own programs `shared` and `api` stay what they are there.
    sys.path.insert(0, str(folder))
    app: typer.Typer = import_module(module).app
    return app
