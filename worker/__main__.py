"""Run a worker: `python -m worker`."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from shared.errors import SettingError
from shared.log import set_up_logging
from shared.observing.serving import serve


def main(module: str = "worker") -> None:
    """Run until a signal ends it; as several processes of `python -m module` where that pays.

    SIGTERM is Celery's warm shutdown, which tells the runtime at once: it requeues what is
    unfinished, so the tasks end by themselves. Celery's soft shutdown would tell it only when its
    time is over, and let it claim more meanwhile.
    """
    from worker.app import CONFIG_EXIT_CODE, app, settings
    from worker.processes import ONE, Machine, end_with_parent, places, run_all

    if ONE in sys.argv[1:]:
        end_with_parent()
    else:
        try:
            found = places(settings, Machine.here())
            if len(found) > 1:
                serve(settings, "worker")
        except SettingError as error:
            print(f"docchu: {error.detail}", file=sys.stderr)
            sys.exit(CONFIG_EXIT_CODE)
        if len(found) > 1:
            set_up_logging(settings)
            sys.exit(run_all(module, found))
    options = [
        f"--hostname=docchu-{os.getpid()}@%h",  # several may run on a machine
        "--without-gossip",
        "--without-mingle",
        f"--loglevel={settings.log_level}",
    ]
    if settings.task_events == "off":
        options.append("--without-heartbeat")
    _end(app.worker_main(["worker", *options]))


def _end(code: int | None) -> NoReturn:
    """Do what is to be done at the end, and end without taking the interpreter apart.

    Threads still hold what they worked on last, which the binding of zxing-cpp would then list as
    leaked, in thirty lines at each Ctrl-C (nanobind, "Reference leaks").
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    main()
