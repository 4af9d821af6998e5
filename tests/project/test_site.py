"""The documentation: a site without a broken link that asks no other host; what its pages tell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.http.problems import STATUSES
from shared.running.unknown import NOT_SETTINGS
from shared.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` makes it: a page without a place, or a broken link, ends it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "WARNING -" not in done.stderr, done.stderr
    return folder


def test_it_opens_in_both_languages_and_without_a_network(site: Path) -> None:
    for name, word in {"index.html": "Install", "index.vi.html": "Cài đặt"}.items():
        page = (site / name).read_text()
        assert f">{word}<" in page
        fetched = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page)
        assert fetched and not [one for one in fetched if "//" in one], fetched


def test_what_pages_link_to_outside_of_docs_is_there(site: Path) -> None:
    assert (site / "files" / "env.example.txt").read_text() == (ROOT / ".env.example").read_text()
    assert 'href="files/env.example.txt"' in (site / "index.html").read_text()
    assert 'href="changes.html"' in (site / "index.html").read_text()


def test_the_table_of_errors_is_true() -> None:
    rows = re.findall(
        r"^\| (\d+) \| `(\w+)` \| (.+?) \| (yes)? ?\| (.+?) \|$",
        (ROOT / "docs" / "errors.md").read_text(),
        re.MULTILINE,
    )
    told = {code: (int(status), bool(again)) for status, code, _, again, _ in rows}
    true = {kind.code: (int(status), kind.transient) for kind, status in STATUSES.items()}
    assert told == true
    assert len(rows) == len(told), "each code once"
    assert all(meaning and advice for _, _, meaning, _, advice in rows)


def test_settings_that_pages_name_are_settings() -> None:
    known = {f"DOCCHU_{name.upper()}" for name in (*Settings.model_fields, *NOT_SETTINGS)}
    for page in ("errors.md", "gpu.md", "security.md", "kubernetes.md", "first.md", "recipes.md"):
        named = set(re.findall(r"DOCCHU_[A-Z_]+[A-Z]", (ROOT / "docs" / page).read_text()))
        assert named <= known, page
