"""The alert rules and the scrape configuration, judged by Prometheus' own tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not there (Debian: apt install prometheus)"
)


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [
        "check rules rules.yml",
        "check config prometheus.yml",
        "test rules rules.test.yml",
    ],
)
def test_prometheus_understands_them_and_each_alert_fires_when_it_should(command: str) -> None:
    told = subprocess.run(
        ["promtool", *command.split()], cwd=FOLDER, capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stdout + told.stderr
