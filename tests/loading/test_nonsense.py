"""A child that a document has taken over says what it likes: one page fails, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.errors.documents import PageCrashed
from tests.loading.conftest import LIMITS
from worker.loading import starting
from worker.loading.pool import PageLoader

TAKEN_OVER = """
import pathlib, socket, sys
from worker.loading import protocol
connection = socket.socket(fileno=0)
protocol.send(connection, {"ready": True})
while True:
    protocol.receive(connection)
    connection.sendall(pathlib.Path(__file__).with_name("says").read_bytes())
"""
PAGE = b'{"height": 1, "width": 1%s}'
Asked = Callable[[PageLoader, Path], object]
ASKED: dict[str, Asked] = {
    "count": lambda loader, path: loader.count_pages(path, "image/png"),
    "load": lambda loader, path: loader.load(path, "image/png", 1),
    "layer": lambda loader, path: loader.layer(path, 1),
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_text("a document")
    return path


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PageLoader]:
    """A loader whose children say to each request what stands in the file `says`."""
    (tmp_path / "taken_over.py").write_text(TAKEN_OVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(starting, "_CHILD", "taken_over")
    limits = dataclasses.replace(LIMITS, page_wall_s=5)
    with PageLoader(limits, num_processes=1) as loader:
        yield loader


def told(header: bytes, behind: bytes = b"") -> bytes:
    return len(header).to_bytes(4, "big") + header + behind


NONSENSE = [
    *(b"{}", b"[]", b"null", b"", b"\xff", b"[" * 20_000, b'{"a":' * 9000, b'{"error": null}'),
    *(b'{"height": 1}', b'{"height": 1e999, "width": 1}', b'{"height": NaN, "width": 1}'),
    *(
        b'{"height": 0, "width": 1}',
        b'{"height": -1, "width": -1}',
        b'{"height": true, "width": 1}',
    ),
    *(b'{"height": 9999999, "width": 9999999}', b'{"height": "1", "width": true}'),
    *(b'{"num_pages": 1e999}', b'{"num_pages": -1}', b'{"num_pages": 0}', b'{"num_pages": null}'),
    *(b'{"num_pages": 100000000000}', b'{"layer_bytes": 1e999}', b'{"layer_bytes": 99999999999}'),
    *(b'{"error": "document_damaged"}', b'{"error": "", "detail": "", "facts": []}'),
    b'{"error": "document_damaged", "detail": "", "facts": {"detail": ""}}',
    b'{"error": "document_damaged", "detail": "\\ud800", "facts": {}}',
    *(PAGE % b', "damage": "\\ud800"', PAGE % b', "damage": 5'),
]


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_no_answer_fails_its_page_and_ends_the_child(
    taken_over: PageLoader, document: Path, tmp_path: Path, asked: str
) -> None:
    for header in NONSENSE:
        (tmp_path / "says").write_bytes(told(header))
        before = taken_over.process_ids()
        with pytest.raises(PageCrashed):
            ASKED[asked](taken_over, document)
        assert taken_over.process_ids() != before, header


def test_an_answer_to_another_question_is_none(
    taken_over: PageLoader, document: Path, tmp_path: Path
) -> None:
    answers = {"count": b'{"num_pages": 3}', "load": PAGE % b"", "layer": b'{"layer_bytes": 2}'}
    for asked, ask in ASKED.items():
        for own, header in answers.items():
            if own != asked:
                (tmp_path / "says").write_bytes(told(header, b"\n"))
                with pytest.raises(PageCrashed):
                    ask(taken_over, document)


@pytest.mark.parametrize(
    "full",
    [
        *(b'"wide"', b"[1]", b"[65, 1]", b"[100000, 100000]", b"[0, 0]", b'["6", "4"]'),
        *(b"[1e999, 1]", b"[99999999999, -1]"),
    ],
)
def test_no_page_is_larger_in_its_file_than_it_can_be(
    taken_over: PageLoader, document: Path, tmp_path: Path, full: bytes
) -> None:
    (tmp_path / "says").write_bytes(told(PAGE % b', "full": %s' % full, b"\n"))
    assert taken_over.load(document, "image/png", 1).full == (1, 1)


def test_what_nobody_asked_for_is_no_answer_to_who_asks_next(
    taken_over: PageLoader, document: Path, tmp_path: Path
) -> None:
    says, answer = tmp_path / "says", told(b'{"num_pages": 3}')
    for more in (b"\n", told(b'{"num_pages": 9}')):
        says.write_bytes(answer + more)
        assert taken_over.count_pages(document, "image/png") == 3
        says.write_bytes(answer)
        assert taken_over.count_pages(document, "image/png") == 3
