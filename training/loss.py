"""What a run learns by: connectionist temporal classification (Graves et al. 2006), a teacher."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

from training.batches import Batch
from training.machine import Machine
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import fill
from worker.ocr.recognition.charset import NUM_CLASSES

_OWN_SHARE = 0.3
"""Of the loss by the labels beside that by a teacher's answers."""


def teacher(weights: Path, machine: Machine) -> Recognizer:
    """A recogniser whose answers are learnt beside the labels."""
    model = Recognizer(NUM_CLASSES)
    fill(model, load_file(weights))
    return (
        model.to(machine.device, memory_format=machine.memory_format).requires_grad_(False).eval()
    )


def taught_loss(logits: torch.Tensor, shown: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The loss by the labels and by what a teacher says of the same lines (B, T, classes)."""
    return _OWN_SHARE * ctc_loss(logits, batch) + distillation(logits, shown, batch)


def ctc_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """CTC loss a character, in fp32; `logits` are (B, T, classes)."""
    num_lines, num_steps, _ = logits.shape
    scores = logits.float().log_softmax(-1).transpose(0, 1)
    steps = torch.full((num_lines,), num_steps, dtype=torch.int32)
    total = functional.ctc_loss(
        scores,
        # With int32 a GPU takes cuDNN's loss, whose gradients are wrong here (H100, torch 2.11).
        torch.from_numpy(batch.classes).to(logits.device, torch.int64),
        steps,
        torch.from_numpy(batch.lengths),
        reduction="sum",
        zero_infinity=True,
    )
    return total / float(batch.lengths.sum())


def distillation(logits: torch.Tensor, shown: torch.Tensor, batch: Batch) -> torch.Tensor:
    """How far the classes of each step (B, T, classes) are from a teacher's, a character: the
    Kullback-Leibler divergence (Hinton et al. 2015)."""
    ours, theirs = (said.float().log_softmax(-1) for said in (logits, shown))
    total = functional.kl_div(ours, theirs, reduction="sum", log_target=True)
    return total / float(batch.lengths.sum())
