"""Stories of the server's commands, where the server is installed and where it is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.docchu.conftest import ROOT, Done


def alone(folder: Path, *arguments: str) -> Done:
    """Run the command of a client that was installed without the server."""
    shutil.copytree(ROOT / "docchu", folder / "docchu")
    program = "import docchu.commands.cli as cli; cli.main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def test_all_that_follows_its_name_is_passed_on_to_a_command(docchu: Callable[..., Done]):
    assert "--tenant" in docchu("keys", "create", "--help").stdout
    assert docchu("keys", "no-such").returncode == 2


def test_the_server_s_commands_say_where_they_are_run_when_it_is_not_installed(tmp_path: Path):
    for name in ("admin", "keys", "serve", "templates"):
        refused = alone(tmp_path / name, name)
        assert refused.returncode == 1
        assert f"'{name}' is run where the server is installed" in refused.stderr
        assert "pip install 'docchu[server]'" in refused.stderr


def test_serve_says_what_is_wrong_before_it_starts(docchu: Callable[..., Done], tmp_path: Path):
    assert "DOCCHU_BIND" in docchu("serve", "--bind", "nowhere").stderr
    (tmp_path / "file").touch()
    refused = docchu("serve", "--bind", "127.0.0.1:1", "--data", "file")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr


def test_serve_names_what_is_no_setting(docchu: Callable[..., Done], tmp_path: Path):
    (tmp_path / ".env").write_text("DOCCHU_MAXPAGES=3\nCOMPOSE_FILE=a\n#DOCCHU_OFF=1\n")
    told = docchu("serve", "--only", "worker", DOCCHU_PORT="80", DOCCHU_API_KEY="k").stderr
    assert "DOCCHU_MAXPAGES is no setting and changes nothing. Is DOCCHU_MAX_PAGES meant?" in told
    assert "DOCCHU_PORT is no setting and changes nothing. Is it misspelt?" in told
    assert told.count("is no setting") == 2, told


def test_one_program_alone_wants_a_store_that_others_reach(docchu: Callable[..., Done]):
    refused = docchu("serve", "--only", "worker")
    assert refused.returncode == 1
    assert "DOCCHU_REDIS_URL" in refused.stderr and "DOCCHU_BLOBS" in refused.stderr
    assert "api" in docchu("serve", "--only", "store").stderr
