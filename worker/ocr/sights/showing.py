"""How what the networks are to see becomes what they are given: where, and by whom it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from worker.ocr.batcher import DeviceOutOfMemory
from worker.ocr.networks.device import Device
from worker.ocr.networks.inference import Sight, Task, device_errors
from worker.ocr.sights.filling import Given
from worker.ocr.sights.recipes import Cut
from worker.ocr.sights.sampling import Placed
from worker.ocr.sights.uploads import Uploads
from worker.ocr.sights.viewing import Viewed


class Showing(Protocol):
    """The way from sights to what is put into a batch."""

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """Height and width of the batch that a sight goes into."""
        ...

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Any]:
        """What is given for sights that go into one batch."""
        ...

    def by_host(self) -> Showing:
        """The same where all that is seen is made on the host."""
        ...


class ShownLast:
    """On a processor: made by the device's own threads, as a part of what they do."""

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """Its own."""
        return sight.shape

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Any]:
        """The sights."""
        return sights

    def by_host(self) -> Showing:
        """It is."""
        return self


@dataclass
class ShownFirst:
    """For a GPU, by who asks: its own threads have no time. All sizes share batches of few."""

    device: Device

    def size(self, task: Task, sight: Sight) -> tuple[int, int]:
        """One of few: of lines by their width, of pages by both sides."""
        height, width = sight.shape
        if task == "detect":
            return self.device.filled_page(height, width)
        return height, self.device.filled_width(width) if task == "recognize" else width

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Given]:
        """The pictures."""
        return [sight.shown() for sight in sights]

    def by_host(self) -> Showing:
        """It is, or is from now on."""
        return ShownFirst(self.device)


@dataclass
class ShownThere(ShownFirst):
    """For a GPU, by the GPU: pages go there once, as bytes, and what is seen is made of them there.

    What is large beyond measure, or bent, is made on the host.
    """

    uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self.uploads = Uploads(self.device.kind)

    def shown(self, task: Task, sights: Sequence[Sight]) -> Sequence[Given]:
        """How each is made, with the page there; or the picture."""
        return [self._given(sight) for sight in sights]

    def _given(self, sight: Sight) -> Given:
        recipe = sight.recipe()
        if recipe is None or not recipe.fits:
            return sight.shown()
        try:
            with device_errors():
                page = self.uploads.of(recipe.picture)
        except DeviceOutOfMemory:
            return sight.shown()
        return Placed(recipe, page) if isinstance(recipe, Cut) else Viewed(recipe, page)
