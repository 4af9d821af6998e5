"""Everything on one machine: checks first, then the processes under supervisord.

`docchu serve`, or `make run` in a checkout.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import DocchuError, SettingError
from shared.running import data_lock
from shared.running.embedded import CONFIG_EXIT_CODE, running
from shared.running.unknown import unknown_variables
from shared.settings import Settings, host_and_port, load_settings
from shared.store.api_keys import ApiKeys, check_exposure
from shared.store.scripts import connect

_CONFIG = """\
[supervisord]
nodaemon=true
user={user}
directory={directory}
pidfile={data}/{notes}.pid
logfile=/dev/null
logfile_maxbytes=0
childlogdir={data}
{programs}"""

# Started by rising priority and stopped by falling one: the store comes first and goes last.
_PROGRAM = """
[program:{name}]
command={python} -m {module}
priority={priority}
{restart}
startretries=1000000
stopsignal=TERM
stopwaitsecs=35
killasgroup=true
redirect_stderr=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""

_RESTART = "autorestart=true\nstartsecs=1"
# Not where its files are damaged; the code counts from the first moment on.
_STORE_RESTART = f"autorestart=unexpected\nexitcodes={CONFIG_EXIT_CODE}\nstartsecs=0"

_STORE = ("valkey", "shared.running.embedded", _STORE_RESTART)


class Program(StrEnum):
    """The programs of a service beside its store, as they are started."""

    KEEPER = "keeper"
    WORKER = "worker"
    API = "api"


_FREE_S = 5  # until a service that was stopped lets go of the folder
_PACKAGES = Path(__file__).parents[2]
"""The checkout, or the private folder of an installed server."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def configuration(
    settings: Settings, notes: str = "supervisord", only: Collection[Program] = tuple(Program)
) -> str:
    """The text of the supervisor's configuration; `notes` is what its files are called."""
    programs = [_STORE] if settings.embedded else []
    programs += [(one, one, _RESTART) for one in Program if one in only]
    return _CONFIG.format(
        # supervisord warns where root runs it without having been told so
        user="root" if os.geteuid() == 0 else os.environ.get("USER", os.geteuid()),
        directory=Path.cwd(),
        data=settings.data_dir.resolve(),
        notes=notes,
        programs="".join(
            _PROGRAM.format(
                name=name, module=module, restart=restart, python=sys.executable, priority=priority
            )
            for priority, (name, module, restart) in enumerate(programs, start=1)
        ),
    )


def check(settings: Settings, only: Collection[Program] = tuple(Program)) -> None:
    """Raise SettingError where starting would end in a worse message later."""
    if settings.embedded and set(only) != set(Program):
        raise SettingError(
            "--only is for one of several machines, and they want a store that all reach: name it "
            "by DOCCHU_REDIS_URL, and where documents lie by DOCCHU_BLOBS or a shared "
            "DOCCHU_DATA_DIR."
        )
    if Program.API in only:
        _check_addresses(settings)
    if settings.embedded:
        _check_folder(settings)
    if Program.API in only and not settings.on_loopback:
        with running(settings, "the first look of `make run`"):
            check_exposure(settings, ApiKeys(connect(settings.store_url)))


def _check_addresses(settings: Settings) -> None:
    for address in settings.binds:
        host, port = host_and_port(address)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SettingError(
                    f"DOCCHU_BIND={address} cannot be listened on: {error.strerror}. "
                    "Is Docchu, or something else, running there already?"
                ) from error


def _check_folder(settings: Settings) -> None:
    deadline = time.monotonic() + _FREE_S
    while holder := data_lock.holder(settings):
        if time.monotonic() > deadline:
            raise SettingError(
                f"DOCCHU_DATA_DIR={settings.data_dir} is in use: {holder}. "
                "Stop that, or name another folder."
            )
        time.sleep(0.1)


@app.command()
def serve(
    bind: Annotated[
        str | None,
        typer.Option(help="Where the API listens (127.0.0.1:8080).", metavar="HOST:PORT"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Where documents, results and state lie (./data).", metavar="DIR"),
    ] = None,
    only: Annotated[
        list[Program] | None,
        typer.Option(help="On one of several machines: this program alone; again for another."),
    ] = None,
) -> None:
    """Run the API, a worker, the keeper and, unless DOCCHU_REDIS_URL names one, their store.

    Ctrl-C stops them. Every other setting is a variable DOCCHU_… of the environment or of ./.env.
    """
    for variable, value in (("DOCCHU_BIND", bind), ("DOCCHU_DATA_DIR", data)):
        if value is not None:
            os.environ[variable] = str(value)
    programs = tuple(only or Program)
    try:
        settings = load_settings()
        for name, advice in unknown_variables().items():
            print(f"docchu: {name} is no setting and changes nothing. {advice}", file=sys.stderr)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        check(settings, programs)
    except DocchuError as error:
        sys.exit(f"docchu: {error.detail}")
    except OSError as error:
        sys.exit(f"docchu: {error.filename} cannot be used: {error.strerror}")
    # Machines may share the data folder.
    notes = "-".join(["supervisord", *([socket.gethostname(), *programs] if only else [])])
    path = settings.data_dir.resolve() / f"{notes}.conf"
    path.write_text(configuration(settings, notes, programs))
    print(_greeting(settings, programs), flush=True)
    _put_packages_first()
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)])


def _greeting(settings: Settings, programs: Collection[Program]) -> str:
    if Program.API in programs:
        return f"Docchu starts at http://{settings.binds[0]} and is ready when /readyz says so."
    return f"Docchu's {' and '.join(programs)} starts, for the service whose store is named."


def _put_packages_first() -> None:
    """Let the processes find ours, whatever the folder that they run in has of the same name."""
    paths = (str(_PACKAGES), os.getenv("PYTHONPATH"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["PYTHONSAFEPATH"] = "1"


if __name__ == "__main__":
    app()
