"""Keys are shown once, kept as hashes, and open one tenant's jobs until they are revoked."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from shared.errors import InvalidOption, SettingError
from shared.settings import Settings
from shared.store.api_keys import ApiKeys, check_exposure, token_hash


def test_a_key_opens_its_tenants_jobs_until_it_is_revoked(store_client: redis.Redis) -> None:
    keys = ApiKeys(store_client)
    assert not keys.any()
    key, token = keys.create("acme", "scanner")
    assert token.startswith("dk_") and keys.any()
    found = keys.find(token)
    assert found and found.model_copy(update={"used_at": None}) == key
    assert keys.find(token + "x") is None
    assert [known.id for known in keys.all()] == [key.id]
    assert keys.revoke(key.id) and not keys.revoke(key.id)
    assert keys.find(token) is None


def test_the_store_never_holds_a_key(store_client: redis.Redis) -> None:
    _, token = ApiKeys(store_client).create("acme")
    assert token not in str(store_client.hgetall("docchu:keys"))


def test_a_key_is_over_at_its_time_and_what_it_had_opened_with_it(
    store_client: redis.Redis,
) -> None:
    now = [datetime(2026, 11, 26, tzinfo=UTC)]
    keys = ApiKeys(store_client, lambda: now[0])
    key, token = keys.create(expires_at=now[0] + timedelta(days=1))
    assert keys.find(token) and keys.in_use([token_hash(token)])
    now[0] += timedelta(days=1)
    assert keys.find(token) is None and not keys.in_use([token_hash(token)])
    assert keys.any() and [one.id for one in keys.all()] == [key.id]


def test_a_keys_last_use_is_known_to_a_minute_and_written_no_oftener(
    store_client: redis.Redis,
) -> None:
    now = [datetime(2026, 11, 26, tzinfo=UTC)]
    keys = ApiKeys(store_client, lambda: now[0])
    key, token = keys.create()
    assert keys.all()[0].used_at is None

    def writes() -> int:
        return int(store_client.info("commandstats")["cmdstat_hset"]["calls"])

    before, used = writes(), now[0]
    for _ in range(60):
        assert keys.find(token)
        now[0] += timedelta(milliseconds=900)
    assert writes() - before == 1 and keys.all()[0].used_at == used
    now[0] += timedelta(seconds=6)
    assert keys.find(token) and keys.all()[0].used_at == now[0]
    keys.revoke(key.id)
    assert store_client.keys("docchu:keys*") == []


@pytest.mark.parametrize("tenant", ["", "Acme", "a b", "../x", "-a", "a" * 64, "đơn-vị"])
def test_a_tenant_that_could_not_be_a_folder_is_refused(
    store_client: redis.Redis, tenant: str
) -> None:
    with pytest.raises(InvalidOption):
        ApiKeys(store_client).create(tenant)


def test_a_service_that_others_can_reach_wants_a_key(store_client: redis.Redis) -> None:
    keys = ApiKeys(store_client)
    open_to_all = Settings(bind="0.0.0.0:8080")
    with pytest.raises(SettingError, match="docchu keys create"):
        check_exposure(open_to_all, keys)
    check_exposure(Settings(bind="127.0.0.1:8080"), keys)
    check_exposure(open_to_all.model_copy(update={"auth": "off"}), keys)
    keys.create()
    check_exposure(open_to_all, keys)


def test_the_command_works_while_nothing_runs(tmp_path: Path) -> None:
    told: list[str] = []

    def docchu_keys(*arguments: str) -> str:
        command = [sys.executable, "-m", "shared.running.keys_command", *arguments]
        environment = {"DOCCHU_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        told.append(done.stderr)
        return done.stdout.strip()

    named = ["--tenant", "acme", "--name", "scanner", "--role", "admin"]
    token = docchu_keys("create", *named, "--expires", "2999-01-31")
    assert token.startswith("dk_")
    listed = docchu_keys("list")
    assert "acme  admin" in listed and "scanner" in listed and token not in listed
    assert "never  2999-01-31 00:00" in listed
    other = docchu_keys("create")
    docchu_keys("revoke", token[:9])
    assert "last one" not in told[-1]
    docchu_keys("revoke", other[:9])
    assert "It was the last one: a service on loopback wants none any more" in told[-1]
    assert docchu_keys("list") == "" and "There are no keys." in told[-1]
