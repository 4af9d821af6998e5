"""Reading lines with a recogniser in memory: what evaluation needs and no more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.wear.degrade import Picture
from worker.ocr.networks.device import pick
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.steps import best_of
from worker.ocr.recognition import charset
from worker.ocr.recognition.charset import BLANK, CHARACTERS
from worker.ocr.recognition.ctc import Character
from worker.ocr.recognition.language import Language
from worker.ocr.recognition.lines import prepare, to_tensor
from worker.ocr.recognition.marks import decode

_BATCH = 16


def read_lines(model: Recognizer, crops: Sequence[Picture]) -> list[str]:
    """Read RGB crops (H, W, 3) greedily; `…` stands for three dots."""
    return ["".join(char.text for char in line) for line in read_characters(model, crops)]


def read_characters(
    model: Recognizer, crops: Sequence[Picture], language: Language | None = None
) -> list[list[Character]]:
    """Read RGB crops (H, W, 3) as the reader does, in batches of equal padded width."""
    groups: dict[int, list[tuple[int, Picture]]] = {}
    for number, crop in enumerate(crops):
        prepared = prepare(crop)
        groups.setdefault(prepared.shape[1], []).append((number, prepared))
    read: list[list[Character]] = [[] for _ in crops]
    was_training = model.training
    model.eval()
    with torch.inference_mode(), fast_autocast():
        for group in groups.values():
            for start in range(0, len(group), _BATCH):
                part = group[start : start + _BATCH]
                logits = model(to_tensor([image for _, image in part]))
                best = [one.numpy() for one in best_of(logits.float().softmax(2))]
                lines = decode(*best, CHARACTERS, language).of_lines()
                for (number, _), line in zip(part, lines, strict=True):
                    read[number] = line
    model.train(was_training)
    return read


def fast_autocast() -> torch.autocast:
    """bf16 where this processor multiplies faster in it; where it only emulates it, fp32."""
    dtype = pick("cpu").dtype
    return torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)


def greedy(classes: Tensor) -> str:
    """The best class of each step (T,) to text: repeats joined, blanks dropped."""
    kept = torch.unique_consecutive(classes)
    return charset.decode(kept[kept != BLANK].tolist())
