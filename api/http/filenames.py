"""File names from outside: for people to read, never part of a path or a header as they are."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import quote

from werkzeug.http import parse_options_header

_MAX_LENGTH = 255  # characters
_SEPARATORS = re.compile(r"[/\\]")
_BACKSLASH = re.compile(r'\\([\\"])|\\')
_WORD = re.compile(r"=\?[^?\s]{1,40}\?[bq]\?[^?\s]*\?=", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
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


def plain_backslashes(header: str) -> str:
    """A header in which a backslash that escapes nothing stands for itself, as in `C:\\scan`.

    By RFC 9110 (5.6.4) it would make the letter after it mean itself, and be gone.
    """
    return _BACKSLASH.sub(lambda found: found[0] if found[1] else "\\\\", header)


def decoded_words(name: str) -> str:
    """A file name of which parts may be encoded words (RFC 2047), as mail programs write them."""
    return _WORD.sub(_decoded, _BETWEEN_WORDS.sub("", name))


def _decoded(word: re.Match[str]) -> str:
    try:
        ((data, charset),) = decode_header(word[0])
        return data.decode(charset or "ascii") or word[0]
    except (HeaderParseError, LookupError, ValueError):
        return word[0]


def name_in(header: str | None) -> str | None:
    """The file name in a request's Content-Disposition, whose bytes WSGI hands on as Latin-1."""
    with suppress(UnicodeError):
        header = header and header.encode("latin-1").decode()
    _, parameters = parse_options_header(header and plain_backslashes(header))
    name = parameters.get("filename")
    return name and decoded_words(name)


def disposition(name: str) -> str:
    """A Content-Disposition with this file name, in ASCII as headers must be (RFC 8187)."""
    return f"inline; filename*=UTF-8''{quote(name, safe='')}"


def result_name(document: str | None, suffix: str) -> str:
    """The file name of a result: the document's with another suffix."""
    stem = (document or "result").rpartition(".")[0] or document or "result"
    return f"{stem}.{suffix}"
