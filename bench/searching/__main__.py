"""What looking for words costs, who looks and who does not: `python -m bench.searching`.

Documents of one page with 300 words, as frequent as words are (Zipf), lie in a store and a folder
of their own; an API process answers.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx

from bench.contestants import num_cores
from bench.service import free_port
from shared.blobs import BlobStore, open_blobs
from shared.ids import new_id
from shared.jobs import Document
from shared.options import Options
from shared.result import Line, Page, Word
from shared.running.embedded import is_up, server_command
from shared.searching import print_of
from shared.settings import Settings
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob, PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from shared.store.scripts import connect

_WORDS, _KNOWN, _LINE = 300, 50_000, 10  # of a page, of the language, of a line
_DAY_S = 24 * 3600
_SEARCHERS = 4


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.searching", description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    num: int = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder, _serving(Path(folder)) as (settings, http):
        before = connect(settings.store_url).info("memory")["used_memory_dataset"]
        ids = _fill(settings, num)
        _tell_memory(settings, num, before)
        for name, words in [
            ("of every document", "w1"),
            ("of the oldest one alone", "oldest"),
            ("of none", "nowhere"),
            ("two, of some", "w300 w500"),
            ("a phrase of some", '"w40 w50"'),
        ]:
            _ask(http, name, words)
        alone = _polls(http, ids)
        print(f"a poll, alone: {alone}")
        with _searching(http):
            print(f"beside {_SEARCHERS} who search without a pause: {_polls(http, ids)}")


def _ask(http: httpx.Client, name: str, words: str) -> None:
    """All answers to a query, or the first ten."""
    took, hits, cursor = [], 0, None
    while len(took) < 10:
        began = time.perf_counter()
        params = {"q": words} | ({"cursor": cursor} if cursor else {})
        answer = http.get("/v1/jobs", params=params).json()
        took.append(1000 * (time.perf_counter() - began))
        hits, cursor = hits + len(answer["jobs"]), answer["next_cursor"]
        if cursor is None:
            break
    most = f"{statistics.median(took):.0f} ms, {max(took):.0f} at most"
    print(f"a word {name}: {hits} found in {len(took)} answers, each {most}")


def _polls(http: httpx.Client, ids: list[str]) -> str:
    took = []
    for number in range(400):
        began = time.perf_counter()
        http.get(f"/v1/jobs/{ids[number % len(ids)]}").raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    half, most, last = (took[int(len(took) * share)] for share in (0.5, 0.95, 0.999))
    return f"{half:.1f} ms (p50), {most:.1f} (p95), {last:.1f} at most"


@contextmanager
def _searching(http: httpx.Client) -> Iterator[None]:
    over = Event()

    def search() -> None:
        while not over.is_set():
            http.get("/v1/jobs", params={"q": "w2 nowhere"})

    threads = [Thread(target=search) for _ in range(_SEARCHERS)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[Settings, httpx.Client]]:
    """A store and an API on a folder."""
    settings = Settings(data_dir=folder, bind=f"127.0.0.1:{free_port()}")
    environ = {
        **os.environ,
        "DOCCHU_ENV_FILE": "",
        "DOCCHU_DATA_DIR": str(folder),
        "DOCCHU_BIND": settings.bind,
        "DOCCHU_LOG_LEVEL": "warning",
    }
    programs = [subprocess.Popen(server_command(settings))]
    try:
        while not is_up(settings):
            time.sleep(0.02)
        programs.append(subprocess.Popen([sys.executable, "-m", "api"], env=environ))
        with httpx.Client(base_url=f"http://{settings.bind}", timeout=60) as http:
            while not _answers(http):
                time.sleep(0.1)
            yield settings, http
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait(60)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _fill(settings: Settings, num: int) -> list[str]:
    client, blobs, rng = connect(settings.store_url), open_blobs(settings), random.Random(1)
    client.config_set("appendfsync", "no")
    jobs, worker = JobStore(client, Limits(num, num)), SliceQueue(client, "bench", 60)
    weights = [1 / rank for rank in range(1, _KNOWN + 1)]
    ids = []
    for number in range(num):
        words = [f"w{at + 1}" for at in rng.choices(range(_KNOWN), weights, k=_WORDS)]
        ids.append(_read(jobs, worker, blobs, words if number else ["oldest", *words]))
    return ids


def _read(jobs: JobStore, worker: SliceQueue, blobs: BlobStore, words: list[str]) -> str:
    document = Document(media_type="image/png", size=1, sha256="00")
    kept = (_DAY_S, _DAY_S, _DAY_S)
    jobs.add(NewJob(new_id("job"), DEFAULT_TENANT, document, Options(), *kept, event_id=None))
    claim = worker.claim()
    assert isinstance(claim, Claim)
    lines = [words[at : at + _LINE] for at in range(0, len(words), _LINE)]
    page = Page(page=1, width=1240, height=1754, lines=tuple(map(_line, range(len(lines)), lines)))
    blobs.put_passing(claim.tenant, claim.job_id, "page-1.json", page.model_dump_json().encode())
    record = PageRecord("page-1.json", print=print_of(1, [line.text for line in page.lines]))
    worker.record(claim, 1, record, PageTimings())
    return claim.job_id


def _line(number: int, words: list[str]) -> Line:
    top = 50.0 * number
    box = ((100.25, top), (1100.75, top), (1100.75, top + 32.5), (100.25, top + 32.5))
    of = tuple(Word(text=word, confidence=0.987, box=box) for word in words)
    return Line(text=" ".join(words), confidence=0.9, box=box, words=of)


def _tell_memory(settings: Settings, num: int, before: int) -> None:
    client: Any = connect(settings.store_url)
    used = (client.info("memory")["used_memory_dataset"] - before) / num
    (job_id,) = client.zrange(keys.parts(f"jobs:{DEFAULT_TENANT}", ["succeeded"])[0], 0, 0)
    of_prints = client.memory_usage(keys.prints(job_id))
    print(f"{num} documents of a page, {num_cores()} cores")
    print(f"the store keeps {used:.0f} bytes of each, {of_prints} of them the print")


if __name__ == "__main__":
    main()
