"""Read a page: find its lines, read them, put them in order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np

from shared.result import Page
from worker.ocr.batcher import Batcher
from worker.ocr.boxes import Quads
from worker.ocr.crops import crop
from worker.ocr.ctc import confidence_of
from worker.ocr.detection import find_lines, is_blank
from worker.ocr.detector import Detector
from worker.ocr.device import pick
from worker.ocr.lane import Lane
from worker.ocr.layout import lines_in_order
from worker.ocr.lines import Picture
from worker.ocr.networks import Networks
from worker.ocr.orientation import OrientationClassifier
from worker.ocr.pieces import Piece, pieces_of
from worker.ocr.recognizer import Recognizer
from worker.ocr.turning import (
    lies_sideways,
    stands_on_head,
    turned,
    turned_round,
    with_sideways_lines,
)
from worker.ocr.weights import Card, bundled, load_card, load_verified, load_weights

Rotation = Literal[0, 90, 180, 270]

MIN_CONFIDENCE = 0.5
"""Specks, stamps and drawings that the detector took for text come out below it, text above."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that a page took, waiting for the device included."""

    detect_s: float
    recognize_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A page that was read, and how long it took."""

    page: Page
    timings: Timings


class Reader:
    """The networks behind one queue; `read` may be called from many threads at once."""

    def __init__(self, networks: Networks, model: Card) -> None:
        self.model = model
        self._batcher = Batcher(networks.run, budget=networks.device.budget)

    @classmethod
    def load(
        cls, weights_dir: Path | None = None, device: str = "auto", *, model: str = "vi-print"
    ) -> Reader:
        """Load the networks, those that `weights_dir` lacks out of what ships with the reader.

        `model` names the recogniser; `device` is `auto`, `cpu`, `cuda` or `cuda:1`. Raises
        WeightsError, or RuntimeError where the device is missing.
        """
        picked = pick(device)
        detector, classifier = Detector(), OrientationClassifier()
        load_verified(detector, _weights(weights_dir, "detector"))
        load_verified(classifier, _weights(weights_dir, "orientation"))
        path = _weights(weights_dir, model)
        card = load_card(path)
        recognizer = Recognizer(len(card.characters) + 1)
        load_weights(recognizer, path)
        return cls(Networks(detector, classifier, recognizer, picked), card)

    def read(
        self, picture: Picture, page: int = 1, *, job: str = "", alone: bool = False
    ) -> Reading:
        """Read an RGB picture (H, W, 3) as page number `page`.

        Pages of all jobs share batches and take turns by job; `alone` keeps this one to itself.
        Raises DeviceOutOfMemory, DeviceLost, BatcherClosed, or what a network raised.
        """
        lane = Lane(self._batcher, job, alone, self.model.characters)
        start = time.perf_counter()
        upright, quads, rotation = _found(lane, picture)
        detected = time.perf_counter()
        lines = lines_in_order(_read(lane, upright, quads))
        done = time.perf_counter()
        height, width = upright.shape[:2]
        return Reading(
            Page(page=page, width=width, height=height, rotation=rotation, lines=lines),
            Timings(detect_s=detected - start, recognize_s=done - detected),
        )

    def close(self) -> None:
        """Stop the device thread; what waits fails with BatcherClosed."""
        self._batcher.close()


def _weights(weights_dir: Path | None, name: str) -> Path:
    own = weights_dir / f"{name}.safetensors" if weights_dir else None
    return own if own is not None and own.exists() else bundled(name)


def _found(lane: Lane, picture: Picture) -> tuple[Picture, Quads, Rotation]:
    """Stand a page upright and find its lines: the page, quads in its pixels, degrees clockwise."""
    if is_blank(picture):
        return picture, np.zeros((0, 4, 2), np.float32), 0
    rotation = 0
    quads = find_lines(picture, lane.probability)
    if lies_sideways(quads):
        picture, rotation = turned(picture, 90), 90
        quads = find_lines(picture, lane.probability)
    if stands_on_head(picture, quads, lane):
        quads = turned_round(quads, picture)
        picture, rotation = turned(picture, 180), rotation + 180
    quads = with_sideways_lines(picture, quads, lane)
    return picture, quads, cast(Rotation, rotation)


def _read(lane: Lane, picture: Picture, quads: Quads) -> list[Piece]:
    words = lane.words([crop(picture, quad) for quad in quads])
    return [
        piece
        for quad, line in zip(quads, words, strict=True)
        if confidence_of(line) >= MIN_CONFIDENCE
        for piece in pieces_of(quad, line)
    ]
