"""Weights on disk: half-precision safetensors, each with a card that tells where it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from worker.ocr.networks.backbone import narrow_as
from worker.ocr.recognition.calibration import Calibration

_BUNDLED = Path(__file__).parents[1] / "weights"


class WeightsError(Exception):
    """A weights file or its card is missing, damaged or made for another network."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} {reason}")


@dataclass(frozen=True)
class Card:
    """What one weights file is, where it comes from and how well it reads."""

    name: str
    version: str
    kind: str
    """The network: `detector`, `orientation` or `recognizer`."""
    origin: str
    licence: str
    sha256: str
    """Of the weights file."""
    training_command: str
    machine: str
    characters: str = ""
    """What a recogniser can write: class `i + 1` is character `i`."""
    accuracy: dict[str, float] = field(default_factory=dict)
    calibration: dict[str, float] = field(default_factory=dict)
    """Of a recogniser: the numbers of its `Calibration`; empty for none."""

    def __post_init__(self) -> None:
        _ = self.calibrated  # raises where the numbers are none

    @property
    def calibrated(self) -> Calibration:
        """How far the recogniser's probabilities are to be believed."""
        return Calibration(**self.calibration)


def bundled(name: str) -> Path:
    """The weights file of that name which ships with the reader, such as `detector`."""
    return _BUNDLED / f"{name}.safetensors"


def load_verified(model: nn.Module, path: Path) -> Card:
    """Fill the model from a file that its card vouches for. Raises WeightsError."""
    card = load_card(path)
    load_weights(model, path)
    return card


def load_card(path: Path) -> Card:
    """Read the card beside a weights file and check that it speaks of that file.

    Raises WeightsError where one of the two is missing or damaged, or where the sha256 differs.
    """
    card = read_card(path)
    if (found := sha256_of(path)) != card.sha256:
        raise WeightsError(path, f"is not what its card says: sha256 {found}, not {card.sha256}")
    return card


def read_card(path: Path) -> Card:
    """Read the card beside a weights file, unchecked. Raises WeightsError."""
    card_path = path.with_suffix(".json")
    try:
        return Card(**json.loads(card_path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(card_path, f"cannot be read as a card: {error}") from error


def save_card(card: Card, path: Path) -> None:
    """Write the card beside the weights file."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=2) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def load_weights(model: nn.Module, path: Path) -> None:
    """Fill every parameter of the model, whose own number type stays. Raises WeightsError."""
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(path, f"cannot be read: {error}") from error
    try:
        fill(model, state)
    except RuntimeError as error:
        raise WeightsError(path, f"was made for another network: {_first(error)}") from error


def fill(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Fill every parameter, in blocks as narrow as the weights are.

    Raises RuntimeError where the weights are those of another network.
    """
    narrow_as(model, state)
    model.load_state_dict(state)


def save_weights(model: nn.Module, path: Path, *, dtype: torch.dtype = torch.float16) -> None:
    """Write every parameter of the model, in half precision unless told otherwise."""
    state = {
        name: t.detach().cpu().to(dtype).contiguous() for name, t in model.state_dict().items()
    }
    if not all(t.isfinite().all() for t in state.values()):
        raise WeightsError(path, "would hold a weight that is not a finite number")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)
    # It is written for its owner alone, but a service runs under another name.
    path.chmod(0o644)


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal. Raises WeightsError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(path, f"cannot be read: {error}") from error


def _first(error: RuntimeError) -> str:
    """The first of the differences that torch names, a line each under a heading."""
    return str(error).strip().splitlines()[:2][-1].strip()
