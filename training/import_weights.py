"""Taking the weights over from the PP-OCRv6 ONNX files inside the rapidocr wheel."""

from __future__ import annotations

import argparse
import unicodedata
from importlib.metadata import version
from pathlib import Path

import rapidocr
import torch
from torch import Tensor, nn

from training.onnx_graph import Graph, GraphError, Layer
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.orientation import WINDOW, OrientationClassifier
from worker.ocr.networks.recognizer import LINE_HEIGHT, Recognizer
from worker.ocr.networks.weights import Card, bundled, save_card, save_weights, sha256_of
from worker.ocr.recognition.charset import CHARACTERS, NUM_CLASSES

MODELS = Path(rapidocr.__file__).parent / "models"
DETECTOR_ONNX = MODELS / "PP-OCRv6_det_small.onnx"
ORIENTATION_ONNX = MODELS / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
RECOGNIZER_ONNX = MODELS / "PP-OCRv6_rec_small.onnx"

_OUT = bundled("detector").parent
_BASE = Path(__file__).parent / "runs" / "recognizer_base.safetensors"
_TONES = frozenset("\u0300\u0301\u0309\u0303\u0323")
_NEGLIGIBLE = 1e-20
_NOISE = 0.02
_BIAS_DROP = 1.0


def main() -> None:
    """Write the shipped detector and classifier, and the recogniser that training starts from."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=_OUT, help="folder for the shipped weights")
    parser.add_argument("--base", type=Path, default=_BASE, help="file for the untrained reader")
    options = parser.parse_args()
    _ship(published_detector(), "detector", DETECTOR_ONNX, options.out)
    _ship(published_orientation(), "orientation", ORIENTATION_ONNX, options.out)
    save_weights(vietnamese_recognizer(), options.base, dtype=torch.float32)


def published_detector() -> Detector:
    """The detector as published."""
    model = Detector().eval()
    fill(model, torch.zeros(1, 3, 64, 64), Graph(DETECTOR_ONNX).layers())
    return model


def published_orientation() -> OrientationClassifier:
    """The line-orientation classifier as published."""
    model = OrientationClassifier().eval()
    fill(model, torch.zeros(1, 3, *WINDOW), Graph(ORIENTATION_ONNX).layers())
    return model


def published_recognizer() -> tuple[Recognizer, str]:
    """The recogniser as published, and its characters (class i + 1 is character i)."""
    graph = Graph(RECOGNIZER_ONNX)
    # The file lists one character a line and leaves out the space, which is the last class.
    characters = "".join(graph.metadata["character"].split("\n")) + " "
    model = Recognizer(len(characters) + 1).eval()
    fill(model, torch.zeros(1, 3, LINE_HEIGHT, 64), graph.layers())
    return model, characters


def vietnamese_recognizer() -> Recognizer:
    """The published recogniser with the Vietnamese head in place of its own, not yet trained."""
    published, characters = published_recognizer()
    model = Recognizer(NUM_CLASSES).eval()
    state = published.state_dict()
    state["head.weight"], state["head.bias"] = vietnamese_head(
        state["head.weight"], state["head.bias"], characters
    )
    model.load_state_dict(state)
    return model


def vietnamese_head(
    old_weight: Tensor, old_bias: Tensor, old_characters: str
) -> tuple[Tensor, Tensor]:
    """Rows of the published head for the Vietnamese classes.

    `old_weight` is (len(old_characters) + 1, C), row 0 the blank. A character that the published
    head lacks starts from its letter without the tone, slightly shaken and held back by its bias.
    """
    old_class = {character: number for number, character in enumerate(old_characters, start=1)}
    generator = torch.Generator().manual_seed(0)
    weights, biases = [old_weight[0]], [old_bias[0]]
    for character in CHARACTERS:
        source = _nearest(character, old_class)
        weight, bias = old_weight[old_class[source]], old_bias[old_class[source]]
        if source != character:
            noise = torch.randn(weight.shape, generator=generator)
            weight, bias = weight + _NOISE * noise, bias - _BIAS_DROP
        weights.append(weight)
        biases.append(bias)
    return torch.stack(weights), torch.stack(biases)


def _nearest(character: str, known: dict[str, int]) -> str:
    """The character itself if known, else its letter without the tone, else without any mark.

    The numero sign, which has no tone, starts from its N.
    """
    marks = unicodedata.normalize("NFD", character)
    toneless = "".join(mark for mark in marks if mark not in _TONES)
    bare = unicodedata.normalize("NFKD", character)[0]
    for candidate in (character, unicodedata.normalize("NFC", toneless), bare):
        if candidate in known:
            return candidate
    raise GraphError(f"the published head has nothing near {character!r}")


def fill(model: nn.Module, example: Tensor, layers: list[Layer]) -> None:
    """Copy the ONNX layers into the model's modules, both in the order in which they run.

    `example` is any input that the model takes. Raises GraphError unless every parameter is
    filled exactly once by a layer of its own shape.
    """
    modules = running_order(model, example)
    if len(modules) != len(layers):
        raise GraphError(f"{len(layers)} layers for {len(modules)} modules")
    filled: list[str] = []
    for (name, module), layer in zip(modules, layers, strict=True):
        if (module.bias is None) != (layer.bias is None):
            raise GraphError(f"{name}: only one of the two has a bias")
        for part, source in (("weight", layer.weight), ("bias", layer.bias)):
            if source is not None:
                _copy(f"{name}.{part}", module.get_parameter(part), torch.tensor(source))
                filled.append(f"{name}.{part}")
    if sorted(filled) != sorted(name for name, _ in model.named_parameters()):
        raise GraphError("a parameter was filled twice or not at all")


def running_order(model: nn.Module, example: Tensor) -> list[tuple[str, nn.Module]]:
    """The modules that hold parameters of their own, in the order in which `forward` uses them."""
    order: list[tuple[str, nn.Module]] = []
    hooks = [
        module.register_forward_pre_hook(lambda m, _, name=name: order.append((name, m)))
        for name, module in model.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    with torch.inference_mode():
        model(example)
    for hook in hooks:
        hook.remove()
    return order


def _copy(name: str, parameter: nn.Parameter, source: Tensor) -> None:
    if source.shape != parameter.shape:
        raise GraphError(f"{name} is {tuple(parameter.shape)}, the file has {tuple(source.shape)}")
    # The detector's file holds 255,000 subnormal weights, each of which costs a CPU about a
    # hundred cycles wherever it is multiplied; as zeros they leave the output as it is.
    with torch.no_grad():
        parameter.copy_(torch.where(source.abs() < _NEGLIGIBLE, 0.0, source))


def _ship(model: nn.Module, name: str, source: Path, folder: Path) -> None:
    path = folder / bundled(name).name
    save_weights(model, path)
    card = Card(
        name=source.stem,
        version=f"rapidocr {version('rapidocr')}",
        kind=name,
        origin=f"PaddleOCR authors; {source.name} (sha256 {sha256_of(source)}) in the rapidocr "
        f"{version('rapidocr')} wheel, rounded to half precision",
        licence="Apache-2.0",
        sha256=sha256_of(path),
        training_command="python -m training.import_weights",
        machine="any: nothing is trained here",
    )
    save_card(card, path)


if __name__ == "__main__":
    main()
