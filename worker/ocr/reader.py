"""Read a page: find its lines, read them, put them in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from shared.result import Page
from shared.running.sandbox import use_one_heap
from worker.ocr.barcodes import beside, find_barcodes
from worker.ocr.batcher import Batcher
from worker.ocr.detection.boxes import NONE
from worker.ocr.detection.detection import is_blank
from worker.ocr.detection.seals import without_seals
from worker.ocr.detection.sheet import Sheet, turned
from worker.ocr.detection.stamps import find_stamps, without_stamps
from worker.ocr.detection.turning import find_upright, read_either_way
from worker.ocr.forms import Form, read_form
from worker.ocr.heap import Heap, settle
from worker.ocr.layer.believing import Text, as_read, with_layer, without_a_look
from worker.ocr.layer.laying import rows_of_words
from worker.ocr.layer.words import Hint
from worker.ocr.layout.pieces import Piece, pieces_of, source_of
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.device import pick
from worker.ocr.networks.inference import Networks, Task
from worker.ocr.networks.library import Library, recognizer_of
from worker.ocr.networks.number_types import faster_same, sample_page
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.weights import Card, bundled, load_verified
from worker.ocr.recognition.batch_client import UNWATCHED, BatchClient, Watch
from worker.ocr.recognition.charset import LETTERS
from worker.ocr.recognition.language import Language, vietnamese
from worker.ocr.recognition.lines import Picture
from worker.ocr.sights.choosing import showing_for
from worker.ocr.stamped import lines_of_stamps
from worker.ocr.tables.cutting import cut_at_rules
from worker.ocr.tables.finding import lines_and_tables
from worker.ocr.tables.grid import Grid, ruled_grids
from worker.ocr.turn import Turn
from worker.ocr.unread import unread


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that a page took, waiting for the device included."""

    detect_s: float
    recognize_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A page that was read, and how long it took; `is_cut` where more was found than is read."""

    page: Page
    timings: Timings
    is_cut: bool = False


class Reader:
    """The networks behind one queue; `read` may be called from many threads at once.

    `model` is the card of the recogniser that it reads with.
    """

    def __init__(self, networks: Networks, model: Card, library: Library) -> None:
        self.model = model
        self.library = library
        self._recognizer: nn.Module | None = None  # the default one
        self._showing = showing_for(networks.device)
        self._heap = Heap()
        self._host = networks.host
        self._language: Language | None = vietnamese()
        self._batcher = Batcher(
            networks.run,
            budget=networks.device.budget,
            num_streams=networks.device.num_streams,
            bulk_apart=not networks.device.is_gpu,
        )

    @classmethod
    def load(
        cls,
        models_dir: Path | None = None,
        device: str = "auto",
        *,
        model: str = "vi-print",
        memory_bytes: int = 0,
        graphs: bool = True,
        told: Callable[[Task, int], object] = lambda task, number: None,
    ) -> Reader:
        """Load the networks; on a GPU in the number type that suits it, warmed up.

        `model` names the recogniser, one of `models_dir` or one that ships with the reader;
        `device` is `auto`, `cpu`, `cuda` or `cuda:1`, `memory_bytes` the most that may be taken of
        a GPU's memory; without `graphs` a GPU is told step by step; `told` hears of each call of a
        network. Raises UnknownModel, WeightsError, or RuntimeError where the device is missing.
        """
        use_one_heap()
        picked = pick(device, memory_bytes=memory_bytes)
        detector, classifier = Detector(), OrientationClassifier()
        load_verified(detector, bundled("detector"))
        load_verified(classifier, bundled("orientation"))
        default = recognizer_of(model, models_dir)
        if picked.is_gpu:
            dtype = faster_same(detector, default.network, picked.kind)
            picked = replace(picked, dtype=dtype)
        networks = Networks(detector, classifier, default.network, picked)
        reader = cls(networks, default.card, Library(models_dir, networks.place))
        if picked.is_gpu and graphs:
            networks.warm_up()
        if picked.is_gpu:
            reader.warm_up()
        networks.told = told
        settle()
        return reader

    def warm_up(self) -> None:
        """Read a page and a line that say nothing: the first of anything takes a GPU seconds."""
        self.read(sample_page())
        self.read(sample_page(100)[20:60])

    def using(self, model: str) -> Reader:
        """The same reader with another recogniser, which is loaded if it is not yet.

        Raises UnknownModel, WeightsError.
        """
        if model == self.model.name:
            return self
        loaded = self.library.load(model)
        other = copy(self)
        other.model, other._recognizer = loaded.card, loaded.network
        return other

    def without_language(self) -> Reader:
        """The same reader where what the network sees best is what is read.

        Else Vietnamese decides where a mark is in doubt, if the recogniser can write it.
        """
        other = copy(self)
        other._language = None
        return other

    def seeing_by_host(self) -> Reader:
        """The same reader where the host makes what the networks see, for a GPU, too."""
        other = copy(self)
        other._showing = self._showing.by_host()
        return other

    def read(
        self,
        picture: Picture,
        page: int = 1,
        *,
        job: str = "",
        watch: Watch = UNWATCHED,
        hint: Hint | None = None,
    ) -> Reading:
        """Read an RGB picture (H, W, 3) as page number `page`; `hint` is what it says of itself.

        Pages of all jobs share batches and take turns by job.
        Raises DeviceOutOfMemory, DeviceLost, BatcherClosed, what a network raised, or, between
        two steps, what the watch's `check` raises.
        """
        with self._host.turn() as turn:
            return self._read(self._client(job, watch, turn), picture, page, hint)

    def _read(self, client: BatchClient, picture: Picture, page: int, hint: Hint | None) -> Reading:
        start = time.perf_counter()
        stamps = [] if _is_unseen(hint) else find_stamps(picture)
        client = replace(client, guesses=any(stamp.hides for stamp in stamps))
        sheet = _sheet(client, without_stamps(picture, stamps), hint)
        form = Form([], []) if _is_unseen(hint) else read_form(client, sheet)
        cleared = form.cleared(sheet)
        detected = time.perf_counter()
        sheet, pieces, grids = _pieces(client, cleared, hint)
        upright = sheet.showing(turned(picture, sheet.rotation))
        barcodes = () if _is_unseen(hint) else find_barcodes(upright, pieces)
        # A QR code has squares that look like check boxes.
        pieces = beside(barcodes, pieces + form.pieces(sheet, cleared))
        lines, tables = lines_and_tables(pieces, grids)
        if stamps:
            lines += lines_of_stamps(replace(client, guesses=False), upright.picture)
        done = time.perf_counter()
        self._heap.after_page()
        read = Page(
            page=page,
            width=sheet.picture.shape[1],
            height=sheet.picture.shape[0],
            rotation=sheet.rotation,
            source=source_of(lines),
            lines=lines,
            tables=tables,
            barcodes=barcodes,
            warnings=unread(sheet, pieces, barcodes),
        )
        return Reading(read, Timings(detected - start, done - detected), sheet.is_cut)

    def _client(self, job: str, watch: Watch, turn: Turn) -> BatchClient:
        return BatchClient(
            self._batcher,
            job,
            self.model.characters,
            self._recognizer,
            self.model.calibrated,
            self._language if set(LETTERS) <= set(self.model.characters) else None,
            watch,
            self._showing,
            turn,
        )

    def close(self) -> None:
        """Stop the device thread; what waits fails with BatcherClosed."""
        self._batcher.close()


def _sheet(client: BatchClient, picture: Picture, hint: Hint | None) -> Sheet:
    """The page with its lines: where it says them and nobody looks, else where they are seen."""
    if hint and _is_unseen(hint):
        return Sheet(picture, rows_of_words(hint.words))
    if is_blank(picture):
        return Sheet(picture, NONE)
    return find_upright(client, without_seals(picture))


def _pieces(
    client: BatchClient, sheet: Sheet, hint: Hint | None
) -> tuple[Sheet, list[Piece], list[Grid]]:
    """The texts of a sheet, cut at its ruling lines, and the sheet, turned if need be."""
    grids = ruled_grids(sheet)
    cut = sheet.with_quads(cut_at_rules(sheet.quads, grids))
    read, texts = _texts(client, cut, hint)
    if read.rotation != sheet.rotation:
        grids = ruled_grids(read)
    return read, pieces_of(texts, read.bend_of), grids


def _is_unseen(hint: Hint | None) -> bool:
    """Whether the page says its lines and nobody looks."""
    return hint is not None and bool(hint.words) and not hint.num_samples


def _texts(client: BatchClient, sheet: Sheet, hint: Hint | None) -> tuple[Sheet, list[Text]]:
    """The lines of a sheet, and the sheet, turned where it stood on its head."""
    if hint and _is_unseen(hint):
        return sheet, without_a_look(sheet, hint)
    if hint and hint.words:
        texts = with_layer(client, sheet, hint)
        if texts is not None:
            return sheet, texts
    sheet, words = read_either_way(client, sheet)
    return sheet, as_read(sheet, words)
