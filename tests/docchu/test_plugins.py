"""Stories of commands that other packages bring to `docchu`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from docchu.commands import plugins
from tests.docchu.conftest import ROOT

greeter = typer.Typer()


@greeter.command()
def greet(name: str, loud: bool = False) -> None:
    """Say hello."""
    typer.echo(f"{'CHÀO' if loud else 'chào'} {name}")


def run(arguments: list[str], *points: EntryPoint) -> Result:
    """Run an app that has a command `read` of its own and those of the entry points."""
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("read")(lambda: typer.echo("own"))
    plugins.add_to(app, points)
    return CliRunner().invoke(app, arguments)


def point(name: str, value: str = "tests.docchu.test_plugins:greeter") -> EntryPoint:
    return EntryPoint(name, value, plugins.GROUP)


def test_all_that_follows_its_name_is_passed_on_to_a_command():
    assert run(["greet", "Lan", "--loud"], point("greet")).output == "CHÀO Lan\n"
    assert "Say hello." in run(["greet", "--help"], point("greet")).output
    assert run(["greet"], point("greet")).exit_code == 2


@pytest.mark.parametrize("value", ["no.such.package:app", "tests.docchu.conftest:gone"])
def test_a_broken_package_breaks_its_own_command_only(value: str):
    broken = run(["keys", "create"], point("keys", value))
    assert broken.exit_code == 1
    assert "'keys' is run where the server is installed" in broken.output
    assert run(["read"], point("keys", value)).output == "own\n"


def test_keys_says_where_it_is_run_when_nothing_brings_it():
    refused = run(["keys", "list"])
    assert refused.exit_code == 1
    assert "'keys' is run where the server is installed" in refused.output


def test_no_package_takes_the_place_of_an_own_command():
    assert run(["read"], point("read")).output == "own\n"


def test_the_commands_of_installed_packages_are_found(
    docchu: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
):
    package = tmp_path / "greeting-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[{plugins.GROUP}]\ngreet = greeting:app\n")
    (tmp_path / "greeting.py").write_text("def app(args, prog_name): print(prog_name, args)\n")
    done = docchu("greet", "-x", PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT))))
    assert done.stdout == "docchu greet ['-x']\n"
