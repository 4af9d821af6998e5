"""Pages pass through memory that loader and child share: whole, and with few page faults."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.loading.conftest import LIMITS, Load
from tests.loading.samples import encode, noise, pdf, written
from worker.loading import protocol
from worker.loading.pool import Asker, PageLoader
from worker.loading.window import Window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no window")


def num_faults(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[7])


@pytest.mark.parametrize(
    "size", [(1400, 1400), (1_900_000, 1), (1, 1_900_000), (1024, 1365), (1, 1)]
)
def test_a_page_larger_than_the_window_passes_in_parts(load: Load, size: tuple[int, int]) -> None:
    picture = noise(*size)
    assert (load(encode(picture, "PNG")).picture == np.asarray(picture)).all()


def test_a_page_is_no_part_of_the_window_once_it_is_loaded(load: Load) -> None:
    first, second = noise(seed=1), noise(seed=2)
    page = load(encode(first, "PNG"))
    load(encode(second, "PNG"))
    assert (page.picture == np.asarray(first)).all()


def test_a_page_that_nobody_wants_is_given_up_in_the_middle_of_its_pixels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Unwanted(Exception):
        pass

    is_unwanted, await_turn = threading.Event(), protocol.await_turn

    def check() -> None:
        if is_unwanted.is_set():
            raise Unwanted

    def stop_the_child(*waits: Any) -> None:
        os.kill(loader.process_ids()[0], signal.SIGSTOP)
        is_unwanted.set()
        await_turn(*waits)

    path = written(tmp_path, encode(noise(1400, 1400), "PNG"))
    with PageLoader(dataclasses.replace(LIMITS, page_wall_s=5), num_processes=1) as loader:
        monkeypatch.setattr(protocol, "await_turn", stop_the_child)
        with pytest.raises(Unwanted):
            loader.load(path, "image/png", 1, Asker(check=check))


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise OSError(errno.ENOSYS, "not here")

    monkeypatch.setattr(os, "memfd_create", refused)


def take_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Python was built for a C library of before 2018."""
    for name in ("memfd_create", "MFD_CLOEXEC", "MFD_ALLOW_SEALING"):
        monkeypatch.delattr(os, name)


@pytest.mark.parametrize("make_missing", [refuse, take_away])
def test_where_the_system_has_no_such_memory_pages_come_on_the_socket(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    make_missing: Callable[[pytest.MonkeyPatch], None],
) -> None:
    make_missing(monkeypatch)
    picture = noise(1400, 1400)
    paths = [written(tmp_path, encode(picture, "PNG"), "png"), written(tmp_path, pdf(), "pdf")]
    with PageLoader(LIMITS, num_processes=1) as loader:
        assert (loader.load(paths[0], "image/png", 1).picture == np.asarray(picture)).all()
        assert loader.load(paths[1], "application/pdf", 1).picture.shape == (800, 400, 3)


def test_a_child_cannot_take_the_memory_away_that_the_worker_looks_at() -> None:
    window = Window.made()
    assert window is not None
    try:
        for size in (0, 1, 1 << 30):
            with pytest.raises(PermissionError):
                os.ftruncate(window.file, size)
    finally:
        window.close()
    assert bytes(window.view[:1]) == b"\0"


def test_what_a_page_took_is_there_for_the_next_and_nothing_stays_open(tmp_path: Path) -> None:
    path = written(tmp_path, encode(noise(800, 1000), "JPEG"))
    files = psutil.Process().num_fds()
    with PageLoader(LIMITS, num_processes=1) as loader:
        (process_id,) = loader.process_ids()
        for _ in range(3):
            loader.load(path, "image/jpeg", 1)
        before = num_faults(process_id)
        for _ in range(10):
            loader.load(path, "image/jpeg", 1)
        assert num_faults(process_id) - before < 1000  # anew they would be 18,000
    assert psutil.Process().num_fds() == files
