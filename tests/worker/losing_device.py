"""The real worker on a device that can be lost once: `python -m tests.worker.losing_device`.

It is lost by whichever process runs the recogniser first after the file TEST_LOSES was made.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from worker.__main__ import main
from worker.ocr.networks.recognizer import Recognizer

if __name__ == "__main__":
    loses, forward = Path(os.environ["TEST_LOSES"]), Recognizer.forward

    def answer(network: Recognizer, batch: Tensor, *widths: Tensor) -> Tensor:
        try:
            loses.unlink()
        except FileNotFoundError:
            return forward(network, batch, *widths)
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    Recognizer.forward = answer  # type: ignore[method-assign]
    main("tests.worker.losing_device")
