"""Keys are shown once, kept as hashes, and open one tenant's jobs until they are revoked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from shared.errors import InvalidOption, SettingError
from shared.settings import Settings
from shared.store.api_keys import ApiKeys, check_exposure


def test_a_key_opens_its_tenants_jobs_until_it_is_revoked(store_client: redis.Redis) -> None:
    keys = ApiKeys(store_client)
    assert not keys.any()
    key, token = keys.create("acme", "scanner")
    assert token.startswith("dk_") and keys.any()
    assert keys.find(token) == key
    assert keys.find(token + "x") is None
    assert [known.id for known in keys.all()] == [key.id]
    assert keys.revoke(key.id) and not keys.revoke(key.id)
    assert keys.find(token) is None


def test_the_store_never_holds_a_key(store_client: redis.Redis) -> None:
    _, token = ApiKeys(store_client).create("acme")
    assert token not in str(store_client.hgetall("docchu:keys"))


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
    def docchu_keys(*arguments: str) -> str:
        command = [sys.executable, "-m", "shared.running.keys_command", *arguments]
        environment = {"DOCCHU_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    token = docchu_keys("create", "--tenant", "acme", "--name", "scanner", "--role", "admin")
    assert token.startswith("dk_")
    listed = docchu_keys("list")
    assert "acme  admin" in listed and "scanner" in listed and token not in listed
    docchu_keys("revoke", token[:9])
    assert docchu_keys("list") == ""
