"""For mkdocs: what the pages link to outside of docs/ is part of the site, and README its front.

In the repository links lead to files; here README, CHANGELOG and the training's page become pages,
and whatever else is linked to is copied as it is.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "README.vi.md": "index.vi.md",
    "CHANGELOG.md": "changes.md",
    "training/README.md": "training.md",
}
_SOURCES = {page: source for source, page in PAGES.items()}
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")


def on_config(config: Any) -> Any:
    """Put a page that has no place in the navigation yet where most of them belong."""
    listed = {page for group in config.nav for page in _pages(group)}
    missing = {path.name for path in (ROOT / "docs").glob("*.md")} - listed
    (run,) = (group["Run it"] for group in config.nav if "Run it" in group)
    run.extend(sorted(missing))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and files that lie elsewhere."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    texts = {file.src_uri: file.content_string for file in files if file.is_documentation_page()}
    targets = {target for uri, text in texts.items() for target in _targets(uri, text)}
    for path in sorted(targets):
        if _place(path) not in files.src_uris and (ROOT / path).is_file():
            files.append(File.generated(config, _place(path), content=(ROOT / path).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links lead to where things are here."""
    uri = page.file.src_uri
    return _LINK.sub(
        lambda link: posixpath.relpath(
            _place(_repository_path(uri, link[1])), posixpath.dirname(uri) or "."
        ),
        markdown,
    )


def _pages(group: str | dict[str, list[str]]) -> list[str]:
    return [group] if isinstance(group, str) else [page for one in group.values() for page in one]


def _targets(uri: str, text: str) -> list[str]:
    """What a page links to, as paths of the repository."""
    return [_repository_path(uri, link) for link in _LINK.findall(text)]


def _repository_path(uri: str, link: str) -> str:
    source = _SOURCES.get(uri, f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _place(path: str) -> str:
    """Where a file of the repository is on the site."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"files/{path.replace('/.', '/').removeprefix('.')}.txt"
