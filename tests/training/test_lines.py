"""Labels and lines: what the network is asked to write, and how a run survives a stop."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.batches import Batch, batch_size, target
from training.checkpoint import Average, Progress, load_average, load_checkpoint, save_checkpoint
from training.export import mix_in, origin
from training.labels.prose import clean
from training.lines.real import load_labelled
from training.loss import ctc_loss
from training.measuring.reading import greedy, read_lines
from training.wear.scenes import Scenes
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.recognition.charset import NUM_CLASSES, can_write, encode


def test_dots_that_stand_too_close_for_ctc_are_written_in_threes() -> None:
    assert target("a... b. c...... d..") == "a… b. c…… d.."


def test_labels_keep_nothing_that_the_network_cannot_write() -> None:
    label = clean("Vie\u0323\u0302t  Nam\t漢 …")
    assert label == "Việt Nam ..."
    assert can_write(label)


def test_wide_lines_come_in_small_batches() -> None:
    sizes = [batch_size(width, 10_000) for width in (32, 640, 1632)]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] > 0
    assert batch_size(640, 80_000) > sizes[0] > sizes[1]


def test_wear_keeps_a_line_readable_as_a_picture() -> None:
    scenes = Scenes(random.Random(1), seed=1)
    ink = np.zeros((40, 300), np.uint8)
    ink[10:30, 20:280:9] = 255
    for _ in range(60):
        worn = scenes.wear(ink.copy())
        assert worn.dtype == np.uint8
        assert worn.ndim == 3
        assert worn.shape[2] == 3
        assert min(worn.shape[:2]) >= 4


def test_labelled_lines_are_read_as_rgb_with_their_kinds(tmp_path: Path) -> None:
    blue = np.zeros((20, 60, 3), np.uint8)
    blue[:, :, 0] = 255
    cv2.imwrite(str(tmp_path / "a.png"), blue)
    (tmp_path / "labels.tsv").write_text('file\ttext\tkind\na.png\t"Số 1\tscan\n', encoding="utf-8")
    (line,) = load_labelled(tmp_path)
    assert (line.text, line.kind, line.file) == ('"Số 1', "scan", "a.png")
    assert line.crop[0, 0].tolist() == [0, 0, 255]


def test_a_label_without_its_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("file\ttext\nmissing.png\ta\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        load_labelled(tmp_path)


def test_repeated_steps_are_one_character_unless_a_blank_parts_them() -> None:
    a, b = encode("ab")
    assert greedy(torch.tensor([0, a, a, 0, a, b, b])) == "aab"


def test_lines_are_read_in_the_order_in_which_they_were_given() -> None:
    model = Recognizer(NUM_CLASSES)
    crops = [np.full((48, width, 3), width % 251, np.uint8) for width in (90, 300, 80, 290)]
    together = read_lines(model, crops)
    assert together == [read_lines(model, [crop])[0] for crop in crops]


def test_the_loss_falls_when_the_right_characters_are_certain() -> None:
    classes = encode("ab")
    batch = Batch(torch.zeros((1, 48, 64, 3), dtype=torch.uint8), np.int32(classes), np.int32([2]))
    unsure = torch.zeros(1, 8, NUM_CLASSES)
    sure = unsure.clone()
    for step, number in enumerate([0, classes[0], 0, classes[1], 0, 0, 0, 0]):
        sure[0, step, number] = 20.0
    assert ctc_loss(sure, batch) < 0.1 < ctc_loss(unsure, batch)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_finds_the_gradients_that_a_processor_finds() -> None:
    """Its own loss is not to be had: cuDNN's gives gradients that point elsewhere."""
    torch.manual_seed(5)
    classes = encode("Hợp đồng số 12")
    batch = Batch(
        torch.zeros((2, 48, 320, 3), dtype=torch.uint8),
        np.int32(classes * 2),
        np.int32([len(classes)] * 2),
    )
    logits = torch.randn(2, 40, NUM_CLASSES)
    found = []
    for device in ("cpu", "cuda"):
        here = logits.to(device, copy=True).requires_grad_()
        ctc_loss(here, batch).backward()
        assert here.grad is not None
        found.append(here.grad.cpu())
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-6)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    model = Recognizer(NUM_CLASSES)
    average = Average(model)
    optimiser = torch.optim.AdamW(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    average.update(step=1)
    progress = Progress(7, 99, 12.5, "vi-print", 42)
    save_checkpoint(tmp_path, model, average, optimiser, progress)

    other = Recognizer(NUM_CLASSES)
    trailing = Average(other)
    again = torch.optim.AdamW(other.parameters())
    assert load_checkpoint(tmp_path, other, trailing, again) == progress
    assert torch.equal(other.head.weight, model.head.weight)
    assert torch.equal(trailing.model.head.bias, average.model.head.bias)
    assert torch.equal(load_average(tmp_path)[0]["head.bias"], average.model.head.bias)


def test_a_card_says_that_lines_of_ones_own_are_in_the_weights() -> None:
    assert origin(Progress(num_own=42)).endswith("synthetic lines and 42 lines of its maker's own")
    assert origin(Progress()).endswith("trained on synthetic lines")


def test_weights_are_moved_towards_those_that_they_came_from() -> None:
    ours, theirs = Recognizer(NUM_CLASSES), Recognizer(NUM_CLASSES)
    first, second = ours.head.weight.detach().clone(), theirs.head.weight.detach().clone()
    mix_in(ours, theirs, 0.25)
    torch.testing.assert_close(ours.head.weight, 0.75 * first + 0.25 * second)
    assert torch.equal(theirs.head.weight, second)


def test_the_average_trails_the_weights() -> None:
    model = Recognizer(NUM_CLASSES)
    average = Average(model)
    before = model.head.bias.detach().clone()
    with torch.no_grad():
        model.head.bias += 1
    average.update(step=1_000_000)
    moved = average.model.head.bias - before
    assert torch.allclose(moved, torch.full_like(moved, 0.001), atol=1e-5)
