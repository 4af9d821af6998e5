"""A worker whose model is not there ends at once; Celery would go on without a reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import redis


def test_a_worker_with_a_model_that_is_not_there_ends_and_says_why(
    valkey_url: str, store_client: redis.Redis, tmp_path: Path
) -> None:
    own = {"DOCCHU_REDIS_URL": valkey_url, "DOCCHU_DATA_DIR": str(tmp_path)}
    worker = subprocess.run(
        [sys.executable, "-m", "worker"],
        env={**os.environ, "DOCCHU_MODEL": "other", **own},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert worker.returncode == 78
    assert "DOCCHU_MODEL=other cannot be used: there is no such model." in worker.stderr
