"""`docchu admin backup`: the store and the documents of a service, while it goes on.

The store first, then the documents: what is accepted in between is not in the backup, and what is
erased in between comes back without its bytes, which a restoration notices (`restore.py`). A folder
without `backup.json` is none: that is written last.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.admin import snapshot
from shared.blobs.store import ID, JOBS
from shared.errors import SettingError, Unavailable
from shared.running.disk import disk_faults, sync_folder
from shared.running.embedded import running
from shared.settings import Settings
from shared.store import keys
from shared.store.audit import COMMAND_LINE, AuditLog
from shared.store.schema.version import SCHEMA
from shared.store.scripts import connect, store_faults

FORMAT = 1
STORE, BLOBS, FACTS = "store.rdb", "blobs", "backup.json"


@dataclass(frozen=True)
class Facts:
    """What a backup says of itself. `documents_at`: the object store where its documents lie."""

    format: int
    schema: int
    blobs_id: str
    taken_at: str
    store_bytes: int
    num_files: int
    documents_at: str = ""

    @classmethod
    def read(cls, folder: Path) -> Facts:
        """Raises SettingError where the folder holds no backup that this program knows."""
        try:
            told: dict[str, Any] = json.loads((folder / FACTS).read_text())
            facts = cls(**told)
        except (OSError, ValueError, TypeError) as error:
            raise SettingError(f"{folder} holds no whole backup: {error}") from None
        if facts.format != FORMAT or facts.schema > SCHEMA:
            raise SettingError(f"{folder} was written by a newer Docchu: restore it with that one.")
        return facts


def back_up(settings: Settings, folder: Path) -> Facts:
    """Write a backup into a new or empty folder. Raises SettingError, Unavailable."""
    if folder.exists() and any(folder.iterdir()):
        raise SettingError(f"{folder} is not empty: name a new folder for each backup.")
    with disk_faults(), running(settings, "`docchu admin backup`"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        client = connect(settings.store_url)
        with store_faults():
            blobs_id, schema = client.mget(keys.BLOBS, keys.SCHEMA)
        if blobs_id is None:
            raise SettingError("No service has used this store yet: there is nothing to back up.")
        taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        store_bytes = snapshot.take(client, folder / STORE)
        num = 0 if settings.blobs else _copy_blobs(settings.data_dir / "blobs", folder / BLOBS)
        facts = Facts(
            FORMAT, int(schema or 1), blobs_id, taken_at, store_bytes, num, settings.blobs
        )
        _note(folder, facts)
        with suppress(Unavailable):  # a full store can be backed up, too
            AuditLog(client).note(COMMAND_LINE, "backup", str(folder))
        client.close()
    return facts


def _copy_blobs(source: Path, target: Path) -> int:
    if not (source / ID).is_file():
        raise Unavailable(f"The documents are not in {source} right now: is its disk there?")
    target.mkdir()
    shutil.copyfile(source / ID, target / ID)
    (target / JOBS).mkdir()
    return copy_files(source / JOBS, target / JOBS)


def copy_files(source: Path, target: Path) -> int:
    """Copy a folder with all that is in it and stays there meanwhile; how many files."""
    num = 0
    for path in _files(source):
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # erased meanwhile
            shutil.copy2(path, copied)
            num += 1
    os.sync()
    return num


def _files(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _note(folder: Path, facts: Facts) -> None:
    with (folder / FACTS).open("x") as file:
        json.dump(asdict(facts), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)
