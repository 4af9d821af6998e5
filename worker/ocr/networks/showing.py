"""How what the networks are to see becomes what they are given: where, and by whom it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from worker.ocr.networks.device import Device
from worker.ocr.networks.inference import Sight, Task


class Showing(Protocol):
    """The way from sights to what is put into a batch."""

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """Height and width of the batch that a sight goes into."""
        ...

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Any]:
        """What is given for sights that go into one batch."""
        ...


class ShownLast:
    """On a processor: made by the device's own threads, as a part of what they do."""

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """Its own."""
        return sight.shape

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Any]:
        """The sights."""
        return sights


@dataclass(frozen=True)
class ShownFirst:
    """For a GPU, by who asks: its own threads have no time. Lines of many widths share a batch."""

    device: Device

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """Of lines one of few widths."""
        height, width = sight.shape
        return height, self.device.filled_width(width) if task == "recognize" else width

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Any]:
        """The pictures."""
        return [sight.shown() for sight in sights]
