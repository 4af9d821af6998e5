"""What is counted of requests, where there is no room for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from shared.observing.serving import folder_of_figures

_ANSWERED = """
import resource
from api.status.metrics import answered

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # what a full disk does, for root, too
for status in (200, 503):
    answered("GET", "/healthz", status, 0.1)
print("answered")
"""


def test_a_request_is_answered_where_its_figure_cannot_be_noted(tmp_path: Path) -> None:
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [sys.executable, "-c", _ANSWERED]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1:] == ["answered"], ended.stderr
    assert "a figure cannot be noted" in ended.stdout + ended.stderr


def test_figures_lie_where_no_full_disk_can_be() -> None:
    """Who writes to a file that lies in memory as a whole, on a disk without room, gets SIGBUS."""
    folder = Path(folder_of_figures())
    folder.rmdir()
    if os.access("/dev/shm", os.W_OK):
        assert folder.parent == Path("/dev/shm")
