"""Stories of what is found below a folder, and of names."""

from __future__ import annotations

import os
from pathlib import Path

from docchu.files.media import is_document
from docchu.files.walking import roots, walk
from docchu.watch.places import numbered
from docchu.watch.settling import Settling, has_writer
from shared.media import sniff
from tests.service.documents import sound_documents


def found(root: Path, *leave_out: Path) -> list[str]:
    return [file.name for file in walk(roots([root]), leave_out)]


def settled(settling: Settling, folder: Path) -> list[str]:
    return [file.name for file in settling.look(walk({"": folder}, []))]


def test_folders_are_walked_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/ă.png", "b/a.png", "a.png", ".ẩn/x.png", "b/.x.png", "kết quả/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert found(tmp_path, tmp_path / "kết quả") == ["a.png", "b/a.png", "b/ă.png"]


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    (tmp_path / name).touch()
    assert found(tmp_path) == [name]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    inner, outer = tmp_path / "a/b", tmp_path / "khác"
    inner.mkdir(parents=True)
    outer.mkdir()
    (outer / "x.png").touch()
    (inner / "vòng").symlink_to(tmp_path)
    (inner / "ra ngoài").symlink_to(outer)
    assert found(tmp_path / "a") == ["b/ra ngoài/x.png"]


def test_the_client_knows_the_documents_that_the_service_knows() -> None:
    heads = [*sound_documents().values(), b"", b"BM", b"BM is text", b"\n\n%PDF-1.4", b"RIFF" * 4]
    for head in (data[:1024] for data in heads):
        assert is_document(head) == (sniff(head) is not None)


def test_a_file_settles_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    now = [0.0]
    settling = Settling(3, lambda: now[0])
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    assert settled(settling, tmp_path) == []
    now[0] = 2
    file.write_bytes(b"xx")
    assert settled(settling, tmp_path) == []
    now[0] = 4
    assert settled(settling, tmp_path) == []
    now[0] = 5
    assert settled(settling, tmp_path) == ["a.png"]


def test_a_file_that_somebody_has_open_to_write_does_not_settle(tmp_path: Path) -> None:
    now = [0.0]
    settling = Settling(3, lambda: now[0])
    file = tmp_path / "a.png"
    with file.open("wb") as writer:
        writer.write(b"x")
        writer.flush()
        assert has_writer(str(file))
        for moment in (0, 10, 20):
            now[0] = moment
            assert settled(settling, tmp_path) == []
    assert not has_writer(str(file))
    now[0] = 22
    assert settled(settling, tmp_path) == []
    now[0] = 23
    assert settled(settling, tmp_path) == ["a.png"]


def test_what_is_named_as_unfinished_is_left_alone(tmp_path: Path) -> None:
    for name in ("a.png.part", "~$b.pdf", "Thumbs.db", "c.png"):
        (tmp_path / name).touch()
    settling = Settling(0, lambda: 0.0)
    assert settled(settling, tmp_path) == ["c.png"]


def test_a_name_that_is_taken_gets_a_number() -> None:
    taken = {"x/a.png", "x/a-2.png"}
    assert numbered("x/a.png", lambda name: name not in taken) == "x/a-3.png"
    assert numbered("b.png", lambda name: name not in taken) == "b.png"
