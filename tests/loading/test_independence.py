"""What is said of a document never depends on the documents that its process had before."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import product
from pathlib import Path

import psutil
import pytest
from PIL import Image

from shared.errors.documents import DocumentError
from shared.media import sniff
from tests.loading.conftest import LIMITS
from tests.loading.samples import encode, join_pdf, locked_pdf, noise, pdf, written
from worker.loading.pool import PageLoader

_NO_PAGES = join_pdf([b"<< /Type /Catalog /Pages 2 0 R >>"])
"""Opens, but its tree of pages is missing."""
_PNG = encode(noise(), "PNG")
_TIFF = encode(noise(), "TIFF")

DOCUMENTS = {
    "whole": pdf(2),
    "no pages": _NO_PAGES,
    "an empty tree of pages": pdf(0),
    "junk": b"%PDF-1.4\njunk\n%%EOF\n",
    "cut short": pdf(3)[:-200],
    "locked": locked_pdf(b"secret"),
    "locked by its owner": locked_pdf(b"", owner_password=b"no printing"),
    "an unknown lock": pdf(
        more=[b"<< /Filter /Acme /V 9 /R 9 >>"], trailer=b"/Encrypt 4 0 R /ID [<00> <00>]"
    ),
    "too large": pdf(size=(14400, 14400)),
    "a picture": _PNG,
    "a picture cut short": _PNG[: len(_PNG) // 2],
    "a picture too large": encode(Image.new("L", (2000, 2000)), "PNG"),
    "a TIFF": _TIFF,
    "a TIFF cut short": _TIFF[: len(_TIFF) // 2],
}


def told(loader: PageLoader, path: Path) -> list[object]:
    """All that a loader says of a document: pages, pixels, damage, layer, or why there are none."""
    media_type = sniff(path.read_bytes())
    assert media_type is not None

    def answer(ask: Callable[[], object]) -> object:
        try:
            return ask()
        except DocumentError as error:
            return error.code, error.detail

    def page() -> object:
        loaded = loader.load(path, media_type, 1)
        return loaded.picture.tobytes(), loaded.picture.shape, loaded.damage

    answers = [answer(lambda: loader.count_pages(path, media_type)), answer(page)]
    if path.read_bytes().startswith(b"%PDF"):
        answers.append(answer(lambda: loader.layer(path, 1)))
    return answers


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("documents")
    return {name: written(folder, content, name) for name, content in DOCUMENTS.items()}


@pytest.fixture(scope="module")
def alone(paths: dict[str, Path]) -> dict[str, list[object]]:
    """What a process says of each document that has seen no other."""
    found = {}
    for name, path in paths.items():
        with PageLoader(LIMITS, num_processes=1) as loader:
            found[name] = told(loader, path)
    return found


def test_a_document_gets_the_same_answer_after_any_other(
    paths: dict[str, Path], alone: dict[str, list[object]]
) -> None:
    others = {}
    with PageLoader(LIMITS, num_processes=1) as loader:
        for before, name in product(paths, repeat=2):
            told(loader, paths[before])
            if (found := told(loader, paths[name])) != alone[name]:
                others[name, before] = found
    assert not others


def test_documents_without_pages_say_so_and_leave_no_file_open(
    paths: dict[str, Path], alone: dict[str, list[object]]
) -> None:
    assert alone["no pages"][0] == ("document_damaged", "The document has no pages.")
    with PageLoader(LIMITS, num_processes=1) as loader:
        for _ in range(60):  # more than the files that a process may have open
            told(loader, paths["no pages"])
        assert told(loader, paths["whole"]) == alone["whole"]
        (process_id,) = loader.process_ids()
        assert len(psutil.Process(process_id).open_files()) == 1


def test_a_process_that_keeps_much_memory_is_replaced(tmp_path: Path) -> None:
    limits = dataclasses.replace(LIMITS, max_page_pixels=20_000_000, max_memory_bytes=140 * 1024**2)
    small = written(tmp_path, _PNG, "small")
    # Some 45 MB that the process would keep for its next page.
    large = written(tmp_path, encode(Image.new("RGB", (3900, 3900), "red"), "PNG"), "large")
    with PageLoader(limits, num_processes=1) as loader:
        first = loader.process_ids()
        told(loader, small)
        assert loader.process_ids() == first
        for _ in range(20):  # at times it has given the memory back before it is looked at
            told(loader, large)
            if loader.process_ids() != first:
                break
        assert loader.process_ids() != first
