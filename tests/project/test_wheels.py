"""What `pip install docchu` brings, and what `docchu[server]` brings besides."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.project.wheels import ROOT, SERVER, build

_SMALL = 200_000  # bytes


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(tmp_path_factory.mktemp("wheels"))


def names(wheel: Path) -> set[str]:
    """The files of a wheel, but for what tells of it."""
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def sources(folder: str) -> set[str]:
    files = (file for file in (ROOT / folder).rglob("*") if file.is_file())
    return {str(file.relative_to(ROOT)) for file in files if "__pycache__" not in file.parts}


def test_the_client_is_small_and_takes_no_name_but_its_own(wheels: tuple[Path, Path]) -> None:
    client, _ = wheels
    assert names(client) == sources("docchu")
    assert client.stat().st_size < _SMALL


def test_the_server_lies_whole_in_the_client_s_private_folder(wheels: tuple[Path, Path]) -> None:
    _, server = wheels
    files = set().union(*map(sources, SERVER))
    assert names(server) == {f"docchu/_server/{file}" for file in files}
    assert {Path(file).suffix for file in files} > {".lua", ".safetensors", ".html", ".yaml"}


def test_client_and_server_are_of_one_version() -> None:
    client, server = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
        for folder in ("", "release/server")
    )
    version = client["version"]
    assert server["version"] == version
    assert client["optional-dependencies"]["server"] == [f"docchu-server=={version}"]
    assert server["dependencies"] == [f"docchu[api,worker,local]=={version}"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest and newest[1] == version
