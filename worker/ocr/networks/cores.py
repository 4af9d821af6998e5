"""How many processor cores there are to use; known without torch."""

from __future__ import annotations

import os
from pathlib import Path


def num_cores() -> int:
    """The cores this process may use: its affinity, and its container's share of time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _container_share()))


def _container_share() -> int:
    """The container's processor quota in whole cores (cgroup v2), else a large number."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return 1 << 16
    return 1 << 16 if quota == "max" else max(1, int(quota) // int(period))
