"""A recogniser with fewer channels inside its blocks: `python -m training.narrow --out FILE`.

Reads nearly as the one that it comes of, in less time; `python -m training.train --start FILE
--teacher WEIGHTS` then teaches it what was lost.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator, Sequence
from itertools import islice
from multiprocessing import Value
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.batches import Source, batches
from worker.ocr.networks.backbone import Block
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import bundled, fill
from worker.ocr.recognition.charset import NUM_CLASSES

_NUM_BATCHES, _WIDEST = 40, 1120
"""Of 18 lines of 550 pixels, each of which is a thousand places for the coarsest block."""
_STEP = 32
"""Channels that processors multiply at once."""
_RIDGE = 1e-4
"""Of the mean variance of a channel: two that say the same would have no solution."""


def main() -> None:
    """Narrow the shipped recogniser, or another one, and write its weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=bundled("vi-print"))
    parser.add_argument("--share", type=float, default=0.5, help="of the channels that stay")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--batches", type=int, default=_NUM_BATCHES, help="of lines to look at")
    parser.add_argument("--seed", type=int, default=777)
    arguments = parser.parse_args()
    model = Recognizer(NUM_CLASSES)
    fill(model, load_file(arguments.weights))
    source = Source(arguments.corpus, arguments.seed)
    drawn = islice(batches(source, Value("i", _WIDEST)), arguments.batches)
    pictures = [batch.images.permute(0, 3, 1, 2).float() / 127.5 - 1 for batch in drawn]
    narrow = narrowed(model.eval(), pictures, arguments.share)
    state = {name: one.detach().contiguous() for name, one in narrow.state_dict().items()}
    save_file(state, arguments.out)


@torch.no_grad()
def narrowed(model: Recognizer, pictures: Sequence[Tensor], share: float) -> Recognizer:
    """A copy with a share of the channels inside each block, rounded to 32.

    `pictures` are batches of lines (B, 3, 48, W). Block by block, those channels stay of which what
    the block said before is predicted best, and its last layer is that prediction (channel pruning
    by regression, He et al. 2017), from what the blocks before it say now: so each makes up for
    what they lost.
    """
    narrow = copy.deepcopy(model)
    said = [model.stem(picture) for picture in pictures]
    now = [one.clone() for one in said]
    for before, after in zip(_blocks(model), _blocks(narrow), strict=True):
        shown = [after.across_places(one) for one in now]
        said = [before(one) for one in said]
        targets = [
            one - seen if after.residual else one for one, seen in zip(said, shown, strict=True)
        ]
        _narrow(after, shown, targets, share)
        now = [after.across_channels(one) for one in shown]
    return narrow


def _blocks(model: Recognizer) -> Iterator[Block]:
    return (block for block in model.stages.modules() if isinstance(block, Block))


def _narrow(block: Block, shown: Sequence[Tensor], targets: Sequence[Tensor], share: float) -> None:
    """Leave the channels of which the targets (B, out, H, W) follow best."""
    hidden = block.widen.out_channels
    num_left = max(_STEP, round(hidden * share / _STEP) * _STEP)
    if num_left >= hidden:
        return
    covariance, crossed, mean, target_mean = _moments(block, shown, targets)
    left = _best(covariance, crossed, num_left)
    weights = crossed[:, left] @ torch.linalg.inv(covariance[left][:, left])
    kept = block.widen.weight[left].clone(), block.widen.bias[left].clone()  # type: ignore[index]
    block.narrow_to(num_left)
    for layer, weight, bias in (
        (block.widen, *kept),
        (block.narrow, weights[:, :, None, None], target_mean - weights @ mean[left]),
    ):
        layer.weight = nn.Parameter(weight.float().contiguous())
        layer.bias = nn.Parameter(bias.float().contiguous())


def _moments(
    block: Block, shown: Sequence[Tensor], targets: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Covariance of the hidden channels, that of targets and channels, both means."""
    hidden, out = block.widen.out_channels, block.narrow.out_channels
    total = torch.zeros(hidden + out, dtype=torch.float64)
    products = torch.zeros(hidden + out, hidden, dtype=torch.float64)
    number = 0
    for x, target in zip(shown, targets, strict=True):
        channels = block.activation(block.widen(x)).transpose(0, 1).flatten(1)
        both = torch.cat((channels, target.transpose(0, 1).flatten(1)))
        products += (both @ channels.T).double()
        total += both.sum(1).double()
        number += both.shape[1]
    mean = total / number
    products = products / number - mean[:, None] * mean[:hidden]
    covariance, crossed = products.split((hidden, out))
    ridge = _RIDGE * covariance.diagonal().mean()
    covariance = covariance + ridge * torch.eye(hidden, dtype=torch.float64)
    return covariance, crossed, mean[:hidden], mean[hidden:]


def _best(covariance: Tensor, crossed: Tensor, num_left: int) -> list[int]:
    """The channels to leave: that which is missed least goes, one after the other.

    What a prediction loses by one is known without making it anew (optimal brain surgeon, Hassibi
    and Stork 1993).
    """
    left = torch.ones(len(covariance), dtype=torch.bool)
    inverse = torch.linalg.inv(covariance)
    weights = crossed @ inverse
    for _ in range(len(left) - num_left):
        lost = weights.square().sum(0) / inverse.diagonal()
        least = int(lost.masked_fill(~left, torch.inf).argmin())
        gone = inverse[least] / inverse[least, least]
        weights -= weights[:, least, None] * gone
        inverse -= inverse[:, least, None] * gone
        left[least] = False
    return left.nonzero().flatten().tolist()


if __name__ == "__main__":
    main()
