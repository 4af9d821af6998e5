"""Recognisers of a user's own, made out of the one that ships, whose text tells them apart."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import load_file, save_file

from worker.ocr.networks.weights import bundled, sha256_of

SHIPPED = "vi-print"


def card_of(path: Path) -> dict[str, object]:
    """The card beside a weights file, as JSON."""
    card: dict[str, object] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return card


def write_card(path: Path, **changes: object) -> None:
    """Put the shipped card beside a weights file, with its sha256 and some changes."""
    card = card_of(bundled(SHIPPED)) | {"sha256": sha256_of(path)} | changes
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")


def make_shouting(folder: Path, name: str = "shouting", version: str = "7") -> Path:
    """A model that writes upper case for lower: the same network with two rows of its head each
    exchanged."""
    state = load_file(bundled(SHIPPED))
    characters = str(card_of(bundled(SHIPPED))["characters"])
    places = {character: number for number, character in enumerate(characters, start=1)}
    order = list(range(len(characters) + 1))
    for character, number in places.items():
        if character.swapcase() in places:
            order[places[character.swapcase()]] = number
    for tensor in ("head.weight", "head.bias"):
        state[tensor] = state[tensor][order].contiguous()
    path = folder / f"{name}.safetensors"
    folder.mkdir(exist_ok=True)
    save_file(state, path)
    write_card(path, version=version)
    return path


def make_plain(folder: Path, name: str = "plain") -> Path:
    """A model with a character set of its own: ASCII alone, the head cut down to it."""
    state = load_file(bundled(SHIPPED))
    characters = str(card_of(bundled(SHIPPED))["characters"])
    kept = [n for n, character in enumerate(characters, start=1) if character.isascii()]
    for tensor in ("head.weight", "head.bias"):
        state[tensor] = state[tensor][[0, *kept]].contiguous()
    path = folder / f"{name}.safetensors"
    folder.mkdir(exist_ok=True)
    save_file(state, path)
    write_card(path, characters="".join(c for c in characters if c.isascii()))
    return path
