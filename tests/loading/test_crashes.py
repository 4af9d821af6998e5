"""A page may kill, hang or bloat its process: that page fails, and the loader goes on."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from shared.errors import ServiceError
from shared.errors.documents import PageCrashed, PageTimeout
from tests.loading.conftest import LIMITS
from tests.loading.samples import encode, noise, pdf, slow_pdf, written
from worker.loading.limits import LoadLimits
from worker.loading.pool import Asker, PageLoader

PDF = "application/pdf"
PATIENT = dataclasses.replace(LIMITS, page_wall_s=60, page_cpu_s=60)


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    return written(tmp_path, encode(noise(), "PNG"), "healthy")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    return written(tmp_path, slow_pdf(), "slow")


@pytest.fixture
def started() -> Iterator[Callable[[LoadLimits, int], PageLoader]]:
    """Start a loader that may come to harm; none leaves a process behind."""
    loaders: list[PageLoader] = []

    def start(limits: LoadLimits, num_processes: int = 1) -> PageLoader:
        loaders.append(PageLoader(limits, num_processes))
        return loaders[-1]

    yield start
    for loader in loaders:
        last = loader.process_ids()
        loader.close()
        assert not any(psutil.pid_exists(process_id) for process_id in last)


def is_fine(loader: PageLoader, healthy: Path) -> bool:
    page = loader.load(healthy, "image/png", 1)
    return page.damage is None and bool((page.picture == np.asarray(noise())).all())


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.005)


def is_busy(process_id: int) -> bool:
    """True once a process has worked longer than starting takes it."""
    return psutil.Process(process_id).cpu_times().user > 0.6


def test_a_page_whose_process_is_killed_is_loaded_by_another(started, healthy) -> None:
    """By the kernel, where memory is short: it says nothing of the page."""
    loader = started(PATIENT)
    (process_id,) = loader.process_ids()
    os.kill(process_id, signal.SIGSTOP)
    was_asked = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        asker = Asker(check=was_asked.set)
        loading = threads.submit(loader.load, healthy, "image/png", 1, asker)
        assert was_asked.wait(30)
        os.kill(process_id, signal.SIGKILL)
        assert (loading.result().picture == np.asarray(noise())).all()
    assert loader.process_ids() != [process_id]


def test_a_page_whose_process_is_killed_again_and_again_fails_alone(started, slow, healthy) -> None:
    loader = started(PATIENT)
    killed: list[int] = []
    with ThreadPoolExecutor(1) as threads:
        loading = threads.submit(loader.load, slow, PDF, 1)
        for _ in range(2):
            wait_until(lambda: bool(set(loader.process_ids()) - {*killed}))
            (process_id,) = loader.process_ids()
            wait_until(lambda pid=process_id: is_busy(pid))
            os.kill(process_id, signal.SIGKILL)
            killed.append(process_id)
        with pytest.raises(PageCrashed):
            loading.result()
    assert is_fine(loader, healthy)
    assert loader.process_ids()[0] not in killed


def test_a_process_killed_while_it_was_idle_fails_nothing(started, healthy) -> None:
    loader = started(LIMITS)
    (process_id,) = loader.process_ids()
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE)
    assert is_fine(loader, healthy)
    assert not psutil.pid_exists(process_id)


def test_what_was_killed_beside_a_process_is_replaced_with_it(started, healthy) -> None:
    loader = started(LIMITS, 3)
    killed = loader.process_ids()
    for process_id in killed:
        os.kill(process_id, signal.SIGKILL)
    for process_id in killed:
        wait_until(lambda pid=process_id: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert is_fine(loader, healthy)
    assert not any(psutil.pid_exists(process_id) for process_id in killed)
    assert len(loader.process_ids()) == 3


def test_a_process_that_stands_still_is_ended_after_the_time_of_a_page(started, healthy) -> None:
    loader = started(dataclasses.replace(LIMITS, page_wall_s=1.0))
    (process_id,) = loader.process_ids()
    os.kill(process_id, signal.SIGSTOP)
    with pytest.raises(PageTimeout) as timeout:
        loader.load(healthy, "image/png", 1)
    assert timeout.value.facts == {"max_s": 1.0}
    assert not psutil.pid_exists(process_id)
    assert is_fine(loader, healthy)


def test_a_page_that_takes_for_ever_to_draw_is_ended_by_the_clock(started, slow, healthy) -> None:
    loader = started(dataclasses.replace(LIMITS, page_wall_s=1.0))
    assert loader.count_pages(slow, PDF) == 1
    with pytest.raises(PageTimeout):
        loader.load(slow, PDF, 1)
    assert is_fine(loader, healthy)


def test_a_page_that_burns_the_processor_is_ended_by_the_kernel(started, slow, healthy) -> None:
    loader = started(dataclasses.replace(PATIENT, page_cpu_s=1))
    with pytest.raises(PageTimeout) as timeout:
        loader.load(slow, PDF, 1)
    assert timeout.value.facts == {"max_cpu_s": 1}
    assert is_fine(loader, healthy)


def test_processor_time_is_counted_for_each_page_anew(started, tmp_path: Path) -> None:
    loader = started(dataclasses.replace(LIMITS, page_cpu_s=1))
    path = written(tmp_path, encode(noise(1200, 1200), "PNG"))
    (process_id,) = loader.process_ids()
    while psutil.Process(process_id).cpu_times().user < 2.1:
        loader.load(path, "image/png", 1)
    assert loader.process_ids() == [process_id]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
def test_a_picture_that_wants_too_much_memory_fails_alone(
    started, healthy, tmp_path: Path, form: str
) -> None:
    limits = dataclasses.replace(LIMITS, max_page_pixels=50_000_000, max_memory_bytes=90 * 1024**2)
    loader = started(limits)
    hog = written(tmp_path, encode(Image.new("RGB", (4000, 4000), "red"), form))
    with pytest.raises(PageCrashed) as crash:
        loader.load(hog, f"image/{form.lower()}", 1)
    assert crash.value.facts == {"max_memory_bytes": limits.max_memory_bytes}
    assert is_fine(loader, healthy)


def test_a_pdf_page_that_wants_too_much_memory_fails_alone(started, healthy, tmp_path) -> None:
    limits = dataclasses.replace(LIMITS, max_page_pixels=50_000_000, max_memory_bytes=90 * 1024**2)
    loader = started(limits)
    with pytest.raises(PageCrashed):
        loader.load(written(tmp_path, pdf(size=(2000, 2000))), PDF, 1)
    assert is_fine(loader, healthy)


def test_one_bad_page_does_not_disturb_the_process_beside_it(started, slow, healthy) -> None:
    loader = started(dataclasses.replace(LIMITS, page_wall_s=2.0), 2)
    with ThreadPoolExecutor(4) as threads:
        bad = threads.submit(loader.load, slow, PDF, 1)
        good = [threads.submit(is_fine, loader, healthy) for _ in range(50)]
        assert all(future.result() for future in good)
        with pytest.raises(PageTimeout):
            bad.result()
    assert len(loader.process_ids()) == 2


def test_many_crashes_in_a_row_leave_no_processes_behind(started, healthy) -> None:
    loader = started(dataclasses.replace(LIMITS, page_wall_s=0.2), 2)
    before = set(psutil.Process().children())
    for _ in range(6):
        for process_id in loader.process_ids():
            os.kill(process_id, signal.SIGKILL)
        while not is_quiet(loader, healthy):
            pass
    born = [child for child in psutil.Process().children() if child not in before]
    assert len(born) <= 2
    assert all(child.status() != psutil.STATUS_ZOMBIE for child in born)


def is_quiet(loader: PageLoader, healthy: Path) -> bool:
    try:
        return is_fine(loader, healthy)
    except (PageCrashed, PageTimeout, ServiceError):  # the last: it was killed as it started
        return False
