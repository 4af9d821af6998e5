"""File names from outside: for people to read, never part of a path or a header as they are."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

_MAX_LENGTH = 255  # characters
_SEPARATORS = re.compile(r"[/\\]")
# Control, format (turns the reading direction), surrogate; line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def base_name(text: str | None) -> str | None:
    """The last part of a file name in NFC, without what cannot be seen; None if nothing is left."""
    if not text:
        return None
    last = _SEPARATORS.split(text)[-1]
    seen = "".join(c for c in last if unicodedata.category(c) not in _UNSEEN)
    name = unicodedata.normalize("NFC", seen).strip()[:_MAX_LENGTH]
    return None if name in ("", ".", "..") else name


def disposition(name: str) -> str:
    """A Content-Disposition with this file name, in ASCII as headers must be (RFC 8187)."""
    return f"inline; filename*=UTF-8''{quote(name, safe='')}"


def result_name(document: str | None, suffix: str) -> str:
    """The file name of a result: the document's with another suffix."""
    stem = (document or "result").rpartition(".")[0] or document or "result"
    return f"{stem}.{suffix}"
