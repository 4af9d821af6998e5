"""The documents of a run: in folders, files, and below addresses of an object store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from docchu.files import objects
from docchu.files.walking import Found, UnusablePaths, roots, walk


class Sources:
    """What `docchu ingest` was given, each with the name under which its documents are known."""

    def __init__(self, paths: Sequence[str], out: str) -> None:
        """Raises UnusablePaths."""
        self._out = out.rstrip("/")
        addresses = [path.rstrip("/") for path in paths if objects.is_address(path)]
        folders = [Path(path) for path in paths if not objects.is_address(path)]
        self._folders = roots(folders, apart=len(paths) > 1)
        self._addresses = _named(addresses, len(paths) > 1, self._folders)

    def found(self) -> Iterator[Found]:
        """Go through them, but not through what is below the output. Raises OSError."""
        if objects.is_address(self._out):
            yield from walk(self._folders, [])
        else:
            yield from walk(self._folders, [Path(self._out)])
        for name, address in self._addresses.items():
            for one in objects.walk(name, address):
                if address == self._out or not one.path.startswith(f"{self._out}/"):
                    yield one


def _named(addresses: Sequence[str], apart: bool, taken: dict[str, Path]) -> dict[str, str]:
    named: dict[str, str] = {}
    for address in addresses:
        name = address.rpartition("/")[2] if apart else ""
        if name in named or name in taken:
            both = f"{named.get(name) or taken[name]} and {address}"
            raise UnusablePaths(f"{both} would both be written to {name!r}: ingest them apart")
        named[name] = address
    return named
