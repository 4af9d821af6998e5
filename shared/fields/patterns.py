"""Patterns of templates: RE2's, whose time grows with the text only, so that none can hang.

They are matched without diacritics and in lower case, and are folded likewise: whoever writes
`số` or `PGH` means what stands there.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Annotated, Any

import re2
from pydantic import BeforeValidator

from shared.fields.rows import fold

_MAX_PATTERN = 2000  # characters
_MAX_PATTERN_MEMORY = 4 << 20  # bytes that RE2 may take for one
_NO_LETTERS = re.compile(
    r"\\(?:[pPx]\{[^}]*\}|[pP].|.)|\(\?P?<[^>]*>|\(\?[a-zA-Z-]*[:)]|\[:\^?\w+:\]", re.DOTALL
)
"""Of a pattern: escapes, names of groups, flags and classes, whose case means something."""


def compiled(text: str) -> Any:
    """The pattern. Raises ValueError."""
    options = re2.Options()
    options.max_mem = _MAX_PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is none"
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"`{text[:60]}` is no pattern of RE2: {reason}") from None


def folded_pattern(text: str) -> str:
    """The pattern of folded text: `số` and `PGH` would never be found in a text without them."""
    parts, at = [], 0
    text = unicodedata.normalize("NFC", text)
    for kept in _NO_LETTERS.finditer(text):
        parts += [_plain_part(text[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*parts, _plain_part(text[at:])])


def _plain_part(text: str) -> str:
    # A dash that is read as `-` is no range between its neighbours.
    return "".join(r"\-" if fold(char) == "-" != char else fold(char) for char in text)


def _as_written(text: Any) -> Any:
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_PATTERN:
        raise ValueError(f"a pattern is a text of 1 to {_MAX_PATTERN} characters")
    return compiled(text)


def _pattern(text: Any) -> Any:
    return _as_written(folded_pattern(text) if isinstance(text, str) else text)


Written = Annotated[Any, BeforeValidator(_as_written)]
"""A pattern that is matched with diacritics and capitals."""
Pattern = Annotated[Any, BeforeValidator(_pattern)]


def _lines(text: Any) -> Any:
    return _pattern(f"(?m){text}" if isinstance(text, str) and text else text)


Lines = Annotated[Any, BeforeValidator(_lines)]
"""A pattern whose `^` and `$` are the ends of a line: it is searched for in all of a document."""


@lru_cache(2048)
def label_pattern(labels: tuple[str, ...]) -> Any:
    """Any of the labels as words, up to where a value begins."""
    some = "|".join(re2.escape(fold(one)) for one in sorted(labels, key=len, reverse=True))
    return compiled(
        rf"(?:^|[^a-z0-9])(?P<label>{some})(?:\s*\([^)]{{0,40}}\))?(?:\s*[:;.]+|$|\s)\s*"
    )
