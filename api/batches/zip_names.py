"""Names for the files of a zip that unpacks safely on any system, each once."""

from __future__ import annotations

import re
import unicodedata

from shared.incoming.paths import printable

_MAX_BYTES = 200  # of a part of a path; file systems take 255, and a suffix follows
_SEPARATORS = re.compile(r"[/\\]")
_UNFIT = re.compile(r'[<>:"|?*]')  # on Windows
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


class ZipNames:
    """The names that one zip has given away. Of each only a hash is kept."""

    def __init__(self) -> None:
        self._files: set[int] = set()
        self._folders: set[int] = set()

    def take(self, name: str, suffix: str) -> str:
        """A path with the folders and the name of `name`, and the suffix, that is not used yet."""
        *folders, last = _parts(name) or ["document"]
        path = ""
        for folder in folders:
            while _key(path + folder) in self._files:
                folder += "_"
            path += folder
            self._folders.add(_key(path))
            path += "/"
        number = 1
        chosen = f"{path}{last}{suffix}"
        while _key(chosen) in self._files or _key(chosen) in self._folders:
            number += 1
            chosen = f"{path}{last} ({number}){suffix}"
        self._files.add(_key(chosen))
        return chosen


def _parts(name: str) -> list[str]:
    return [fit for part in _SEPARATORS.split(printable(name)) if (fit := _fit(part))]


def _fit(part: str) -> str:
    part = _UNFIT.sub("_", part).encode()[:_MAX_BYTES].decode(errors="ignore")
    part = part.strip(" ").rstrip(". ")  # Windows drops them, and `..` is nothing else
    return f"_{part}" if _DEVICES.match(part) else part


def _key(path: str) -> int:
    """The same for names that some file system takes for the same."""
    return hash(unicodedata.normalize("NFC", path.casefold()))
