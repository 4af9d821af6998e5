"""A line's text does not depend on its batch mates: the real recogniser, in both number types."""

from __future__ import annotations

import statistics

import pytest
import torch

from tests.ocr.samples import picture_of
from worker.ocr.batcher import Batcher
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import find_lines
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.device import pick
from worker.ocr.networks.inference import Key, Networks
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import bundled, load_card, load_verified
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import confidence_of
from worker.ocr.recognition.lines import prepare

pytestmark = pytest.mark.acceptance  # whole services, or many pages

# A processor that has no bf16 of its own takes minutes for it, and is never asked to read in it.
HAS_BFLOAT16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
BFLOAT16 = pytest.param(
    torch.bfloat16,
    marks=pytest.mark.skipif(not HAS_BFLOAT16, reason="the processor has no bf16"),
)


@pytest.fixture(scope="module", params=[torch.float32, BFLOAT16], ids=str)
def networks(request: pytest.FixtureRequest) -> Networks:
    path = bundled("vi-print")
    detector, classifier = Detector(), OrientationClassifier()
    recognizer = Recognizer(len(load_card(path).characters) + 1)
    load_verified(detector, bundled("detector"))
    load_verified(classifier, bundled("orientation"))
    load_verified(recognizer, path)
    return Networks(detector, classifier, recognizer, pick("cpu", request.param))


def lane_to(networks: Networks) -> BatchClient:
    batcher = Batcher(networks.run, budget=networks.device.budget)
    return BatchClient(batcher, "", load_card(bundled("vi-print")).characters)


def test_a_line_reads_the_same_alone_and_in_a_full_mixed_batch(networks: Networks) -> None:
    client = lane_to(networks)
    lines = [
        Crop(picture, quad)
        for picture in map(picture_of, ("decree", "receipt", "columns"))
        for quad in find_lines(picture, client.probability).quads
    ]
    # Each width twice over, so that every line has a mate.
    together = client.words(lines + lines[::-1])
    for line, mixed in zip(lines, together, strict=False):
        (alone,) = client.words([line])
        assert [word.text for word in alone] == [word.text for word in mixed]
        assert confidence_of(alone) == pytest.approx(confidence_of(mixed), abs=1e-3)
    client.batcher.close()


def test_confidences_are_finer_than_the_steps_of_bfloat16(networks: Networks) -> None:
    picture = picture_of("line")
    (steps,) = networks.run(Key("recognize", 48, prepare(picture).shape[1]), [prepare(picture)])
    assert steps.confidences.dtype.name == "float32"
    best = steps.confidences[:, 0]
    assert len(set(best.tolist())) > len(best) // 2


def test_both_number_types_find_the_same_boxes() -> None:
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        detector = Detector()
        load_verified(detector, bundled("detector"))
        networks = Networks(detector, OrientationClassifier(), Recognizer(2), pick("cpu", dtype))
        client = lane_to(networks)
        found.append(find_lines(picture_of("decree"), client.probability).quads)
        client.batcher.close()
    exact, rounded = found
    assert exact.shape == rounded.shape
    assert statistics.fmean(abs(exact - rounded).ravel().tolist()) < 1.0
