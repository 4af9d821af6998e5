"""Pictures on a device: brought there once, by whoever needs one first, gone with the picture."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field

import torch
from torch import Tensor

from worker.ocr.recognition.lines import Picture


@dataclass(frozen=True)
class Uploads:
    """Of each picture (H, W, 3) that somebody still holds, its bytes on the device.

    A picture must not be written to once it was brought there. All work of a process on a device
    is of one stream: what is asked for later finds the bytes there, and nobody waits for them.
    """

    device: torch.device
    _there: dict[int, tuple[weakref.ref[Picture], Tensor]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def of(self, picture: Picture) -> Tensor:
        """The picture there."""
        number = id(picture)
        with self._lock:
            known, tensor = self._there.get(number, (None, None))
            if known is not None and known() is picture and tensor is not None:
                return tensor
        tensor = self._brought(picture)
        with self._lock:
            self._there[number] = (
                weakref.ref(picture, lambda gone: self._forget(number, gone)),
                tensor,
            )
        return tensor

    def __len__(self) -> int:
        return len(self._there)

    def _brought(self, picture: Picture) -> Tensor:
        # From memory that the device reads by itself, while the host goes on.
        is_cuda = self.device.type == "cuda"
        bytes_ = torch.empty(picture.shape, dtype=torch.uint8, pin_memory=is_cuda)
        bytes_.numpy()[...] = picture
        return bytes_.to(self.device, non_blocking=True)

    def _forget(self, number: int, gone: weakref.ref[Picture]) -> None:
        with self._lock:
            known = self._there.get(number)
            if known is not None and known[0] is gone:
                del self._there[number]
