"""How many webhooks one keeper delivers: `python -m bench.webhooks [--events N]`.

Jobs end in the store by themselves (they are canceled), so what is measured is fanning out and
delivering: a real keeper process, a real Valkey with `appendfsync always`, real receivers.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis

from bench.receiver import Receiver, Reply, receiving
from shared.ids import new_id
from shared.jobs import Document
from shared.options import Options
from shared.running.embedded import running
from shared.settings import Settings
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.scripts import connect

TENANT = "bench"
_DAY_S = 24 * 3600
_DOCUMENT = Document(name="a.pdf", media_type="application/pdf", size=3, sha256="00")


def make_events(client: redis.Redis, url: str, number: int) -> list[str]:
    """End so many jobs, each to be told to this address; answers their ids."""
    jobs = JobStore(client, Limits(1 << 30, 1 << 30))
    made = []
    for _ in range(number):
        options = Options(webhook_url=url)
        new = NewJob(new_id("job"), TENANT, _DOCUMENT, options, _DAY_S, _DAY_S, _DAY_S)
        jobs.create(new)
        jobs.cancel(TENANT, new.id)
        made.append(new.id)
    return made


class Keeper:
    """A keeper process that can be killed and started again."""

    def __init__(self, settings: Settings, log: Path, **variables: str) -> None:
        self._log = log
        self._environment = {
            **os.environ,
            "DOCCHU_REDIS_URL": settings.store_url,
            "DOCCHU_DATA_DIR": str(settings.data_dir),
            "DOCCHU_ALLOW_TARGETS": "127.0.0.0/8",
            **variables,
        }
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keeper"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def cpu_s(self) -> float:
        """Seconds of processor time used until now."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        """End it in good order."""
        self._process.terminate()
        self._process.wait(60)


@contextmanager
def keeping(settings: Settings, log: Path, **variables: str) -> Iterator[Keeper]:
    """Run a keeper."""
    keeper = Keeper(settings, log, **variables)
    try:
        yield keeper
    finally:
        keeper.stop()


def delivered(receiver: Receiver) -> set[str]:
    """The ids of the events that came in."""
    return {request.headers["webhook-id"] for request in receiver.received}


def main() -> None:
    """Measure deliveries per second, while another host hangs at every call."""
    arguments = _arguments()
    quick_reply, hanging = Reply(delay_s=arguments.delay_ms / 1000), Reply(fault="hang")
    with (
        tempfile.TemporaryDirectory() as folder,
        receiving(lambda request: quick_reply) as quick,
        receiving(lambda request: hanging) as slow,
    ):
        settings = Settings(data_dir=Path(folder) / "data")
        settings.data_dir.mkdir()
        with running(settings, "bench.webhooks"):
            client = connect(settings.store_url)
            make_events(client, slow.url, arguments.events // 10)
            make_events(client, quick.url, arguments.events)
            with keeping(settings, Path(folder) / "log") as keeper:
                _wait_for(quick, 1)
                began, began_cpu = time.perf_counter(), keeper.cpu_s()
                _wait_for(quick, arguments.events)
                seconds = time.perf_counter() - began
                cpu_ms = (keeper.cpu_s() - began_cpu) * 1000 / arguments.events
    print(
        f"{arguments.events} deliveries to a receiver that takes {arguments.delay_ms} ms: "
        f"{seconds:.1f} s, {arguments.events / seconds:.0f}/s, {quick.most_at_once} at once, "
        f"{cpu_ms:.1f} ms of the keeper's CPU each; "
        f"another host hung on each of its {len(slow.received)} calls, {slow.most_at_once} at once"
    )


def _wait_for(receiver: Receiver, number: int) -> None:
    while len(receiver.received) < number:
        time.sleep(0.005)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=3000, help="to the quick host")
    parser.add_argument("--delay-ms", type=int, default=50, help="that it takes to answer")
    return parser.parse_args()


if __name__ == "__main__":
    main()
