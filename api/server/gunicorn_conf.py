"""How gunicorn runs the API: connections, limits, and a stop that lets requests finish.

It is read before gevent's patches, so nothing that opens a socket may be imported here.
"""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from shared.log import set_up_logging
from shared.settings import load_settings

_SETTINGS = load_settings()
_MAX_CONNECTIONS = 10_000  # at once, of one process
_FILES = 500  # descriptors for everything else: the store, the disk, children


class JsonLogger(Logger):  # type: ignore[misc]
    """Lets gunicorn's messages go the way of ours; requests are logged by the app itself."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        set_up_logging(_SETTINGS)
        self.error_log.propagate = True


def _connections() -> int:
    """How many connections there can be: each has its socket and may have a file it is stored in.

    Takes what the system lets this process have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MAX_CONNECTIONS + _FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max((allowed - _FILES) // 2, 100)


wsgi_app = "api.app:create_app()"
proc_name = "docchu-api"
bind = _SETTINGS.binds
workers = _SETTINGS.api_processes
worker_class = "api.server.gunicorn_worker.Worker"
worker_connections = _connections()
timeout = 60  # seconds without a sign of life from a process, whatever its requests do
graceful_timeout = 25  # seconds, under the 30 that supervisors grant
keepalive = 15  # not 0; for how long: its worker
sendfile = False  # files go out in pieces, and are read aside
max_requests = 0
preload_app = False
control_socket_disable = True
# The sign of life is a file: on a disk that hangs, the process would seem to hang.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
logger_class = JsonLogger
errorlog = None
accesslog = None


def on_exit(server: Any) -> None:
    """Take away the figures that the processes shared."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
