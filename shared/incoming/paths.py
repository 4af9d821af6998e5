"""Names with folders that come from outside: made safe, or found to be a trick."""

from __future__ import annotations

import re
import unicodedata

MAX_CUSTOM_ID = 512
"""Characters of a document's own name in its batch."""

_DRIVE = re.compile(r"[A-Za-z]:")
_UNSEEN_FOLDERS = ("__MACOSX",)
_UNSEEN_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def printable(text: str) -> str:
    """The text in NFC without what cannot be seen; a space for every kind of space."""
    seen = ("\x20" if unicodedata.category(c) == "Zs" else c for c in text)
    return unicodedata.normalize("NFC", "".join(c for c in seen if c.isprintable()))


def shown(text: str) -> str:
    """The text with a sign in place of each character that cannot be seen."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def clean_path(text: str) -> str:
    """A relative path with `/`, in NFC, that leads nowhere else; empty if nothing is left."""
    parts = printable(text.replace("\\", "/")).split("/")
    if parts and (drive := _DRIVE.match(parts[0])):
        parts[0] = parts[0][drive.end() :]
    return "/".join(part for part in parts if part.strip() not in ("", ".", ".."))


def trick_in(path: str) -> str | None:
    """Why a path in an archive is not a plain one inside it; None if it is."""
    parts = path.replace("\\", "/").split("/")
    if parts[0] == "":
        return "Its path is absolute."
    if _DRIVE.match(parts[0]):
        return "Its path names a drive."
    if ".." in map(str.strip, parts):
        return "Its path leads out of the archive."
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in path):
        return "Its name has control characters."
    return None


def is_litter(path: str) -> bool:
    """Whether it is a file that a system leaves in folders and nobody means to send."""
    folders, _, name = path.replace("\\", "/").rpartition("/")
    return (
        any(folder in _UNSEEN_FOLDERS for folder in folders.split("/"))
        or name.startswith("._")
        or name.casefold() in _UNSEEN_FILES
    )
