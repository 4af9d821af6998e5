"""What one document and one page may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the children have no use for settings
    from shared.settings import Settings


@dataclass(frozen=True)
class LoadLimits:
    """How large pages may be and what a child process may spend on one of them."""

    max_page_pixels: int = 50_000_000
    """An A3 page at 400 dpi has 31 million; a child needs up to 16 bytes for each."""
    max_pages: int = 2000
    max_memory_bytes: int = 2 * 1024**3
    """Address space of a child. About 0.1 GiB of it is the interpreter and its libraries."""
    page_wall_s: float = 30.0
    page_cpu_s: int = 30
    """Seconds of processor time for one request; what the kernel enforces, in whole seconds."""
    pdf_dpi: int = 200
    """The resolution that PDF pages are rendered at. Ten-point text is 36 pixels high at that, near
    the 48 that the recogniser sees. Vietnamese text of 9 points and more reads no better at 250 or
    300 (tried with tesseract), at 1.6 and 2.3 times the cost; below 200 errors rise."""
    requests_per_child: int = 2000
    """After so many requests a child is replaced, so that no leak of a decoder adds up."""


def limits_of(settings: Settings) -> LoadLimits:
    """Those that are set."""
    return LoadLimits(
        max_page_pixels=settings.max_page_pixels,
        max_pages=settings.max_pages,
        max_memory_bytes=settings.page_memory_bytes,
        page_wall_s=settings.page_wall_s,
    )
