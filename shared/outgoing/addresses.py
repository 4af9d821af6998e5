"""Where outgoing requests may go: http(s) to public addresses, or to networks the operator opens.

A name is resolved once; the connection then goes to the very addresses that were checked here, so a
second answer of the name server (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from shared.errors import AddressRefused
from shared.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""Turns a host name and a port into addresses. Raises OSError where the name has none."""

_MAX_URL_LENGTH = 2048  # characters
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
# Whatever `ipaddress` calls global, or did in some of its releases, and yet leads inside.
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598), cloud metadata among it
        "168.63.129.16/32",  # Azure's platform endpoint
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible (RFC 4291), loopback and unspecified among it
        "64:ff9b:1::/48",  # NAT64 of local use (RFC 8215)
        "100::/64",
        "2001::/32",  # Teredo (RFC 4380): the embedded address is a relay's matter
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",  # site-local (RFC 3879)
        "ff00::/8",
    )
)
_MAX_LOOKUPS = 8  # that are waited for, in one process
_lookups = threading.BoundedSemaphore(_MAX_LOOKUPS)
_resolving = ThreadPoolExecutor(_MAX_LOOKUPS, "resolving")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """A URL with the addresses that were checked, in the resolver's order."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_plain(url: str, allow: Sequence[Network] = ()) -> None:
    """Check what can be said of a URL without asking a name server. Raises AddressRefused."""
    parts = _split(url)
    host, _ = _host(parts), _port(parts)
    known = [host]
    if host.removesuffix(".").rpartition(".")[2] == "localhost":
        known = ["127.0.0.1", "::1"]  # whatever a name server says of it (RFC 6761, 6.3)
    elif not _is_address(host):
        return
    if not any(_is_allowed(address, allow) for address in known):
        raise AddressRefused(f"The host {host} is not at a public address.")


def check_briefly(
    url: str, allow: Sequence[Network] = (), resolver: Resolver = resolve, patience_s: float = 1
) -> None:
    """Check a URL that will be checked again before it is used. Raises AddressRefused.

    The look-up of its name is waited for only so long, and not at all where many wait already: a
    name server that does not answer must not hold the caller.
    """
    check_plain(url, allow)
    if not _lookups.acquire(blocking=False):
        return

    def look_up() -> None:
        try:
            check(url, allow, resolver)
        finally:
            _lookups.release()

    with suppress(TimeoutError):
        _resolving.submit(look_up).result(patience_s)


def check(url: str, allow: Sequence[Network] = (), resolver: Resolver = resolve) -> Target:
    """Resolve a URL's host and check every address of it. Raises AddressRefused."""
    parts = _split(url)
    host, port = _host(parts), _port(parts)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        path += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~")
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"The host {host} has no address.") from error
    if not found:
        raise AddressRefused(f"The host {host} has no address.")
    for text in found:
        if not _is_allowed(text, allow):
            # Which address it is stays unsaid: a caller must not map the inside by asking.
            raise AddressRefused(f"The host {host} is not at a public address.")
    return Target(url, parts.scheme.lower(), host, port, path, tuple(found))


def is_public(address: Address) -> bool:
    """Whether an address, and any IPv4 address inside it, is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        return False
    return all(
        one.is_global
        and not one.is_multicast
        and not one.is_reserved
        and not any(one in network for network in _REFUSED if network.version == one.version)
        for one in _embedded(address)
    )


def _is_allowed(text: str, allow: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    return is_public(address) or any(
        address in network for network in allow if network.version == address.version
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _embedded(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 address that a transition mechanism would lead to."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(address.packed[-4:])
    else:
        yield address
        if address.sixtofour:
            yield address.sixtofour


def _split(url: str) -> SplitResult:
    if len(url) > _MAX_URL_LENGTH:
        raise AddressRefused(f"The URL is longer than {_MAX_URL_LENGTH} characters.")
    # Parsers disagree about these, and where two disagree, one can be led past the other.
    if any(ord(c) <= 32 or c == "\\" or 127 <= ord(c) < 160 for c in url):
        raise AddressRefused("The URL has spaces, backslashes or control characters.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AddressRefused("The URL is malformed.") from error
    if parts.scheme.lower() not in _PORTS:
        raise AddressRefused("The URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise AddressRefused("The URL must have no user name or password.")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise AddressRefused("The URL's port is no number up to 65535.") from error
    port = _PORTS[parts.scheme.lower()] if port is None else port
    if not 1 <= port <= _MAX_PORT:
        raise AddressRefused("The URL's port is no number from 1 to 65535.")
    return port


def _host(parts: SplitResult) -> str:
    """The host as ASCII. Refuses numbers that only some programs take for an address."""
    host = (parts.hostname or "").lower()
    if parts.netloc.startswith("["):
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError as error:
            raise AddressRefused("The URL's host is no IPv6 address.") from error
        if address.scope_id:
            raise AddressRefused("The URL's host must have no zone.")
        return str(address)
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressRefused("The URL's host is no host name.") from error
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("The URL's host is no host name.")
    # A host whose last label is a number is an address (WHATWG URL, "ends in a number"): then it
    # must be one in full. `127.1`, `0x7f000001`, `017700000001` and `2130706433` all are not.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host.removesuffix(".")))
        except ValueError as error:
            raise AddressRefused("The URL's host is a malformed IPv4 address.") from error
    return host
