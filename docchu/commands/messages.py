"""How the commands end and what they tell on stderr."""

from __future__ import annotations

import sys

from docchu.errors import (
    DocchuError,
    InvalidOption,
    ServiceNotReachable,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)

ALL_READ, SOME_FAILED, USAGE, NO_SERVICE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""
HOPELESS = (ServiceNotReachable, Unauthorized, Unavailable, UnexpectedAnswer, InvalidOption)
"""After these nothing else can be read either."""
_FORBIDDEN = 403  # the key is known, and not for this: the service says what it is for
# What a hostile document could do to a terminal; form feeds, tabs and line ends stay.
CONTROLS = {c: None for c in (*range(32), *range(127, 160)) if chr(c) not in "\n\t\f"}


def tell(message: str) -> None:
    """Write one line to stderr."""
    print(f"docchu: {message}".translate(CONTROLS), file=sys.stderr)


def why_hopeless(error: DocchuError, url: str, key: str | None) -> str:
    """Say what a person can do about an error after which nothing can be read."""
    if isinstance(error, Unauthorized) and error.status == _FORBIDDEN:
        return f"{error.detail} ({error.code} at {url})"
    if isinstance(error, Unauthorized):
        wanted = "does not take this API key" if key else "wants an API key"
        return f"The service at {url} {wanted}: give --api-key or set DOCCHU_API_KEY"
    if error.code == ServiceNotReachable.code:
        return f"{error.detail}: start one with `docchu serve` or give --url"
    if isinstance(error, UnexpectedAnswer):
        return f"{error.detail} Is {url} the address of a Docchu service?"
    return f"{error.detail} ({error.code} at {url})"
