"""Run a worker: `python -m worker`."""

from __future__ import annotations


def main() -> None:
    """Run until a signal ends it.

    SIGTERM is Celery's warm shutdown, which tells the runtime at once: it requeues what is
    unfinished, so the tasks end by themselves. Celery's soft shutdown would tell it only when its
    time is over, and let it claim more meanwhile.
    """
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
