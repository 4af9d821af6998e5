"""Who has a data folder: at most one server may write its append-only file."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import closing, suppress
from datetime import datetime
from typing import TextIO

from shared.errors import SettingError
from shared.settings import Settings

_NAME = "valkey.lock"
_SOMEBODY = "a server that does not say who started it"


def take(settings: Settings, purpose: str) -> TextIO | None:
    """Take the folder for a server that is to be started; None if somebody else has it.

    The lock is that of the open file (flock(2)). Let the server inherit it: it lasts as long as any
    process has the file open, and no longer, whatever ends that. Raises SettingError.
    """
    path = settings.data_dir.resolve() / _NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise _unusable(settings, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Version 0.1 knew no lock: its server may be running.
        if _is_listened_on(settings):
            file.close()
            return None
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        file.truncate(0)
        print(f"process {os.getpid()}, {purpose}, since {since}", file=file, flush=True)
    except BlockingIOError:
        file.close()
        return None
    except OSError as error:
        file.close()
        raise _unusable(settings, error) from error
    return file


def holder(settings: Settings) -> str | None:
    """Who has the folder, in words; None if nobody has. Makes nothing. Raises SettingError."""
    found: str | None = None
    try:
        with (settings.data_dir.resolve() / _NAME).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found = file.read().strip() or _SOMEBODY
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(settings, error) from error
    return found or (_SOMEBODY if _is_listened_on(settings) else None)


def _is_listened_on(settings: Settings) -> bool:
    """Whether a server has the socket, busy or not: it is the kernel that takes the connection."""
    with closing(socket.socket(socket.AF_UNIX)) as probe, suppress(OSError):
        probe.settimeout(1)
        probe.connect(str(settings.socket_path))
        return True
    return False


def _unusable(settings: Settings, error: OSError) -> SettingError:
    return SettingError(
        f"DOCCHU_DATA_DIR={settings.data_dir} cannot be used: {error.strerror or error}."
    )
