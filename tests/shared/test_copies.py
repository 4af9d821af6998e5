"""Copies on this machine of blobs that lie elsewhere: fetched once, kept while they are read."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from shared.blobs.copies import Copies


def test_a_copy_is_fetched_once_while_it_is_wanted(tmp_path: Path) -> None:
    copies, fetched = Copies(tmp_path / "cache", idle_s=0), threading.Semaphore(0)

    def fetch(file: object) -> None:
        time.sleep(0.1)
        file.write(b"bytes")  # type: ignore[attr-defined]
        fetched.release()

    def read() -> None:
        with copies.held("a", 5, fetch) as path:
            assert path.read_bytes() == b"bytes"

    with copies.held("a", 5, fetch) as path:
        others = [threading.Thread(target=read) for _ in range(4)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        copies.drop_idle()
        assert path.exists(), "it was erased under its reader"
    time.sleep(0.01)
    copies.drop_idle()
    assert not path.exists() and fetched.acquire(timeout=1) and not fetched.acquire(timeout=0)


def test_copies_stay_within_their_bound_and_a_broken_one_is_fetched_anew(tmp_path: Path) -> None:
    copies = Copies(tmp_path / "cache", max_bytes=10)
    for name in "abcd":
        with copies.held(name, 4, lambda file: file.write(b"1234") and None) as path:
            assert path.read_bytes() == b"1234"
    assert sum(one.stat().st_size for one in (tmp_path / "cache").iterdir()) <= 10
    path.write_bytes(b"12")  # its process was killed meanwhile
    with copies.held("d", 4, lambda file: file.write(b"1234") and None) as path:
        assert path.read_bytes() == b"1234"
