"""Many threads share a few processes, which are warm, light, renewed, and gone when it closes."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from shared.errors import ServiceError, UnsupportedMediaType
from shared.errors.documents import PageCrashed
from tests.loading.conftest import LIMITS
from tests.loading.samples import encode, noise, pdf, slow_pdf, written
from worker.loading import protocol
from worker.loading.pool import Asker, PageLoader
from worker.loading.process import ChildProcess
from worker.loading.turns import Flow

PDF = "application/pdf"


def test_many_threads_each_get_their_own_page(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, encode(noise(60, 40, seed), "PNG"), f"picture {seed}")
        for seed in range(16)
    ]
    with PageLoader(LIMITS, num_processes=2) as loader, ThreadPoolExecutor(16) as threads:
        pages = list(threads.map(lambda path: loader.load(path, "image/png", 1), paths * 8))
    for number, page in enumerate(pages):
        assert (page.picture == np.asarray(noise(60, 40, number % 16))).all()


def test_the_process_that_has_a_document_open_gets_its_next_page(tmp_path: Path) -> None:
    one = written(tmp_path, pdf(5), "one")
    other = written(tmp_path, pdf(5), "other")
    with PageLoader(LIMITS, num_processes=2) as loader:
        for page in range(1, 6):
            loader.load(one, PDF, page)
            loader.load(other, PDF, page)
            held = [
                {Path(file.path).name for file in psutil.Process(process_id).open_files()}
                for process_id in loader.process_ids()
            ]
            assert sorted(held, key=sorted) == [{"one"}, {"other"}]


def test_processes_are_replaced_after_their_share_of_requests(tmp_path: Path) -> None:
    path = written(tmp_path, encode(noise(), "PNG"))
    limits = dataclasses.replace(LIMITS, requests_per_child=3)
    seen = []
    with PageLoader(limits, num_processes=1) as loader:
        for _ in range(7):
            seen += loader.process_ids()
            assert loader.load(path, "image/png", 1).damage is None
    assert [len(set(seen[start : start + 3])) for start in (0, 3)] == [1, 1]
    assert len(set(seen)) == 3


def test_a_process_is_light_and_knows_nothing_of_the_worker(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCCHU_REDIS_URL", "redis://:secret@store")
    with PageLoader(LIMITS, num_processes=1) as loader:
        loader.load(written(tmp_path, encode(noise(), "PNG")), "image/png", 1)
        (process_id,) = loader.process_ids()
        process = psutil.Process(process_id)
        assert not any(name.startswith("DOCCHU") for name in process.environ())
        libraries = [Path(region.path).name for region in process.memory_maps()]
        for heavy in ("torch", "cv2", "openblas", "multiarray"):
            assert not any(heavy in library for library in libraries)
        assert process.memory_info().rss < 80 * 1024**2
        assert process.num_threads() == 1
        if sys.platform == "linux":
            assert process.rlimit(psutil.RLIMIT_AS) == (LIMITS.max_memory_bytes,) * 2
            assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
            assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
            assert "NoNewPrivs:\t1" in Path(f"/proc/{process_id}/status").read_text()


def test_the_memory_of_a_large_page_goes_back_to_the_system(tmp_path: Path) -> None:
    path = written(tmp_path, encode(Image.new("RGB", (4500, 4500), "red"), "PNG"))
    limits = dataclasses.replace(LIMITS, max_page_pixels=30_000_000)
    with PageLoader(limits, num_processes=1) as loader:
        assert loader.load(path, "image/png", 1).picture.shape == (4500, 4500, 3)
        loader.count_pages(path, "image/png")  # by the time of its answer the page is put away
        (process_id,) = loader.process_ids()
        assert psutil.Process(process_id).memory_info().rss < 80 * 1024**2


def test_closing_ends_every_process_and_refuses_what_comes_later(tmp_path: Path) -> None:
    path = written(tmp_path, encode(noise(), "PNG"))
    loader = PageLoader(LIMITS, num_processes=3)
    process_ids = loader.process_ids()
    assert len(process_ids) == 3
    loader.close()
    loader.close()
    assert loader.process_ids() == []
    assert not any(psutil.pid_exists(process_id) for process_id in process_ids)
    with pytest.raises(ServiceError):
        loader.load(path, "image/png", 1)


def test_closing_lets_a_page_that_is_being_loaded_finish(tmp_path: Path) -> None:
    path = written(tmp_path, encode(noise(1400, 1400), "PNG"))
    loader = PageLoader(LIMITS, num_processes=1)
    with ThreadPoolExecutor(8) as threads:
        loading = [threads.submit(loader.load, path, "image/png", 1) for _ in range(8)]
        loading[0].result()
        loader.close()
    outcomes = {type(future.exception()) for future in loading}
    assert outcomes <= {type(None), ServiceError}  # none is told that its document is bad


def test_a_process_whose_worker_is_gone_ends_by_itself() -> None:
    ours, theirs = socket.socketpair()
    arguments = [sys.executable, "-m", "worker.loading.child"]
    arguments.append(json.dumps(dataclasses.asdict(LIMITS)))
    project = Path(__file__).parents[2]
    with subprocess.Popen(arguments, stdin=theirs.fileno(), cwd=project) as child:
        theirs.close()
        assert protocol.receive(ours) == {"ready": True}
        ours.close()
        assert child.wait() == 0


def test_a_process_that_cannot_start_says_that_it_is_no_documents_fault(monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ServiceError):
        PageLoader(LIMITS, num_processes=2)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ServiceError):
        PageLoader(LIMITS, num_processes=2)


def test_an_interrupted_request_does_not_give_its_answer_to_the_next(
    monkeypatch, tmp_path: Path
) -> None:
    first = written(tmp_path, encode(noise(60, 40, 1), "PNG"), "first")
    second = written(tmp_path, encode(noise(60, 40, 2), "PNG"), "second")
    with PageLoader(LIMITS, num_processes=1) as loader:
        with monkeypatch.context() as patch:

            def interrupt(*_: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(protocol, "receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                loader.load(first, "image/png", 1)
        page = loader.load(second, "image/png", 1)
    assert (page.picture == np.asarray(noise(60, 40, 2))).all()


@pytest.mark.parametrize(
    "answer",
    [
        {"height": 60_000, "width": 60_000, "damage": None},
        {"height": -1, "width": 5, "damage": None},
        {"height": None, "width": 5},
        {"height": 2, "width": 2, "damage": None},  # and then no pixels
    ],
)
def test_what_a_taken_over_process_answers_is_not_trusted(answer: dict) -> None:
    """The test plays the other side of the socket, where a bug in a decoder may put anyone."""
    child = ChildProcess(dataclasses.replace(LIMITS, page_wall_s=5))
    child.wait_until_ready()
    ours, theirs = socket.socketpair()
    real, child._connection = child._connection, ours
    assert real is not None

    def play() -> None:
        protocol.receive(theirs)
        protocol.send(theirs, answer)
        theirs.close()

    with real:
        thread = threading.Thread(target=play)
        thread.start()
        with pytest.raises(PageCrashed):
            child.ask({"verb": "load"}, ("path", "version"))
        thread.join()
    child.stop()


def test_a_document_that_is_gone_or_of_no_known_type_is_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, pdf())
    with PageLoader(LIMITS, num_processes=1) as loader:
        with pytest.raises(FileNotFoundError):
            loader.load(tmp_path / "gone", PDF, 1)
        with pytest.raises(UnsupportedMediaType):
            loader.load(path, "image/x-icon", 1)
        with pytest.raises(ValueError, match="count from 1"):
            loader.load(path, PDF, 0)


def test_a_relative_path_and_a_name_that_is_no_text_are_found(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("tài liệu")
    path = written(Path("tài liệu"), pdf(), os.fsdecode(b"b\xe1o c\xe1o.pdf"))
    picture = written(Path("tài liệu"), encode(noise(), "PNG"), os.fsdecode(b"\xe1nh"))
    with PageLoader(LIMITS, num_processes=1) as loader:
        assert loader.count_pages(path, PDF) == 1
        assert loader.load(path, PDF, 1).picture.shape == (800, 400, 3)
        assert loader.load(picture, "image/png", 1).damage is None


def test_a_page_that_never_ends_does_not_keep_close_for_ever(tmp_path: Path) -> None:
    path = written(tmp_path, slow_pdf())
    loader = PageLoader(dataclasses.replace(LIMITS, page_wall_s=0.5), num_processes=1)
    with ThreadPoolExecutor(1) as threads:
        loading = threads.submit(loader.load, path, PDF, 1)
        loader.close()
        assert loading.exception() is not None
    assert loader.process_ids() == []


def test_an_interactive_page_is_loaded_while_bulk_pages_keep_every_process(tmp_path: Path) -> None:
    slow = written(tmp_path, slow_pdf(), "slow")
    small = written(tmp_path, encode(noise(), "PNG"), "small")
    limits = dataclasses.replace(LIMITS, page_wall_s=60, page_cpu_s=60)
    ended = threading.Event()

    def check() -> None:
        if ended.is_set():
            raise Unwanted

    bulk, interactive = Asker(Flow("ann", is_bulk=True), check), Asker(Flow("ann"))
    with PageLoader(limits, 2, num_spare=2) as loader, ThreadPoolExecutor(8) as threads:
        loading = [threads.submit(loader.load, slow, PDF, 1, bulk) for _ in range(8)]
        try:
            for _ in range(20):
                assert loader.load(small, "image/png", 1, interactive).damage is None
            assert not any(future.done() for future in loading)
            assert len(loader.process_ids()) <= 4
        finally:
            ended.set()
        assert {type(future.exception()) for future in loading} == {Unwanted}
        assert len(loader.process_ids()) <= 4


def test_what_nobody_wants_any_more_is_ended_in_the_middle(tmp_path: Path) -> None:
    slow = written(tmp_path, slow_pdf(), "slow")
    looks: list[int] = []

    def check() -> None:
        looks.append(1)
        if len(looks) > 3:
            raise Unwanted

    limits = dataclasses.replace(LIMITS, page_wall_s=600, page_cpu_s=600)
    with PageLoader(limits, num_processes=1) as loader:
        (before,) = loader.process_ids()
        with pytest.raises(Unwanted):
            loader.load(slow, PDF, 1, Asker(check=check))
        assert not psutil.pid_exists(before)
        assert loader.load(written(tmp_path, pdf()), PDF, 1).damage is None


class Unwanted(Exception):
    """Nobody wants the page any more."""
