"""API keys: who may call, and for which tenant. Only a hash of a key is kept."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel

from shared.errors import InvalidOption, SettingError, Unavailable
from shared.settings import Settings
from shared.store import keys
from shared.store.scripts import Client, store_faults

_SECRET_BYTES = 32
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

DEFAULT_TENANT = "default"
"""The tenant of a service that runs without keys."""


Role = Literal["submit", "read", "admin"]
"""What a key is for (`api/http/auth.py`); one without a role is for all that is of its tenant."""
_NOTED = timedelta(minutes=1)  # a key's last use is written once in it, not with each request


def _now() -> datetime:
    return datetime.now(UTC)


class ApiKey(BaseModel):
    """A key without its secret. `id` is its public beginning, enough to revoke it by."""

    id: str
    tenant: str
    name: str
    role: Role | None = None
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


class ApiKeys:
    """The keys of all tenants. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Callable[[], datetime] = _now) -> None:
        self._client = client
        self._clock = clock

    def create(
        self,
        tenant: str = DEFAULT_TENANT,
        name: str = "",
        role: Role | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; its token is shown this once. Raises InvalidOption for a bad tenant."""
        if not _TENANT.fullmatch(tenant):
            raise InvalidOption(
                f"The tenant {tenant!r} must be 1 to 63 lower-case letters, digits, - or _, "
                "and begin with a letter or digit."
            )
        token = f"dk_{secrets.token_urlsafe(_SECRET_BYTES)}"
        key = ApiKey(
            id=token[:9],
            tenant=tenant,
            name=name,
            role=role,
            created_at=self._clock(),
            expires_at=expires_at,
        )
        text = key.model_dump_json(exclude={"used_at"}, exclude_none=True)
        with store_faults():
            self._client.hset(keys.API_KEYS, token_hash(token), text)
        return key, token

    def all(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        with store_faults():
            texts = self._client.hgetall(keys.API_KEYS)
            used = self._client.hgetall(keys.API_KEYS_USED)
        found = [_key(text, used.get(digest)) for digest, text in texts.items()]
        return sorted(found, key=lambda key: key.created_at)

    def revoke(self, key_id: str) -> bool:
        """Take a key out of use; whether there was one of this id."""
        with store_faults():
            for digest, text in self._client.hgetall(keys.API_KEYS).items():
                if ApiKey.model_validate_json(text).id == key_id:
                    self._client.hdel(keys.API_KEYS_USED, digest)
                    return bool(self._client.hdel(keys.API_KEYS, digest))
        return False

    def find(self, token: str) -> ApiKey | None:
        """The key of this token, if there is one that is not over, and note its use.

        The look-up is by the hash of a 256-bit secret, so its timing tells nothing of other keys.
        """
        digest, now = token_hash(token), self._clock()
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.hget(keys.API_KEYS, digest)
            pipe.hget(keys.API_KEYS_USED, digest)
            text, used = pipe.execute()
        key = _key(text, used) if text else None
        if key is None or key.is_over(now):
            return None
        if key.used_at is None or abs(now - key.used_at) >= _NOTED:
            with suppress(Unavailable), store_faults():  # a full store can still be read from
                self._client.hset(keys.API_KEYS_USED, digest, now.isoformat())
        return key

    def in_use(self, hashes: Collection[str]) -> set[str]:
        """Which of these keys, each by the hash of its token, are in use."""
        names = list(hashes)
        if not names:
            return set()
        with store_faults():
            texts = self._client.hmget(keys.API_KEYS, names)
        now = self._clock()
        return {
            name
            for name, text in zip(names, texts, strict=True)
            if text and not _key(text).is_over(now)
        }

    def any(self) -> bool:
        """Whether there is a key at all; one that is over does not open the service again."""
        with store_faults():
            return bool(self._client.hlen(keys.API_KEYS))


def _key(text: str, used_at: str | None = None) -> ApiKey:
    key = ApiKey.model_validate_json(text)
    return key.model_copy(update={"used_at": datetime.fromisoformat(used_at) if used_at else None})


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
