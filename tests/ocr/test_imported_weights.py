"""The imported networks equal the ONNX files that they come from, and the shipped files them."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from training import import_weights
from training.import_weights import (
    DETECTOR_ONNX,
    ORIENTATION_ONNX,
    RECOGNIZER_ONNX,
    fill,
    published_detector,
    published_orientation,
    published_recognizer,
    vietnamese_head,
    vietnamese_recognizer,
)
from training.onnx_graph import Graph, GraphError
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import (
    WeightsError,
    bundled,
    load_card,
    load_verified,
    load_weights,
    save_weights,
    sha256_of,
)
from worker.ocr.recognition.charset import CHARACTERS, NUM_CLASSES, decode

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def published() -> tuple[Recognizer, str]:
    return published_recognizer()


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(7)) * 2 - 1


def written(text: str, height: int, width: int) -> Tensor:
    """Black on white in a stroke font, as the networks take it: (1, 3, height, width)."""
    page = np.full((height, width, 3), 255, np.uint8)
    for y in range(34, height, 64):
        cv2.putText(page, text, (10, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2, cv2.LINE_AA)
    return torch.from_numpy(page).permute(2, 0, 1)[None] / 127.5 - 1


def by_onnxruntime(path: Path, x: Tensor) -> Tensor:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"x": x.numpy()})[0])


@torch.inference_mode()
def by_torch(model: nn.Module, x: Tensor) -> Tensor:
    result: Tensor = model(x)
    return result


def assert_close(found: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> None:
    assert found.shape == expected.shape
    assert (found - expected).abs().max().item() < tolerance


@pytest.mark.parametrize("width", [64, 328])
def test_the_recogniser_equals_onnxruntime(width: int, published: tuple[Recognizer, str]) -> None:
    x = noise(2, 3, 48, width)
    found = by_torch(published[0], x)
    assert found.shape[1] == width // 8
    assert_close(found.softmax(2), by_onnxruntime(RECOGNIZER_ONNX, x))


@pytest.mark.parametrize("x", [noise(2, 3, 96, 160), written("Word by word", 256, 320)])
def test_the_detector_equals_onnxruntime(x: Tensor) -> None:
    assert_close(by_torch(published_detector(), x), by_onnxruntime(DETECTOR_ONNX, x))


def test_the_orientation_classifier_equals_onnxruntime() -> None:
    x = noise(3, 3, 48, 192)
    assert_close(by_torch(published_orientation(), x), by_onnxruntime(ORIENTATION_ONNX, x))


def test_the_recogniser_reads_a_line_before_and_after_it_gets_its_new_head(
    published: tuple[Recognizer, str],
) -> None:
    x = written("Invoice 2026", 48, 240)
    assert greedy(published[0], x, published[1]) == "Invoice 2026"
    # Untrained, it sets tone marks at random: what it tells apart are the letters.
    assert toneless(greedy(vietnamese_recognizer(), x, CHARACTERS)) == "Invoice 2026"


def greedy(model: nn.Module, x: Tensor, characters: str) -> str:
    classes = by_torch(model, x)[0].argmax(1).unique_consecutive()
    return decode([number for number in classes.tolist() if number], characters)


def toneless(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def test_a_missing_letter_starts_near_its_letter_without_the_tone(
    published: tuple[Recognizer, str],
) -> None:
    old, characters = published
    weight, bias = vietnamese_head(old.head.weight.detach(), old.head.bias.detach(), characters)
    assert weight.shape == (NUM_CLASSES, 120)
    for missing, source in {"ạ": "a", "ậ": "â", "Ự": "Ư", "№": "N"}.items():
        row, origin = (CHARACTERS.index(one) + 1 for one in (missing, source))
        distances = (weight - weight[row]).norm(dim=1)
        assert 0 < distances[origin] < 0.3
        assert bias[row].item() == pytest.approx(bias[origin].item() - 1)
    assert torch.equal(weight[0], old.head.weight[0])
    assert torch.equal(weight[1], old.head.weight[characters.index("a") + 1])


def test_a_file_of_another_network_does_not_fill_the_model() -> None:
    with pytest.raises(GraphError, match="layers for"):
        fill(Detector(), torch.zeros(1, 3, 64, 64), Graph(ORIENTATION_ONNX).layers())


@pytest.mark.parametrize(
    ("model", "published_model", "x"),
    [
        (Detector(), published_detector, written("Word by word", 256, 320)),
        (OrientationClassifier(), published_orientation, written("upright", 48, 192)),
    ],
    ids=["detector", "orientation"],
)
def test_the_shipped_weights_are_the_published_ones_in_half_precision(
    model: nn.Module,
    published_model: Callable[[], nn.Module],
    x: Tensor,
    request: pytest.FixtureRequest,
) -> None:
    kind = request.node.callspec.id
    card = load_verified(model.eval(), bundled(kind))
    assert (card.kind, card.licence) == (kind, "Apache-2.0")
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert_close(by_torch(model, x), by_torch(published_model(), x), tolerance=0.02)


def test_the_importer_writes_the_shipped_files_again_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["import_weights", "--out", str(tmp_path), "--base", str(tmp_path / "base.st")]
    monkeypatch.setattr("sys.argv", arguments)
    import_weights.main()
    for kind in ("detector", "orientation"):
        assert sha256_of(tmp_path / f"{kind}.safetensors") == load_card(bundled(kind)).sha256
    load_weights(Recognizer(NUM_CLASSES), tmp_path / "base.st")


def copied(kind: str, folder: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(bundled(kind).with_suffix(suffix), folder)
    return folder / bundled(kind).name


def test_a_tampered_weights_file_is_refused(tmp_path: Path) -> None:
    path = copied("orientation", tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match="not what its card says"):
        load_verified(OrientationClassifier(), path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"surprise": 1}', None])
def test_a_card_that_is_missing_or_damaged_is_refused(tmp_path: Path, text: str | None) -> None:
    path = copied("orientation", tmp_path)
    card_path = path.with_suffix(".json")
    card_path.unlink() if text is None else card_path.write_text(text)
    with pytest.raises(WeightsError, match="cannot be read as a card"):
        load_card(path)


def test_a_card_is_plain_json_beside_its_weights(tmp_path: Path) -> None:
    path = copied("orientation", tmp_path)
    values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert values["sha256"] == sha256_of(path)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(WeightsError, match="another network"):
        load_weights(Detector(), bundled("orientation"))


def test_a_missing_or_garbled_weights_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    with pytest.raises(WeightsError, match="cannot be read"):
        load_weights(OrientationClassifier(), path)
    path.write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_weights(OrientationClassifier(), path)


def test_a_weight_that_half_precision_cannot_hold_is_not_written(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 1e6)
    with pytest.raises(WeightsError, match="not a finite number"):
        save_weights(model, tmp_path / "huge.safetensors")
    assert list(tmp_path.iterdir()) == []
