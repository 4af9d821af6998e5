"""A narrowed recogniser says nearly what it said, and its weights tell how narrow it is."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from training import fonts
from training.batches import Batch
from training.loss import distillation
from training.narrow import main, narrowed
from worker.ocr.networks.backbone import Block
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import bundled, fill, load_weights, save_weights
from worker.ocr.recognition.charset import NUM_CLASSES

FACES = Path(__file__).parents[1] / "fonts"


@pytest.fixture(scope="module")
def shipped() -> Recognizer:
    model = Recognizer(NUM_CLASSES)
    load_weights(model, bundled("vi-print"))
    return model.eval()


@pytest.fixture(scope="module")
def pictures() -> list[torch.Tensor]:
    """Strokes on paper: what they say does not matter, only that blocks see something."""
    random = torch.Generator().manual_seed(3)
    coarse = torch.rand((4, 3, 12, 60), generator=random) * 2 - 1
    return [torch.nn.functional.interpolate(coarse, scale_factor=4) for _ in range(2)]


@pytest.fixture(scope="module")
def narrow(shipped: Recognizer, pictures: list[torch.Tensor]) -> Recognizer:
    return narrowed(shipped, pictures, 0.75)


def hidden(model: Recognizer) -> list[int]:
    return [one.widen.out_channels for one in model.modules() if isinstance(one, Block)]


def off(model: Recognizer, other: Recognizer, pictures: list[torch.Tensor]) -> float:
    """How far the scores are apart, as a share of their spread."""
    with torch.no_grad():
        ours, theirs = (torch.cat([one(x) for x in pictures]) for one in (model, other))
    return float((ours - theirs).std() / theirs.std())


def test_a_narrowed_one_says_nearly_the_same(
    shipped: Recognizer, narrow: Recognizer, pictures: list[torch.Tensor]
) -> None:
    assert hidden(narrow) == [round(0.75 * one / 32) * 32 for one in hidden(shipped)]
    blunt = Recognizer(NUM_CLASSES).eval()
    blunt.load_state_dict(shipped.state_dict())
    for block in (one for one in blunt.modules() if isinstance(one, Block)):
        left = block.widen.out_channels * 3 // 4
        block.narrow.weight.data[:, left:] = 0
    assert off(narrow, shipped, pictures) < 0.2 < off(blunt, shipped, pictures)


def test_a_share_of_one_changes_nothing(shipped: Recognizer, pictures: list[torch.Tensor]) -> None:
    assert off(narrowed(shipped, pictures, 1.0), shipped, pictures) == 0


def test_weights_say_how_narrow_they_are(
    narrow: Recognizer, pictures: list[torch.Tensor], tmp_path: Path
) -> None:
    save_weights(narrow, tmp_path / "narrow.safetensors", dtype=torch.float32)
    model = Recognizer(NUM_CLASSES).eval()
    load_weights(model, tmp_path / "narrow.safetensors")
    assert hidden(model) == hidden(narrow)
    assert off(model, narrow, pictures) == 0


@pytest.mark.parametrize("out", ["narrow", "widen"])
def test_weights_whose_layers_do_not_fit_each_other_are_refused(
    shipped: Recognizer, out: str
) -> None:
    state = dict(shipped.state_dict())
    name = f"stages.2.1.{out}.weight"
    state[name] = state[name][:5]
    with pytest.raises(RuntimeError, match="size mismatch"):
        fill(Recognizer(NUM_CLASSES), state)


def test_the_shipped_one_is_narrowed_by_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = [face for path in sorted(FACES.glob("*.ttf")) for face in fonts.inspect(path)]
    (tmp_path / "faces.json").write_text(json.dumps([asdict(face) for face in faces]))
    monkeypatch.setattr(fonts, "INDEX", tmp_path / "faces.json")
    out = tmp_path / "narrow.safetensors"
    told = ["--out", str(out), "--share", "0.9", "--batches", "2", "--corpus", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["narrow", *told])
    main()
    state = load_file(out)
    assert len(state["stages.2.1.widen.weight"]) == 352
    assert all(one.isfinite().all() for one in state.values())


def test_a_teacher_is_agreed_with_or_not() -> None:
    batch = Batch(torch.zeros(0), np.zeros(6, np.int32), np.array([4, 2], np.int32))
    theirs = torch.randn((2, 9, 5), generator=torch.Generator().manual_seed(2))
    ours = (theirs + 1).requires_grad_()
    assert float(distillation(ours, theirs, batch).detach()) == pytest.approx(0, abs=1e-5)
    other = torch.zeros_like(theirs).requires_grad_()
    loss = distillation(other, theirs, batch)
    told, said = theirs.softmax(2), torch.full_like(theirs, 1 / 5)
    divergence = float((told * (told / said).log()).sum())
    assert float(loss.detach()) == pytest.approx(divergence / 6, rel=1e-4)
    loss.backward()
    assert torch.allclose(other.grad, (said - told) / 6, atol=1e-6)
