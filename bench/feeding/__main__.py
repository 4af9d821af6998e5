"""How fast a worker could feed a GPU: `python -m bench.feeding [--pages FOLDER] [--json]`.

The real worker on a real store, with networks that answer from memory: pages/s of one process, of
two and of four, and what a page costs one of them. Milliseconds of a page:
`cpu_ms_per_page` is the host's part: the worker and its decoding children, without the device's;
`device_prep_ms_per_page` is what is done in `Networks` beside the networks themselves, which a GPU
would do; `lock_ms_per_page` is how long the interpreter lock is held, by all but the memory that
stands for the networks, and bounds what one process reads whatever the device. The lock and the
stages are samples of py-spy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import apart, num_cores
from bench.feeding.sampling import shares
from bench.feeding.service import InstantService, learn
from bench.pages import draw_photos, images_in

_SECONDS = 12
_NUM_STAGES = 24


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor time of a page, pages per second, and pictures not known."""

    pages_per_s: float
    worker_ms: float
    decoding_ms: float
    device_ms: float
    answering_ms: float
    store_ms: float
    unknown: int


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = images_in(arguments.pages) if arguments.pages else draw_photos(folder, 6)
        answers = folder / "answers"
        apart(learn, paths, answers)
        figures: dict[str, object] = {"pages": len(paths), "cores": num_cores()}
        rates: dict[str, float] = {}
        for num_processes in arguments.processes:
            place = folder / str(num_processes)
            with InstantService(place, answers, paths, num_processes) as service:
                cost = _measure(service, arguments.seconds)
                rates[str(num_processes)] = round(cost.pages_per_s, 2)
                if num_processes == min(arguments.processes):
                    figures |= _figures(cost) | _sampled(service, cost, arguments.seconds)
            # What is known so far, should the run be cut short.
            print(json.dumps(figures | {"by_processes": rates}), file=sys.stderr, flush=True)
        figures["by_processes"] = rates
    print(json.dumps(figures, ensure_ascii=False) if arguments.json else _table(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.feeding", description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder of page images; by default photos drawn")
    parser.add_argument("--json", action="store_true", help="one line, the last of the output")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="of each measurement")
    parser.add_argument("--processes", type=_numbers, default=(1, 2, 4), help="such as 1,2,4")
    return parser.parse_args()


def _numbers(text: str) -> Sequence[int]:
    return [int(part) for part in text.split(",")]


def _measure(service: InstantService, seconds: float) -> Cost:
    before, began = service.spent(), time.perf_counter()
    time.sleep(seconds)
    after, took_s = service.spent(), time.perf_counter() - began
    num_pages = after.pages - before.pages
    if num_pages < 1:
        raise SystemExit(f"bench: no page was read: {service.said()}")

    def ms(spent: float) -> float:
        return 1000 * spent / num_pages

    return Cost(
        pages_per_s=num_pages / took_s,
        worker_ms=ms(after.worker_s - before.worker_s),
        decoding_ms=ms(after.decoding_s - before.decoding_s),
        device_ms=ms(after.device_s - before.device_s),
        answering_ms=ms(after.answering_s - before.answering_s),
        store_ms=ms(after.store_s - before.store_s),
        unknown=after.unknown - before.unknown,
    )


def _figures(cost: Cost) -> dict[str, object]:
    return {
        "cpu_ms_per_page": round(cost.worker_ms - cost.device_ms + cost.decoding_ms, 2),
        "device_prep_ms_per_page": round(cost.device_ms - cost.answering_ms, 2),
        "pages_per_s": round(cost.pages_per_s, 2),
        "decoding_ms_per_page": round(cost.decoding_ms, 2),
        "answering_ms_per_page": round(cost.answering_ms, 2),
        "store_ms_per_page": round(cost.store_ms, 2),
        "unknown_pictures": cost.unknown,
    }


def _sampled(service: InstantService, cost: Cost, seconds: float) -> dict[str, object]:
    """The lock's part and the stages' of the worker's time, by samples."""
    lock, stages = shares(service.worker_ids()[0], seconds)

    def ms(share: float) -> float:
        return round(share * cost.worker_ms, 2)

    return {
        "lock_ms_per_page": None if lock is None else ms(lock),
        "stages_ms_per_page": {name: ms(one) for name, one in stages.most_common(_NUM_STAGES)},
    }


def _table(figures: dict[str, object]) -> str:
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict):
            rows += [f"{name}:", *(f"    {one:52}{number:9}" for one, number in value.items())]
        else:
            rows.append(f"{name:56}{value!s:>9}")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
