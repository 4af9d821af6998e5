"""One table from one run: `python -m bench [--pages FOLDER] [--line IMAGE] [--rounds N]`."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.contestants import apart, bare_line, bare_reader, num_cores, rapidocr, tesseract
from bench.pages import draw_pages, images_in
from bench.service import RunningService, running_service

_LINE_CALLS = 60


def main() -> None:
    """Measure everybody in turn and print the table."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.pages is None:
            draw_pages(Path(folder))
        _measure(arguments, arguments.pages or Path(folder))


def _measure(arguments: argparse.Namespace, pages: Path) -> None:
    paths = images_in(pages)
    line = arguments.line or Path(__file__).parents[1] / "keeper" / "canary.png"
    whose = arguments.pages or "our own drawing (--pages FOLDER for others)"
    print(f"{len(paths)} pages of {whose}, {num_cores()} cores, {arguments.rounds} rounds\n")
    bare = apart(bare_reader, paths, arguments.rounds)
    bare_line_s = apart(bare_line, line)
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        through = _through_service(service, paths, arguments.rounds)
        calls = _line_calls(service, line)
        memory = {name: _rss_mib(service, name) for name in ("api", "worker")}
    rows = [
        ("bare reader", bare),
        ("whole service", through),
        ("RapidOCR (onnxruntime)", apart(rapidocr, paths, arguments.rounds)),
        ("tesseract vie, one process per core", apart(tesseract, paths, arguments.rounds)),
    ]
    _print(rows, bare, bare_line_s, calls)
    print("memory     " + ", ".join(f"{name} {mib:.0f} MiB" for name, mib in memory.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--pages", type=Path, help="folder of page images; by default a few are drawn"
    )
    parser.add_argument("--line", type=Path, help="a one-line image")
    parser.add_argument("--rounds", type=int, default=3, help="of each the best counts")
    return parser.parse_args()


def _through_service(service: RunningService, paths: Sequence[Path], rounds: int) -> float:
    """Pages per second from the first upload to the last result, all uploaded at once."""

    def upload(path: Path) -> str:
        with path.open("rb") as file:
            answer = service.client.post("/v1/jobs", files={"file": (path.name, file)})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def once() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(len(paths)) as pool:
            jobs = list(pool.map(service.finished, pool.map(upload, paths)))
        assert all(job["status"] == "succeeded" for job in jobs), jobs
        return time.perf_counter() - began

    once()
    return len(paths) / min(once() for _ in range(rounds))


def _line_calls(service: RunningService, line: Path) -> list[float]:
    """Seconds of each call with `Prefer: wait`, one after the other, the queue idle."""
    data = line.read_bytes()
    seconds = []
    for _ in range(_LINE_CALLS):
        began = time.perf_counter()
        answer = service.client.post("/v1/jobs", content=data, headers={"Prefer": "wait=60"})
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
    return sorted(seconds[_LINE_CALLS // 6 :])


def _rss_mib(service: RunningService, name: str) -> float:
    """The largest process of a program."""
    process = service.program(name)
    return max(p.memory_info().rss for p in (process, *process.children())) / 2**20


def _print(
    rows: Sequence[tuple[str, float | None]], bare: float, line_s: float, calls: Sequence[float]
) -> None:
    print(f"{'':38}{'pages/s':>9}{'of the bare reader':>21}")
    for name, rate in rows:
        figures = f"{rate:9.2f}{rate / bare:20.2f}x" if rate else "  not installed"
        print(f"{name:38}{figures}")
    p50, p95 = statistics.median(calls), calls[int(len(calls) * 0.95)]
    print(
        f"\none line   bare reader {line_s * 1000:.0f} ms; whole service, idle: "
        f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms "
        f"(allowed: 1.5 x bare + 30 = {line_s * 1500 + 30:.0f} ms)"
    )


if __name__ == "__main__":
    main()
