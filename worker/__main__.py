"""Run a worker: `python -m worker`."""

from __future__ import annotations

import os

# SIGTERM means "hand back what is unfinished and go", which Celery does on SIGQUIT. It is read when
# Celery is imported.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")


def main() -> None:
    """Run until a signal ends it."""
    from worker.app import app, settings

    app.worker_main(
        [
            "worker",
            "--pool=threads",  # CUDA does not survive a fork, and the model is loaded once
            f"--concurrency={settings.worker_slices}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            f"--loglevel={settings.log_level}",
        ]
    )


if __name__ == "__main__":
    main()
