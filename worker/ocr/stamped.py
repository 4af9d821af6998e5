"""What rectangular stamps say, as lines of their own."""

from __future__ import annotations

from shared.result import Line
from worker.ocr.detection.bounds import within_bounds
from worker.ocr.detection.detection import find_lines
from worker.ocr.detection.sheet import Sheet
from worker.ocr.detection.stamps import Stamp, find_stamps, in_picture
from worker.ocr.layer.believing import as_read
from worker.ocr.layout.layout import lines_in_order
from worker.ocr.layout.pieces import pieces_of
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.lines import Picture


def lines_of_stamps(client: BatchClient, picture: Picture) -> tuple[Line, ...]:
    """The lines of the stamps of an upright RGB picture (H, W, 3), stamp by stamp."""
    return tuple(line for stamp in find_stamps(picture) for line in _lines(client, picture, stamp))


def _lines(client: BatchClient, picture: Picture, stamp: Stamp) -> tuple[Line, ...]:
    own, matrix = stamp.levelled(picture)
    quads, _ = within_bounds(find_lines(own, client.probability).quads)
    sheet = Sheet(own, quads)
    texts = as_read(sheet, client.words(sheet.crops()))
    return lines_in_order(
        pieces_of([text._replace(quad=in_picture(text.quad[None], matrix)[0]) for text in texts])
    )
