"""Whether memory stays flat under a huge upload: `python -m bench.batches --zip-bytes 2e9`."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image

from bench.contestants import num_cores
from bench.crew import NULL_WORKER, SILENT_CANARY, running_crew

_MIB = 1 << 20
_PIECE_BYTES = _MIB
_SAMPLE_S = 0.05
_MAX_GROWTH_BYTES = 50_000_000  # what "flat" means
_WATCHED = ("api", "keeper")
_PATIENCE_S = 3600


class Memory(threading.Thread):
    """Watches the resident memory of programs: each one's largest process, at its peak."""

    def __init__(self, programs: dict[str, psutil.Process]) -> None:
        super().__init__(daemon=True)
        self._programs = programs
        self.before = self._now()
        self.peak = dict(self.before)
        self._over = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(_SAMPLE_S):
            for name, rss in self._now().items():
                self.peak[name] = max(self.peak[name], rss)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def _now(self) -> dict[str, int]:
        return {name: _rss(self._programs[name]) for name in _WATCHED}


def main() -> None:
    """Make the zip, send it, wait until it is unpacked and read, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--zip-bytes", type=float, default=2e9)
    parser.add_argument("--document-bytes", type=float, default=5e5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "images.zip"
        num_documents = _make_zip(archive, int(arguments.zip_bytes), int(arguments.document_bytes))
        size = archive.stat().st_size
        print(f"a zip of {size / 1e6:.0f} MB, {num_documents} images, {num_cores()} cores")
        with (
            running_crew(folder, NULL_WORKER, **SILENT_CANARY) as crew,
            httpx.Client(base_url=crew.url, timeout=_PATIENCE_S) as client,
        ):
            _warm_up(client)
            memory = Memory(crew.processes())
            memory.start()
            batch = _run(client, archive)
            memory.stop()
    for program in _WATCHED:
        before, peak = memory.before[program], memory.peak[program]
        print(
            f"{program}: {before / _MIB:.0f} MiB before, {peak / _MIB:.0f} MiB at its peak "
            f"({(peak - before) / 1e6:+.0f} MB)"
        )
    if batch["counts"]["succeeded"] != num_documents:
        sys.exit(f"documents were lost or failed: {batch['counts']}, {batch['problem']}")
    if memory.peak["api"] - memory.before["api"] > _MAX_GROWTH_BYTES:
        sys.exit("the API's memory is not flat")


def _run(client: httpx.Client, archive: Path) -> dict[str, Any]:
    size = archive.stat().st_size
    began = time.perf_counter()
    kind = {"Content-Type": "application/zip", "Content-Length": str(size)}
    answer = client.post("/v1/batches", content=_pieces(archive), headers=kind)
    sent = time.perf_counter()
    if answer.status_code != 202:
        sys.exit(f"{answer.status_code}: {answer.text}")
    path = answer.json()["links"]["self"]
    print(f"uploaded in {sent - began:.1f} s ({size / 1e6 / (sent - began):.0f} MB/s)")
    while (batch := client.get(path).json())["unpacking"]:
        time.sleep(0.2)
    unpacked = time.perf_counter()
    rate = batch["num_jobs"] / (unpacked - sent)
    print(f"unpacked in {unpacked - sent:.1f} s ({rate:.0f} documents/s)")
    while not (batch := client.get(f"{path}?wait=10").json())["finished_at"]:
        pass
    print(f"read (by a reader that reads nothing) {time.perf_counter() - unpacked:.1f} s later")
    began, num_bytes = time.perf_counter(), 0
    with client.stream("GET", f"{path}/results?format=zip&as=json") as results:
        for piece in results.iter_bytes():
            num_bytes += len(piece)
    took_s = time.perf_counter() - began
    print(f"results as a zip of {num_bytes / 1e6:.1f} MB in {took_s:.1f} s")
    return batch


def _warm_up(client: httpx.Client) -> None:
    """Let everything be loaded that a first batch loads."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("warm.png", _picture(np.random.default_rng(), 50_000))
    answer = client.post("/v1/batches", files={"file": ("warm.zip", file.getvalue())})
    path = answer.json()["links"]["self"]
    while not client.get(f"{path}?wait=10").json()["finished_at"]:
        pass
    client.get(f"{path}/results?format=zip").raise_for_status()


def _make_zip(path: Path, zip_bytes: int, document_bytes: int) -> int:
    """Write a zip of pictures of noise, which nothing packs; how many there are."""
    random, number = np.random.default_rng(1), 0
    with zipfile.ZipFile(path, "w") as archive:
        while archive.start_dir < zip_bytes:
            name = f"hồ sơ {number // 1000}/{number // 100}/ảnh {number}.png"
            archive.writestr(name, _picture(random, document_bytes))
            number += 1
    return number


def _picture(random: np.random.Generator, num_bytes: int) -> bytes:
    side = round((num_bytes / 3) ** 0.5)
    noise = random.integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    return file.getvalue()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _rss(program: psutil.Process) -> int:
    return max(one.memory_info().rss for one in (program, *program.children(recursive=True)))


if __name__ == "__main__":
    main()
