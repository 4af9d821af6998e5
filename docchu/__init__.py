"""Docchu from Python (`from docchu import Docchu`) and the command; imports none of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docchu.client import Docchu

__all__ = ["Docchu"]


def __getattr__(name: str) -> Any:
    # Late (PEP 562): the command's help needs no HTTP client, and a verifier of webhooks none.
    if name == "Docchu":
        from docchu.client import Docchu

        return Docchu
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
