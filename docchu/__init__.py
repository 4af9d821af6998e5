"""Docchu from Python (`from docchu import Docchu, AsyncDocchu`) and the command; nothing of the
server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docchu.async_client import AsyncDocchu
    from docchu.client import Docchu

__all__ = ["AsyncDocchu", "Docchu"]


def __getattr__(name: str) -> Any:
    # Late (PEP 562): the command's help needs no HTTP client, and a verifier of webhooks none.
    if name == "Docchu":
        from docchu.client import Docchu

        return Docchu
    if name == "AsyncDocchu":
        from docchu.async_client import AsyncDocchu

        return AsyncDocchu
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
