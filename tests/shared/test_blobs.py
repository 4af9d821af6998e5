"""What the blob store says where the disk takes nothing more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# In a namespace of its own anybody may mount a small disk.
_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from shared.blobs.folder import FolderBlobs
from shared.errors import Unavailable
folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", sys.argv[2], "tmpfs", folder], check=True)
blobs = FolderBlobs(folder / "blobs")
blobs.identify("ours")
try:
    for number in range(100):
        blobs.put("acme", f"job_{number:024}", "input", b"x" * 20_000)
except Unavailable as error:
    print(error.detail)
try:
    blobs.probe()
except Unavailable as error:
    print(error.detail)
"""


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("size=256k", "No space left on device (ENOSPC)."),
        ("size=64m,nr_inodes=40", "no inodes left: No space left on device (ENOSPC)."),
    ],
)
def test_a_full_disk_is_told_from_one_without_inodes(
    tmp_path: Path, limit: str, reason: str
) -> None:
    own = ["unshare", "--map-root-user", "--mount", "--user"]
    if subprocess.run([*own, "true"], capture_output=True).returncode:
        pytest.skip("no namespaces here")
    done = subprocess.run(
        [*own, sys.executable, "-c", _SMALL_DISK, tmp_path, limit],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    said = f"The blob store cannot be used right now: {reason}"
    assert done.stdout.splitlines() == [said, said], done.stderr
