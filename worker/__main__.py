"""Run a worker: `python -m worker`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run until a signal ends it.

    SIGTERM is Celery's warm shutdown, which tells the runtime at once: it requeues what is
    unfinished, so the tasks end by themselves. Celery's soft shutdown would tell it only when its
    time is over, and let it claim more meanwhile.
    """
    from worker.app import app, settings

    options = [
        f"--hostname=docchu-{os.getpid()}@%h",  # several may run on a machine
        "--without-gossip",
        "--without-mingle",
        f"--loglevel={settings.log_level}",
    ]
    if settings.task_events == "off":
        options.append("--without-heartbeat")
    sys.exit(app.worker_main(["worker", *options]))


if __name__ == "__main__":
    main()
