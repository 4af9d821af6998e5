"""API keys: who may call, and for which tenant. Only a hash of a key is kept."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel

from shared.errors import InvalidOption, SettingError
from shared.settings import Settings
from shared.store import keys
from shared.store.scripts import Client, store_faults

_SECRET_BYTES = 32
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

DEFAULT_TENANT = "default"
"""The tenant of a service that runs without keys."""


Role = Literal["submit", "admin"]
"""`submit`: what a tenant does with its own; `admin`: also to see what is of the whole service."""


class ApiKey(BaseModel):
    """A key without its secret. `id` is its public beginning, enough to revoke it by."""

    id: str
    tenant: str
    name: str
    role: Role = "submit"
    created_at: datetime


class ApiKeys:
    """The keys of all tenants. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self, tenant: str = DEFAULT_TENANT, name: str = "", role: Role = "submit"
    ) -> tuple[ApiKey, str]:
        """Make a key; its token is shown this once. Raises InvalidOption for a bad tenant."""
        if not _TENANT.fullmatch(tenant):
            raise InvalidOption(
                f"The tenant {tenant!r} must be 1 to 63 lower-case letters, digits, - or _, "
                "and begin with a letter or digit."
            )
        token = f"dk_{secrets.token_urlsafe(_SECRET_BYTES)}"
        now = datetime.now(UTC)
        key = ApiKey(id=token[:9], tenant=tenant, name=name, role=role, created_at=now)
        with store_faults():
            self._client.hset(keys.API_KEYS, token_hash(token), key.model_dump_json())
        return key, token

    def all(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        with store_faults():
            texts = self._client.hvals(keys.API_KEYS)
        found = [ApiKey.model_validate_json(text) for text in texts]
        return sorted(found, key=lambda key: key.created_at)

    def revoke(self, key_id: str) -> bool:
        """Take a key out of use; whether there was one of this id."""
        with store_faults():
            for digest, text in self._client.hgetall(keys.API_KEYS).items():
                if ApiKey.model_validate_json(text).id == key_id:
                    return bool(self._client.hdel(keys.API_KEYS, digest))
        return False

    def find(self, token: str) -> ApiKey | None:
        """The key of this token, if there is one.

        The look-up is by the hash of a 256-bit secret, so its timing tells nothing of other keys.
        """
        with store_faults():
            text = self._client.hget(keys.API_KEYS, token_hash(token))
        return ApiKey.model_validate_json(text) if text else None

    def in_use(self, hashes: Collection[str]) -> set[str]:
        """Which of these keys, each by the hash of its token, are in use."""
        names = list(hashes)
        if not names:
            return set()
        with store_faults():
            texts = self._client.hmget(keys.API_KEYS, names)
        return {name for name, text in zip(names, texts, strict=True) if text}

    def any(self) -> bool:
        """Whether there is a key at all."""
        with store_faults():
            return bool(self._client.hlen(keys.API_KEYS))


def check_exposure(settings: Settings, api_keys: ApiKeys) -> None:
    """Raise SettingError if others could reach this service and anybody of them would be let in."""
    if settings.on_loopback or settings.auth == "off" or api_keys.any():
        return
    where = f"PUBLISH={settings.publish}" if settings.publish else f"BIND={settings.bind}"
    folder = f"DOCCHU_DATA_DIR={settings.data_dir.resolve()} " if settings.embedded else ""
    raise SettingError(
        f"DOCCHU_{where} can be reached from other machines, and there is no API key. "
        f"Make one with `{folder}docchu keys create`, or set DOCCHU_AUTH=off to let everybody in."
    )


def token_hash(token: str) -> str:
    """What a key is stored as."""
    return sha256(token.encode()).hexdigest()
