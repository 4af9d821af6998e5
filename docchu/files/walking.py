"""Finds the files below folders, with the names that their results will have."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Key = tuple[int, int]


class UnusablePaths(ValueError):
    """The paths do not exist, or their results would have the same names."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file, or a place that could not be looked at (then `problem` says why).

    `name` is relative, with slashes, as its result is named.
    """

    name: str
    path: str
    size: int = 0
    mtime_ns: int = 0
    problem: str | None = None


def roots(paths: Sequence[Path], apart: bool | None = None) -> dict[str, Path]:
    """Give each path the name under which its files are known.

    One folder: its files are named from it on, so its name is empty. Several paths stay apart by
    their own last names, so that `ingest FOLDER/*` names files as `ingest FOLDER` does; `apart`:
    there are others beside these. Raises UnusablePaths.
    """
    apart = len(paths) > 1 if apart is None else apart
    named: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise UnusablePaths(f"{path}: there is no such file or folder")
        name = path.resolve().name if apart or path.is_file() else ""
        if name in named and not named[name].samefile(path):
            raise UnusablePaths(
                f"{named[name]} and {path} would both be written to {name!r}: ingest them apart"
            )
        named[name] = path
    return named


def walk(named: dict[str, Path], leave_out: Sequence[Path]) -> Iterator[Found]:
    """Go through the files below the roots, sorted; not what is hidden, nor the folders in
    `leave_out`, unless one is a root. Links are followed, and no folder is entered twice."""
    walker = _Walker(leave_out)
    for name, path in named.items():
        yield from walker.look(name, str(path))


class _Walker:
    def __init__(self, leave_out: Sequence[Path]) -> None:
        self._entered: set[Key] = set()
        self._left_out = {_key(folder.stat()) for folder in leave_out if folder.exists()}

    def look(self, name: str, path: str) -> Iterator[Found]:
        try:
            facts = os.stat(path)
            if stat.S_ISDIR(facts.st_mode):
                # The root itself may be where results go: then they stand beside their documents.
                key = _key(facts)
                if (name and key in self._left_out) or key in self._entered:
                    return
                self._entered.add(key)
                names = sorted(os.listdir(path))
            elif stat.S_ISREG(facts.st_mode):
                yield Found(name, path, facts.st_size, facts.st_mtime_ns)
                return
            else:
                return
        except OSError as error:
            yield Found(name, path, problem=error.strerror or str(error))
            return
        for child in names:
            if not child.startswith("."):
                inner = f"{name}/{child}" if name else child
                yield from self.look(inner, os.path.join(path, child))


def _key(facts: os.stat_result) -> Key:
    return facts.st_dev, facts.st_ino
