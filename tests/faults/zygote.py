"""Starts the service's programs by forking, so that one that was killed is back in no time.

Reads lines of JSON, `{"program": …, "environ": {…}}`, and answers each with the process id.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import psutil

from shared.errors.documents import ModelUnusable
from shared.jobs import Model
from shared.options import LanguageModel
from shared.settings import Settings
from shared.store.scripts import connect

# What takes long to import is there before the fork. None of it starts a thread.
for _name in ("celery.apps.worker", "celery.concurrency.thread", "keeper.keeper"):
    importlib.import_module(_name)

from tests.faults.documents import ColourReader  # noqa: E402
from tests.faults.neighbours import STRANGE_MODEL  # noqa: E402
from tests.worker.stories import GREY  # noqa: E402
from worker.models import OneModel, Reader  # noqa: E402
from worker.runtime import Runtime  # noqa: E402


def _valkey() -> None:
    from shared.running.embedded import main

    main()


def _watched() -> None:
    """A server, or a sentinel, of a store of several."""
    from shared.running.embedded import server_program

    file = os.environ["DOCCHU_FAULTS_SERVER"]
    how = ["--sentinel"] if Path(file).name.startswith("sentinel") else []
    os.execv(server_program(), [str(server_program()), file, *how])


def _api() -> None:
    # Not forked: gevent must patch the standard library before anything else is imported.
    os.execv(sys.executable, [sys.executable, "-m", "api"])


def _keeper() -> None:
    from keeper.keeper import main

    main()


class OwnModel(OneModel):
    """A single model, and no other can be asked for."""

    def pick(self, name: str | None, language_model: LanguageModel) -> tuple[Reader, Model]:
        if name not in (None, self.model.name):
            raise ModelUnusable(f"The worker has no model `{name}`.")
        return super().pick(name, language_model)


def _worker(model: Model = GREY) -> None:
    def start(settings: Settings) -> Runtime:
        client, models = connect(settings.store_url), OwnModel(ColourReader(), model)
        return Runtime(settings, client, models, suspects=["tests.faults.suspects"])

    Runtime.start = start  # type: ignore[method-assign, assignment]
    from worker.__main__ import main

    sys.argv = ["worker"]
    main()


def _stranger() -> None:
    _worker(Model(name=STRANGE_MODEL, version="1", sha256="00"))


_PROGRAMS: dict[str, Callable[[], None]] = {
    "valkey": _valkey,
    "store": _watched,
    "sentinel": _watched,
    "api": _api,
    "keeper": _keeper,
    "worker": _worker,
    "stranger": _stranger,
}


def _become(program: str, environ: dict[str, str]) -> None:
    """Run a program in the forked process, and end it with the program."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        os.environ.update(environ)
        _PROGRAMS[program]()
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Fork whatever is asked for until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody is waited for
    for line in sys.stdin:
        order = json.loads(line)
        process_id = os.fork()
        if process_id == 0:
            _become(order["program"], order["environ"])
        print(process_id, flush=True)
    # Whoever asked has ended, in whatever way: nothing may stay behind.
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    main()
