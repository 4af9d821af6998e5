"""What stands in a setting that holds several values: read and checked."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_DELAY_S = 7 * 24 * 3600


def networks(value: object) -> tuple[Network, ...]:
    """Networks in CIDR notation, by comma. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in str(value).split(",") if part)


def origins(value: object) -> tuple[str, ...]:
    """Origins of pages, by comma; `*` is all of them. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    found = tuple(part.strip() for part in str(value).split(",") if part.strip())
    for one in found:
        if one != "*" and not re.fullmatch(r"https?://[^/\s?#@]+", one):
            raise ValueError(f"`{one}` is no origin such as https://example.com")
    return found


def schedule(value: object) -> tuple[float, ...]:
    """Delays in seconds, by comma. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    seconds = tuple(float(part) for part in str(value).split(","))
    if any(not 0 <= one <= _MAX_DELAY_S for one in seconds):
        raise ValueError(f"delays are from 0 to {_MAX_DELAY_S} seconds")
    return seconds


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of an address, which is IPv6 in brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether only this machine is meant."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
