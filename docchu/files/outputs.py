"""The files that are written: their names, their formats, and each whole or not at all."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from docchu.batch import Item
from docchu.files.objects import ObjectFolder, is_address

ENDINGS = {
    "text": ".txt",
    "json": ".json",
    "markdown": ".md",
    "hocr": ".hocr",
    "alto": ".alto.xml",
    "pdf": ".pdf",
    "html": ".html",
    "docx": ".docx",
    "xlsx": ".xlsx",
    "csv": ".csv",
}
"""Format of the service -> what a result's name has behind the document's name."""
_ZIPPED = ".zip"
"""Behind the ending of a CSV that is several: the service packs them."""
STREAMED = frozenset({"text", "json"})
"""What the batch's own stream of results brings along."""


class Outputs(Protocol):
    """Where results are written, each whole or not at all."""

    def holds(self, name: str, form: str) -> bool:
        """Whether the result of a document is there. Raises OSError."""

    def write(self, name: str, form: str, data: bytes) -> str:
        """Write a result, and give its sha256. Raises OSError."""

    def read(self, name: str, form: str, digest: str) -> bytes | None:
        """Read a result as it was written; None if it is not there as such any more."""


def outputs(place: str, scratch: Path) -> Outputs:
    """A folder, or an address in an object store."""
    return ObjectOutputs(place) if is_address(place) else Folder(Path(place), scratch)


class ObjectOutputs:
    """Results in an object store."""

    def __init__(self, address: str) -> None:
        self._folder = ObjectFolder(address)

    def holds(self, name: str, form: str) -> bool:
        """Whether the result of a document is there. Raises OSError."""
        return any(self._folder.has(one) for one in _names(name, form))

    def write(self, name: str, form: str, data: bytes) -> str:
        """Write a result, and give its sha256. Raises OSError."""
        self._folder.write(_named(name, form, data), data)
        return sha256(data).hexdigest()

    def read(self, name: str, form: str, digest: str) -> bytes | None:
        """Read a result as it was written; None if it is not there as such any more."""
        for one in _names(name, form):
            try:
                data = self._folder.read(one)
            except OSError:
                continue
            if sha256(data).hexdigest() == digest:
                return data
        return None


class Folder:
    """A folder that results are written to."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self._numbers = itertools.count()

    def path(self, name: str, form: str) -> Path:
        """Where the result of a document stands."""
        *others, plain = (self._root / one for one in _names(name, form))
        return next((path for path in others if path.exists()), plain)

    def holds(self, name: str, form: str) -> bool:
        """Whether the result of a document is there."""
        return self.path(name, form).exists()

    def has(self, name: str, forms: Mapping[str, str]) -> bool:
        """Whether the results in these formats are there."""
        return all(self.holds(name, form) for form in forms)

    def write(self, name: str, form: str, data: bytes) -> str:
        """Write a result, whole or not at all, and give its sha256. Raises OSError."""
        write_whole(self._root / _named(name, form, data), data, self._temporary())
        return sha256(data).hexdigest()

    def read(self, name: str, form: str, digest: str) -> bytes | None:
        """Read a result as it was written; None if it is not there as such any more."""
        try:
            data = self.path(name, form).read_bytes()
        except OSError:
            return None
        return data if sha256(data).hexdigest() == digest else None

    def _temporary(self) -> Path:
        # Not beside its target: a name may be as long as names can be already.
        number = next(self._numbers)
        return self._scratch / f"{os.getpid()}-{threading.get_ident()}-{number}"


def _names(name: str, form: str) -> list[str]:
    """What the result of a document may be called, the plain name last."""
    plain = f"{name}{ENDINGS[form]}"
    return [plain + _ZIPPED, plain] if form == "csv" else [plain]


def _named(name: str, form: str, data: bytes) -> str:
    is_zip = form == "csv" and data.startswith(b"PK")
    return _names(name, form)[0 if is_zip else -1]


def write_whole(target: Path, data: bytes, temporary: Path) -> None:
    """Write a file so that it is there whole, after a power cut, too, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def json_bytes(result: Mapping[str, Any]) -> bytes:
    """A result's JSON as it is written."""
    return (json.dumps(result, ensure_ascii=False) + "\n").encode()


def streamed(item: Item, form: str) -> bytes:
    """What the stream brought of an item, in one of the streamed formats."""
    if form == "json":
        return json_bytes(item.json or {})
    if item.text is not None:
        return item.text.encode()
    return item.result.text.encode() if item.result else b""


def num_pages(item: Item) -> int:
    """How many pages were read."""
    if item.json is not None:
        return len(item.json.get("pages", ()))
    return item.text.count("\f") + 1 if item.text is not None else 0
