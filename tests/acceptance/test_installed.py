"""The wheels in an empty environment, far from the checkout: `docchu serve` reads a picture."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.service import free_port
from docchu.client import Docchu
from docchu.errors import DocchuError
from tests.project.wheels import ROOT, SERVER, build
from tests.service.documents import numbered_page

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

_START_S = 120
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with both wheels.

    What they depend on is that of these tests, for torch is large; the checkout is not among it:
    an editable install is a `.pth`, and those count in an environment's own folder only.
    """
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "-q"]
    command = [*pip, "--no-index", "--no-deps", *build(folder)]
    # From elsewhere: where pip sees the checkout, it takes them to be installed.
    subprocess.run(command, check=True, cwd=folder, env=_environment(folder))
    (site,) = (folder / "venv" / "lib").glob("*/site-packages")
    (site / "of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.fixture
def run(programs: Path, tmp_path: Path) -> Run:
    """Run a program of the environment in a folder whose modules bear the server's names."""
    for name in SERVER:
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('this {name} is the user’s')\n")

    def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / name, *arguments],
            cwd=tmp_path,
            env=_environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def _environment(folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return own | {"DOCCHU_DATA_DIR": str(folder / "data")}


@pytest.fixture
def url(run: Run, programs: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a service that `docchu serve` has started."""
    bind = f"127.0.0.1:{free_port()}"
    command = [programs / "docchu", "serve", "--bind", bind, "--data", tmp_path / "data"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=_environment(tmp_path), stdout=log, stderr=log
        )
    try:
        yield f"http://{bind}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, (tmp_path / "log").read_text()


def test_a_service_is_installed_run_and_stopped(run: Run, url: str, tmp_path: Path) -> None:
    numbered_page(7).save(tmp_path / "page.png")
    deadline = time.monotonic() + _START_S
    while (done := run("docchu", "read", "page.png", "--url", url)).returncode == 3:
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
    assert done.stdout == "Page number 7\n", done.stderr
    with Docchu(url) as service:
        (job,) = service.jobs()
        for form in ("pdf", "docx", "hocr"):
            assert service.export(job, form)
        with pytest.raises(DocchuError):
            service.result(job, extract="no_such_type")
    assert "dk_" in run("docchu", "keys", "create").stdout


def test_the_server_s_commands_find_it(run: Run, programs: Path) -> None:
    (site,) = (programs.parent / "lib").glob("*/site-packages")
    shipped = site / "docchu" / "_server" / "shared" / "fields" / "templates"
    checked = run("docchu", "templates", "check", shipped)
    assert (checked.returncode, checked.stdout.count("\n")) == (0, len(list(shipped.iterdir())))


def test_a_user_s_own_modules_stay_theirs(run: Run) -> None:
    done = run("python", "-c", "import docchu, sys; print(docchu.Docchu, *sys.path)")
    assert done.returncode == 0 and str(ROOT) not in done.stdout.replace(f"{ROOT}/.venv/", "")
    for name in SERVER:
        assert f"this {name} is the user’s" in run("python", "-c", f"import {name}").stderr


def test_a_release_s_wheels_are_made_of_its_sdists_and_have_checksums(tmp_path: Path) -> None:
    made = os.environ | {"DIST": str(tmp_path), "PYTHON": sys.executable}
    subprocess.run(["sh", "release/make.sh", "wheels"], cwd=ROOT, env=made, check=True)
    kinds = sorted(file.name.partition("-")[0] for file in tmp_path.iterdir())
    assert kinds == ["SHA256SUMS", "docchu", "docchu", "docchu_server", "docchu_server"]
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, check=True)
    for file in tmp_path.glob("*.tar.gz"):
        with tarfile.open(file) as sdist:
            assert all(one.isfile() or one.isdir() for one in sdist), "links lead nowhere"
