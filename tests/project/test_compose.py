"""The compose files: one command starts a service, and what `.env` says reaches its processes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.settings import Settings

ROOT = Path(__file__).parents[2]
OURS = ("api", "worker", "keeper")
FIXED = {"DOCCHU_DATA_DIR", "DOCCHU_BIND"}
"""What only the container itself can know."""
ENV_FILE = "DOCCHU_ENV_FILE"
"""The file where the store's address stands, with its password."""


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / name).read_text())["services"]
    return found


def test_one_command_starts_a_worker_on_any_machine() -> None:
    base = services("docker-compose.yml")
    assert set(base) == {"secret", "redis", *OURS}
    assert not [name for name, one in base.items() if "profiles" in one or "deploy" in one]


def test_every_container_is_bounded_and_has_the_rights_that_it_needs() -> None:
    for name, one in services("docker-compose.yml").items():
        assert one["read_only"] and one["tmpfs"] == ["/tmp"] and one["init"], name
        assert one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges:true"]
        assert one["mem_limit"] and one["pids_limit"] and one["logging"]["options"]["max-size"]
        assert name not in OURS or one["build"]["dockerfile"].startswith("Dockerfile.")


def test_the_store_has_a_password_that_stands_in_a_file_alone(tmp_path: Path) -> None:
    (script,) = services("docker-compose.yml")["secret"]["command"]
    script = script.replace("$$", "$").replace("/secrets", str(tmp_path))
    subprocess.run(["sh", "-euc", script], check=True)
    made = [(tmp_path / name).read_text() for name in ("redis.conf", "docchu.env")]
    password = made[0].removeprefix("requirepass ").strip()
    assert len(password) == 64 and made[1] == f"DOCCHU_REDIS_URL=redis://:{password}@redis:6379/0\n"
    subprocess.run(["sh", "-euc", script], check=True)
    assert (tmp_path / "redis.conf").read_text() == made[0], "made once"
    assert "DOCCHU_REDIS_URL" not in services("docker-compose.yml")["api"]["environment"]


def test_the_gpu_file_changes_the_worker_alone() -> None:
    over = services("docker-compose.gpu.yml")
    assert set(over) == {"worker"}
    assert over["worker"]["environment"] == {"DOCCHU_DEVICE": "${DOCCHU_DEVICE:-cuda}"}
    (device,) = over["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_the_env_file_reaches_each_process(name: str) -> None:
    service = services("docker-compose.yml")[name]
    assert service["env_file"] == [{"path": ".env", "required": False}]
    settings = {**service["environment"]}
    assert settings.pop(ENV_FILE) == "/secrets/docchu.env"
    for variable, value in settings.items():
        assert variable.removeprefix("DOCCHU_").lower() in Settings.model_fields
        assert variable in FIXED or value.startswith(f"${{{variable}:-"), f"{variable} is lost"


def test_the_api_knows_where_it_is_published() -> None:
    """Else it could not tell this machine's browser from a page that got there by DNS rebinding."""
    api = services("docker-compose.yml")["api"]
    assert api["ports"] == [f"{api['environment']['DOCCHU_PUBLISH']}:8080"]
    default = api["environment"]["DOCCHU_PUBLISH"].partition(":-")[2].rstrip("}")
    settings = Settings(bind=api["environment"]["DOCCHU_BIND"], publish=default)
    assert settings.on_loopback and settings.auth == "auto"
