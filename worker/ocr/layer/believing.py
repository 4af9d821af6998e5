"""The text of a page that brings its own: that where the picture agrees, else what is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shared.result import LineSource
from worker.ocr.detection.boxes import spans
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layer.alignment import likeness
from worker.ocr.layer.fonts import UNCONFIRMED, Fonts
from worker.ocr.layer.laying import Placed, Region, as_told, lay_over, turned_with
from worker.ocr.layer.words import SOFT_HYPHEN, Hint
from worker.ocr.layout.pieces import Quad
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import Span, confidence_of
from worker.ocr.recognition.specks import without_specks
from worker.ocr.recognition.syllables import whole_syllables

MIN_CONFIDENCE = 0.5
"""Specks, stamps and drawings that the detector took for text come out below it, text above."""
_DISC, _MOST_OF_A_MARK = "•", 2.0
"""The mark of a list, and how high its box is at most, in heights of a line."""
_IN_PLACE, _ASIDE = 0.7, 0.3
"""The share of a word that was read that lies on words that are believed: the same word, or
another one. Between the two nobody knows, and the line is as it was read."""
_LIKE = 0.5
"""How much a line that only the layer has must be like what is read there."""


class Text(NamedTuple):
    """The words of a line, in order, and where they are from."""

    quad: Quad
    spans: Sequence[Span]
    source: LineSource


def as_read(sheet: Sheet, words: Sequence[Sequence[Span]]) -> list[Text]:
    """The lines of a page that was read; what is no text is left out."""
    return _without_stains(
        [
            Text(quad, line, "ocr")
            for quad, line in zip(sheet.quads, map(without_specks, words), strict=True)
            if confidence_of(line) >= MIN_CONFIDENCE
        ]
    )


def _without_stains(texts: list[Text]) -> list[Text]:
    """The lines without dark discs, which are surely read as the mark of a list: a mark has lines
    beside it, and is about as high as they are."""
    are_discs = [[span.text for span in text.spans] == [_DISC] for text in texts]
    if not any(are_discs):
        return texts
    _, heights = spans(np.stack([text.quad for text in texts]))
    lines = [height for height, is_disc in zip(heights, are_discs, strict=True) if not is_disc]
    most = _MOST_OF_A_MARK * float(np.median(lines)) if lines else 0.0
    return [
        text
        for text, height, is_disc in zip(texts, heights, are_discs, strict=True)
        if not is_disc or height <= most
    ]


def without_a_look(sheet: Sheet, hint: Hint) -> list[Text]:
    """The lines of a page as it says that they are."""
    return [
        Text(region.quad, [_span(placed, UNCONFIRMED) for placed in region.words], "text_layer")
        for region in as_told(sheet, hint.words)
    ]


def with_layer(client: BatchClient, sheet: Sheet, hint: Hint) -> list[Text] | None:
    """The lines of a page, read where its layer has nothing or cannot be believed.

    None where nothing of the layer can be.
    """
    regions = lay_over(sheet, turned_with(sheet, hint.words))
    fonts = Fonts(client, sheet, regions, hint.num_samples)
    believed = [_believed(region, fonts) for region in regions]
    if not any(believed):
        return None
    doubtful = [
        number
        for number, region in enumerate(regions)
        if not (region.was_seen and region.fits and region.is_covered)
        or len(believed[number]) < len(region.words)
    ]
    lines = client.words([sheet.crop(regions[number].quad) for number in doubtful])
    read = dict(zip(doubtful, map(without_specks, lines), strict=True))
    texts = [
        _settled(region, spans, read[number])
        if number in read
        else Text(region.quad, spans, "text_layer")
        for number, (region, spans) in enumerate(zip(regions, believed, strict=True))
    ]
    return [
        text._replace(spans=whole_syllables(text.spans, client.language))
        for text in texts
        if text.spans
    ]


def _believed(region: Region, fonts: Fonts) -> list[Span]:
    words = [(placed, fonts.confidence(placed)) for placed in region.words]
    return [_span(placed, confidence) for placed, confidence in words if confidence]


def _span(placed: Placed, confidence: float) -> Span:
    text = placed.word.text.replace(SOFT_HYPHEN, "-")
    return Span(text, 1.0, placed.start, placed.end, round(confidence, 4))


def _settled(region: Region, believed: Sequence[Span], read: Sequence[Span]) -> Text:
    """What is read of a line, with the words of the layer that are believed in their places."""
    as_read = Text(region.quad, read if confidence_of(read) >= MIN_CONFIDENCE else (), "ocr")
    if not region.was_seen:
        is_like = likeness(region.text, " ".join(span.text for span in read)) >= _LIKE
        is_whole = is_like and len(believed) == len(region.words)
        if is_whole:
            return Text(region.quad, believed, "text_layer")
        return as_read if is_like else Text(region.quad, (), "ocr")
    if not region.fits or not believed:
        return as_read
    kept: list[Span] = []
    for span in read:
        common = sum(max(0.0, min(span.end, b.end) - max(span.start, b.start)) for b in believed)
        share = common / max(span.end - span.start, 1e-6)
        if _ASIDE < share < _IN_PLACE:
            return as_read
        if share <= _ASIDE and span.confidence >= MIN_CONFIDENCE:
            kept.append(span)
    words = sorted((*believed, *kept), key=lambda span: span.start)
    return Text(region.quad, words, "ocr" if kept else "text_layer")
