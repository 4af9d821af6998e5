"""The word lists of `words.json`: labels, headings, goods, names."""

from __future__ import annotations

import json
from pathlib import Path

WORDS: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "words.json").read_text(encoding="utf-8")
)
