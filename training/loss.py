"""The loss of connectionist temporal classification (Graves et al. 2006), a character."""

from __future__ import annotations

import torch
from torch.nn import functional

from training.batches import Batch


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
