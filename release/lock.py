"""Tells which wheels a folder holds, as requirements with checksums."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from packaging.utils import parse_wheel_filename


def main() -> None:
    """Print a line for each wheel of the folder that is named."""
    for path in sorted(Path(sys.argv[1]).glob("*.whl"), key=lambda one: one.name.lower()):
        name, version, _, _ = parse_wheel_filename(path.name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        print(f"{name}=={version} --hash=sha256:{digest}")


if __name__ == "__main__":
    main()
