"""What `docchu admin doctor` looks at in the job store."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import redis
from redis.sentinel import SentinelConnectionPool

from shared.admin.findings import Finding
from shared.errors import Unavailable
from shared.store import keys
from shared.store.replicas import ReplicatedClient
from shared.store.schema.version import SCHEMA
from shared.store.scripts import Client, Scripts, store_faults

_LEAST_VERSION = (6, 2)
_FULL = 0.8  # of its memory


def store(client: Client) -> Iterator[Finding]:
    """Whether it can be used, keeps what it is given, and may be used by us."""
    info = _info(client, "server")
    version = str(info.get("valkey_version") or info.get("redis_version") or "unknown")
    name = "Valkey" if info.get("valkey_version") else "Redis"
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if parts and parts < _LEAST_VERSION:
        yield Finding("store", "error", f"{name} {version}", "Use 6.2 or newer.")
    else:
        yield Finding("store", "ok", f"{name} {version} answers")
    yield _rights(client)
    yield from _keeping(client)
    if isinstance(client.connection_pool, SentinelConnectionPool):
        yield from _replicated(client)
    with store_faults():
        schema = client.get(keys.SCHEMA)
    if schema is not None and int(schema) > SCHEMA:
        said = f"its records are of schema {schema}, this program knows {SCHEMA}"
        yield Finding("store", "error", said, "Start the newer Docchu that wrote them.")
    elif schema is not None and int(schema) < SCHEMA:
        said = f"its records are of schema {schema}: the first process that starts takes them over"
        advice = "Stop all processes of the older version before."
        yield Finding("store", "warning", said, advice)


def _rights(client: Client) -> Finding:
    """Do once what the service does, to a key of its own."""
    name = f"{keys.PREFIX}doctor:{secrets.token_hex(4)}"
    try:
        Scripts(client).steady_ms()
        with store_faults():
            client.set(name, "1", ex=60)
            client.xadd(f"{name}:stream", {"a": "b"})
            client.publish(keys.events("doctor"), "look")
            list(client.scan_iter(f"{name}*", count=1000))
            client.delete(name, f"{name}:stream")
    except Unavailable as error:
        if not isinstance(error.__cause__, redis.exceptions.NoPermissionError):
            raise
        advice = "docs/running.md has the rights that the store's user needs."
        return Finding("store", "error", f"a right is missing: {error.__cause__}", advice)
    return Finding("store", "ok", "the user has the rights")


def _keeping(client: Client) -> Iterator[Finding]:
    """Whether an accepted job survives the store's restart, and its filling up."""
    memory, persistence = _info(client, "memory"), _info(client, "persistence")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        advice = "Set `maxmemory-policy noeviction`, or accepted jobs vanish."
        yield Finding("store", "error", f"it throws records away when full ({policy})", advice)
    if not persistence.get("aof_enabled"):
        advice = (
            "Set `appendonly yes` and `appendfsync always`, or a power cut loses accepted jobs."
        )
        yield Finding("store", "error", "it does not write what it is given to the disk", advice)
    elif (fsync := _configured(client, "appendfsync")) not in (None, "always"):
        advice = "Set `appendfsync always`, or a power cut loses the last second's jobs."
        yield Finding("store", "warning", f"appendfsync is {fsync}", advice)
    else:
        yield Finding("store", "ok", "it keeps what it is given")
    if persistence.get("aof_last_write_status", "ok") != "ok":
        yield Finding("store", "error", "its last write failed", "Look at its disk, and its log.")
    used, most = int(memory.get("used_memory", 0)), int(memory.get("maxmemory", 0))
    if most and used > _FULL * most:
        advice = "Raise `maxmemory`, or keep records for less time (DOCCHU_TOMBSTONE_TTL_S)."
        yield Finding("store", "warning", f"{used / most:.0%} of its memory is in use", advice)


def _replicated(client: Client) -> Iterator[Finding]:
    """Whether an accepted job survives the death of the primary that took it."""
    info = _info(client, "replication")
    num = int(info.get("connected_slaves", 0))
    if num == 0:
        advice = "Start one, or look at its log: nothing takes the primary's place."
        yield Finding("store", "error", "the primary has no replica", advice)
    if "min_slaves_good_slaves" not in info:
        advice = "Set `min-replicas-to-write 1`, or a primary that is cut off takes jobs in vain."
        yield Finding("store", "warning", "the primary takes work without a replica", advice)
    if not isinstance(client, ReplicatedClient):
        advice = "Put `?replicas=1` behind DOCCHU_REDIS_URL, or a failover may lose accepted jobs."
        yield Finding("store", "warning", "work is accepted before a replica has it", advice)
    elif num:
        yield Finding("store", "ok", f"{num} replicas, which have what is accepted")


def _info(client: Client, section: str) -> dict[str, Any]:
    with store_faults():
        found: dict[str, Any] = client.info(section)
    return found


def _configured(client: Client, name: str) -> str | None:
    try:
        found: dict[str, str] = client.config_get(name)
    except redis.RedisError:
        return None  # a user who may not ask
    return found.get(name)
