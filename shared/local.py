"""Everything on one machine: checks first, then the processes under supervisord (`make run`)."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from shared.api_keys import ApiKeys, check_exposure
from shared.embedded import running
from shared.errors import DocchuError, SettingError
from shared.settings import Settings, load_settings
from shared.store.scripts import connect

_CONFIG = """\
[supervisord]
nodaemon=true
user={user}
directory={directory}
pidfile={data}/supervisord.pid
logfile=/dev/null
logfile_maxbytes=0
childlogdir={data}
{programs}"""

# Started by rising priority and stopped by falling one: the store comes first and goes last.
_PROGRAM = """
[program:{name}]
command={python} -m {module}
priority={priority}
autorestart=true
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs=35
killasgroup=true
redirect_stderr=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""

_STORE = ("valkey", "shared.embedded")
_PROGRAMS = (("keeper", "worker.keeper"), ("worker", "worker"), ("api", "api"))


def configuration(settings: Settings) -> str:
    """The text of the supervisor's configuration."""
    programs = [*([_STORE] if settings.embedded else []), *_PROGRAMS]
    return _CONFIG.format(
        # supervisord warns where root runs it without having been told so
        user="root" if os.geteuid() == 0 else os.environ.get("USER", os.geteuid()),
        directory=Path.cwd(),
        data=settings.data_dir.resolve(),
        programs="".join(
            _PROGRAM.format(name=name, module=module, python=sys.executable, priority=priority)
            for priority, (name, module) in enumerate(programs, start=1)
        ),
    )


def check(settings: Settings) -> None:
    """Raise SettingError where starting would end in a worse message later."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingError(
                f"DOCCHU_BIND={settings.bind} cannot be listened on: {error.strerror}. "
                "Is Docchu, or something else, running there already?"
            ) from error
    if not settings.on_loopback:
        with running(settings):
            check_exposure(settings, ApiKeys(connect(settings.store_url)))


def main() -> None:
    """Check, then become the supervisor."""
    try:
        settings = load_settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        check(settings)
    except DocchuError as error:
        sys.exit(f"docchu: {error.detail}")
    path = settings.data_dir.resolve() / "supervisord.conf"
    path.write_text(configuration(settings))
    print(f"Docchu starts at http://{settings.bind} and is ready when /readyz says so.", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)])


if __name__ == "__main__":
    main()
