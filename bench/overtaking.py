"""How long one image waits while a batch of 10,000 pages is read: `python -m bench.overtaking`."""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from bench.contestants import num_cores
from bench.service import RunningService, running_service
from shared.settings import Settings

_LINE = Path(__file__).parents[1] / "keeper" / "canary.png"
_PAGES_OF_ONE = 100
_CALLS = 30
_WARM_UP = 5


def main() -> None:
    """Measure the image alone, then beside the batch, and print both."""
    parser = argparse.ArgumentParser(prog="python -m bench.overtaking", description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    num_documents = parser.parse_args().pages // _PAGES_OF_ONE
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        idle = _calls(service)
        batch_id = _fill(service, num_documents)
        path = f"/v1/batches/{batch_id}"
        service.wait_until(lambda: _batch(service, path)["progress"]["pages_done"] > 50, "pages")
        busy = _calls(service)
        batch = _batch(service, path)
        service.client.post(f"{path}/cancel")
    settings = Settings()
    slice_s = settings.slice_pages * settings.worker_slices / batch["pages_per_s"]
    num_done, num_pages = batch["progress"]["pages_done"], num_documents * _PAGES_OF_ONE
    print(f"a batch of {num_pages} pages, {num_cores()} cores, {_CALLS} calls each")
    print(f"one line, idle:          p50 {_ms(statistics.median(idle))}, max {_ms(max(idle))}")
    print(f"one line, beside it:     p50 {_ms(statistics.median(busy))}, max {_ms(max(busy))}")
    print(
        f"the batch: {batch['pages_per_s']:.1f} pages/s; a slice ({settings.slice_pages} pages, "
        f"{settings.worker_slices} at once) takes {_ms(slice_s)}"
    )
    allowed = max(idle) + slice_s
    print(f"allowed: idle and one slice, {_ms(allowed)}")
    if num_done >= num_pages:
        sys.exit("the batch was over before the measurement")
    if max(busy) > allowed:
        sys.exit("the image waited for too long")


def _fill(service: RunningService, num_documents: int) -> str:
    """Add the documents to a batch."""
    with Image.open(_LINE) as line:
        page = line.convert("L")
    file = io.BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[page] * (_PAGES_OF_ONE - 1))
    batch_id: str = service.client.post("/v1/batches").raise_for_status().json()["id"]
    for number in range(num_documents):
        place = {"batch_id": batch_id, "custom_id": f"{number}.tiff"}
        service.client.post("/v1/jobs", params=place, content=file.getvalue()).raise_for_status()
    service.client.post(f"/v1/batches/{batch_id}/close").raise_for_status()
    return batch_id


def _batch(service: RunningService, path: str) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(path).raise_for_status().json()
    return found


def _calls(service: RunningService) -> list[float]:
    """Seconds of each call, one after the other."""
    data, seconds = _LINE.read_bytes(), []
    for _ in range(_WARM_UP + _CALLS):
        began = time.perf_counter()
        answer = service.client.post("/v1/jobs", content=data, headers={"Prefer": "wait=60"})
        seconds.append(time.perf_counter() - began)
        if answer.status_code != 200:
            sys.exit(f"{answer.status_code}: {answer.text}")
    return seconds[_WARM_UP:]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


if __name__ == "__main__":
    main()
