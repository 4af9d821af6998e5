"""Text inside XML: escaped, and without the characters that XML 1.0 cannot hold."""

from __future__ import annotations

import re

# XML 1.0, 2.2: these may not stand in a document, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
    | {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def escaped(text: str) -> str:
    """Text for an element or for an attribute in either kind of quotes."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ENTITIES)
