"""How gunicorn runs the API: threads, limits, and a stop that lets requests finish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from api.services import of_app
from shared.log import set_up_logging
from shared.settings import load_settings

_SETTINGS = load_settings()
_STALL_S = 30.0  # a client that neither sends nor takes a byte for so long is given up


class JsonLogger(Logger):  # type: ignore[misc]
    """Lets gunicorn's messages go the way of ours; requests are logged by the app itself."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        set_up_logging(_SETTINGS)
        self.error_log.propagate = True


wsgi_app = "api.app:create_app()"
proc_name = "docchu-api"
bind = _SETTINGS.bind
workers = _SETTINGS.api_processes
worker_class = "gthread"
threads = _SETTINGS.api_threads
timeout = 60  # seconds without a sign of life from a process, whatever its requests do
graceful_timeout = 25  # seconds, under the 30 that supervisors grant
keepalive = 15  # seconds
max_requests = 0
preload_app = False
control_socket_disable = True
# The sign of life is a file: on a disk that hangs, the process would seem to hang.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
logger_class = JsonLogger
errorlog = None
accesslog = None


def post_worker_init(worker: Any) -> None:
    """Let requests that wait for a job see that their process is stopping."""
    of_app(worker.app.callable).waiters.stopping = lambda: not worker.alive


def pre_request(worker: Any, request: Any) -> None:
    """Bound each wait for the client; gunicorn's threads would wait for ever."""
    request.unreader.sock.settimeout(_STALL_S)
