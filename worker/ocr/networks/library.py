"""The recognisers that can be read with: those that ship and those of a folder, few kept loaded."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import (
    Card,
    WeightsError,
    bundled,
    load_card,
    load_weights,
    read_card,
)

MOST_LOADED = 4
"""Recognisers beside the default one; each takes some 6 to 12 MB."""
_KIND = "recognizer"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SHIPPED = bundled(_KIND).parent


class UnknownModel(Exception):
    """There is no recogniser of this name, which is the error's text."""


@dataclass(frozen=True, eq=False, slots=True)
class Loaded:
    """A recogniser. Its card bears the name that it is known by, which is its file's."""

    card: Card
    network: nn.Module


_Stamp = tuple[int, int]
"""When the weights and their card were written (ns)."""


class Library:
    """Recognisers by name, `NAME.safetensors` with its card `NAME.json`; used by many threads.

    A folder's recogniser goes before one that ships under the same name. `place` brings a network
    to its device.
    """

    def __init__(self, folder: Path | None, place: Callable[[nn.Module], nn.Module]) -> None:
        self._folder = folder
        self._place = place
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, tuple[_Stamp, Loaded]] = OrderedDict()

    def cards(self) -> dict[str, Card]:
        """The cards of all recognisers by name, as they lie there now; unreadable ones left out."""
        found: dict[str, Card] = {}
        for folder in _folders(self._folder):
            for path in sorted(folder.glob("*.safetensors")):
                if path.stem not in found and (card := _card_of(path)):
                    found[path.stem] = card
        return found

    def load(self, name: str) -> Loaded:
        """Load a recogniser, or find it as it was loaded before.

        One whose file was written anew is loaded anew; the one used longest ago makes room. Raises
        UnknownModel, and WeightsError where its file or its card cannot be used.
        """
        path = _find(name, self._folder)
        with self._lock:
            stamp = _stamp(path)
            known, loaded = self._loaded.get(name, (None, None))
            if loaded is None or known != stamp:
                read = _read(path)
                loaded = replace(read, network=self._place(read.network))
                self._loaded[name] = stamp, loaded
            self._loaded.move_to_end(name)
            while len(self._loaded) > MOST_LOADED:
                # Pages that are being read with it hold on to it.
                self._loaded.popitem(last=False)
            return loaded


def recognizer_of(name: str, folder: Path | None) -> Loaded:
    """Load a recogniser of a folder, or one that ships. Raises UnknownModel, WeightsError."""
    return _read(_find(name, folder))


def _find(name: str, folder: Path | None) -> Path:
    if _NAME.fullmatch(name):
        for one in _folders(folder):
            path = one / f"{name}.safetensors"
            if path.is_file():
                return path
    raise UnknownModel(name)


def _folders(folder: Path | None) -> list[Path]:
    return [folder, _SHIPPED] if folder else [_SHIPPED]


def _read(path: Path) -> Loaded:
    card = load_card(path)
    if card.kind != _KIND:
        raise WeightsError(path, f"is a {card.kind}, not a {_KIND}")
    if not card.characters or len(set(card.characters)) < len(card.characters):
        raise WeightsError(path.with_suffix(".json"), "names no characters, or one of them twice")
    recognizer = Recognizer(len(card.characters) + 1)
    load_weights(recognizer, path)
    return Loaded(replace(card, name=path.stem), recognizer)


def _card_of(path: Path) -> Card | None:
    """The card of a file that is, or says that it is, a recogniser."""
    if not _NAME.fullmatch(path.stem):
        return None
    try:
        card = read_card(path)
    except WeightsError:
        return None
    return replace(card, name=path.stem) if card.kind == _KIND else None


def _stamp(path: Path) -> _Stamp:
    try:
        return path.stat().st_mtime_ns, path.with_suffix(".json").stat().st_mtime_ns
    except OSError as error:
        raise WeightsError(path, f"cannot be read with its card: {error}") from error
