"""The small picture of a page, on which strokes, rules and bars are looked for."""

from __future__ import annotations

import pytest

from tests.ocr.samples import picture_of
from worker.ocr.detection.scaling import Small
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import Picture


@pytest.mark.parametrize("name", ["decree", "columns"])
def test_a_page_of_print_is_made_smaller_once_for_all_that_is_looked_for(
    reader: Reader, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scales = []
    made = Small.at

    def counting(picture: Picture, scale: float) -> Small:
        scales.append(scale)
        return made(picture, scale)

    monkeypatch.setattr(Small, "at", counting)
    reader.read(picture_of(name))
    assert len(scales) == 1
