"""`docchu mcp`: serve an assistant over its own pipes, or over HTTP on this machine."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

_MISSING = "docchu: `docchu mcp` wants the package `mcp`: pip install 'docchu[mcp]'"


def serve(url: str, api_key: str | None, root: Path | None, http: str | None) -> int:
    """Serve until the assistant goes, or is interrupted. Answers the exit code."""
    try:
        from docchu.mcp.server import make_server
    except ModuleNotFoundError as error:
        if error.name != "mcp":
            raise
        print(_MISSING, file=sys.stderr)
        return 2
    from docchu.client import Docchu

    if http is None:
        with Docchu(url, api_key) as client:
            make_server(client, root or Path.cwd()).run("stdio")
        return 0
    host, _, port = http.rpartition(":")
    if not port.isdecimal() or not _is_loopback(host.strip("[]")):
        # Whoever reached it would read with the key that it was started with.
        print(
            "docchu: --http wants an address of this machine, such as 127.0.0.1:8090: it asks "
            "nobody who they are. For others put a proxy that does in front of it.",
            file=sys.stderr,
        )
        return 2
    with Docchu(url, api_key) as client:
        make_server(client, root).run("streamable-http", host=host.strip("[]"), port=int(port))
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
