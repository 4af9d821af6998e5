"""PP-OCRv6 small recognition: the image of a text line to one row of class scores per 8 pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import Stage, Stem, masked, stage

LINE_HEIGHT = 48
PIXELS_PER_STEP = 8

_CHANNELS = 120
_NUM_HEADS = 8


class Attention(nn.Module):
    """Multi-head attention of every time step to every other."""

    def __init__(self, channels: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """(B, T, C) to the same shape; of steps (B, T) that are not `seen` nothing is taken."""
        num_lines, num_steps, channels = x.shape
        qkv = self.qkv(x).view(num_lines, num_steps, 3, self.num_heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        shown = None if seen is None else seen[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=shown)
        mixed = mixed.transpose(1, 2).reshape(num_lines, num_steps, channels)
        projected: Tensor = self.dropout(self.project(mixed))
        return projected


class AttentionBlock(nn.Module):
    """A pre-norm transformer block (SVTR's global mixing, arXiv 2205.00159)."""

    def __init__(self, channels: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = Attention(channels, num_heads, dropout)
        self.mlp_norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 2 * channels),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * channels, channels),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """(B, T, C) to the same shape."""
        x = x + self.attention(self.attention_norm(x), seen)
        mixed: Tensor = x + self.mlp(self.mlp_norm(x))
        return mixed


class Neck(nn.Module):
    """The light SVTR neck: a local 1x7 mix, two global attention blocks, and a skip round both.

    PP-OCRv6 normalises its three convolutions by batch; here that is folded into their weights.
    """

    def __init__(self, in_channels: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.skip = nn.Conv2d(in_channels, channels, 1)
        self.reduce = nn.Conv2d(in_channels, channels, 1)
        self.local = nn.Conv2d(channels, channels, (1, 7), padding=(0, 3), groups=channels)
        self.blocks = nn.ModuleList(AttentionBlock(channels, _NUM_HEADS, dropout) for _ in range(2))
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, in, 1, T) to (B, T, C)."""
        skip = functional.silu(self.skip(x))
        x = masked(functional.silu(self.reduce(x)), mask)
        x = x + functional.silu(self.local(x))
        seen = None if mask is None else mask[:, 0, 0] > 0
        steps = x.squeeze(2).transpose(1, 2)
        for block in self.blocks:
            steps = block(steps, seen)
        mixed: Tensor = self.norm(steps) + skip.squeeze(2).transpose(1, 2)
        return mixed


class Recognizer(nn.Module):
    """PP-LCNetV4, a light SVTR neck and a linear CTC head; class 0 is the blank."""

    def __init__(self, num_classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.stem = Stem(48, 96)
        self.stages = Stage(
            stage(96, 96, stride=None, num_pairs=1),
            stage(96, 96, stride=1, num_pairs=0),
            stage(96, 192, stride=(2, 1), num_pairs=3),
            stage(192, 384, stride=(2, 1), num_pairs=1),
        )
        self.neck = Neck(384, _CHANNELS, dropout)
        self.head = nn.Linear(_CHANNELS, num_classes)

    def forward(self, x: Tensor, widths: Tensor | None = None) -> Tensor:
        """Score every class at every time step.

        `x` is (B, 3, 48, W), BGR, value / 127.5 - 1, W a multiple of 8; the logits are
        (B, W / 8, num_classes), not normalised. With `widths` (B,), multiples of 8, too, a line is
        only so wide: its first steps are those that it has alone, the rest says nothing.
        """
        mask = fine = None
        if widths is not None:
            steps = torch.arange(x.shape[3] // PIXELS_PER_STEP, device=x.device)
            mask = (steps * PIXELS_PER_STEP < widths[:, None]).to(x.dtype)[:, None, None]
            fine = mask.repeat_interleave(2, 3)
        x = self.stages(self.stem(x, fine), fine)
        # The three rows left and every two columns become one time step.
        logits: Tensor = self.head(self.neck(functional.avg_pool2d(x, (3, 2)), mask))
        return logits
