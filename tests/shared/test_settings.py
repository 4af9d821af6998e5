"""Every setting is read in one place, and a bad value says what was wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import SettingError
from shared.running.env_example import environment_example
from shared.settings import Settings, load_settings


def test_without_variables_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.embedded and settings.on_loopback
    assert (settings.binds, settings.port) == (["127.0.0.1:8080"], 8080)
    assert settings.model_fields_set == set()


BAD = [
    ("DOCCHU_MAX_PAGES", "many"),
    ("DOCCHU_MAX_PAGES", "0"),
    ("DOCCHU_BIND", "8080"),
    ("DOCCHU_AUTH", "maybe"),
    ("DOCCHU_ALLOW_TARGETS", "10.0.0.0/99"),
    ("DOCCHU_WEBHOOK_SCHEDULE_S", "soon"),
    ("DOCCHU_LEASE_S", "-1"),
]


@pytest.mark.parametrize(("variable", "value"), BAD)
def test_a_bad_value_names_the_variable_the_value_and_the_wish(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError) as caught:
        load_settings()
    assert f"{variable}={value} cannot be used" in caught.value.detail
    assert "; it is " in caught.value.detail


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCCHU_MAX_PAGES", "")
    monkeypatch.setenv("DOCCHU_MODELS_DIR", "")
    assert load_settings() == Settings()


def test_a_name_of_before_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCCHU_MAX_DEATHS", "7")
    assert load_settings().max_crashes == 7
    monkeypatch.setenv("DOCCHU_MAX_DEATHS", "x")
    with pytest.raises(SettingError, match="was DOCCHU_MAX_DEATHS"):
        load_settings()


def test_networks_are_given_by_comma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCCHU_ALLOW_TARGETS", "10.0.0.0/8, fd00::/8")
    shown = [str(network) for network in load_settings().allow_targets]
    assert shown == ["10.0.0.0/8", "fd00::/8"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the program runs in, as in a checkout."""
    monkeypatch.delenv("DOCCHU_ENV_FILE")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_stands_in_the_folders_env_file_holds(folder: Path) -> None:
    (folder / ".env").write_text(
        "# ours\nDOCCHU_MAX_PAGES=7\nDOCCHU_MODELS_DIR=\nDOCCHU_WEBHOOK_SCHEDULE_S=0,2.5\n"
        'DOCCHU_DATA_DIR="/srv/sổ sách"  # a name with a space\n'
        "COMPOSE_FILE=docker-compose.yml:docker-compose.gpu.yml\n",
        encoding="utf-8",
    )
    settings = load_settings()
    assert (settings.max_pages, settings.models_dir) == (7, None)
    assert settings.webhook_schedule_s == (0, 2.5)
    assert settings.data_dir == Path("/srv/sổ sách")
    assert settings.model_fields_set == {"max_pages", "webhook_schedule_s", "data_dir"}


def test_every_setting_of_the_env_file_reaches_a_process(folder: Path) -> None:
    """As the example says: uncomment and change what you need."""
    lines = environment_example().splitlines()
    values = [line[1:] for line in lines if line.startswith("#DOCCHU_")]
    assert len(values) == len(Settings.model_fields)
    (folder / ".env").write_text("\n".join(values))
    wanted = {
        line.split("=")[0].removeprefix("DOCCHU_").lower() for line in values if line[-1] != "="
    }
    code = "from shared.settings import load_settings as load; print(*load().model_fields_set)"
    own = {name: text for name, text in os.environ.items() if not name.startswith("DOCCHU_")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) == wanted
    assert load_settings() == Settings()


def test_the_environment_goes_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("DOCCHU_MAX_PAGES=7\nDOCCHU_BIND=127.0.0.1:1\n")
    monkeypatch.setenv("DOCCHU_MAX_PAGES", "8")
    assert (load_settings().max_pages, load_settings().port) == (8, 1)


@pytest.mark.parametrize(("variable", "value"), BAD)
def test_a_bad_value_in_the_file_is_named_likewise(folder: Path, variable: str, value: str) -> None:
    (folder / ".env").write_text(f"{variable}={value}\n")
    with pytest.raises(SettingError, match=f"{variable}={value} cannot be used"):
        load_settings()


def test_another_file_may_be_named_or_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("DOCCHU_MAX_PAGES=7\n")
    (folder / "other").write_text("DOCCHU_MAX_PAGES=9\n")
    monkeypatch.setenv("DOCCHU_ENV_FILE", "other")
    assert load_settings().max_pages == 9
    monkeypatch.setenv("DOCCHU_ENV_FILE", "")
    assert load_settings().max_pages == 2000


@pytest.mark.parametrize("data", [None, b"DOCCHU_MODEL=\xff\n"])
def test_a_file_that_cannot_be_read_stops_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    if data is not None:
        (folder / "own").write_bytes(data)
    monkeypatch.setenv("DOCCHU_ENV_FILE", "own")
    with pytest.raises(SettingError, match="own"):
        load_settings()


@pytest.mark.parametrize(
    ("bind", "loopback"),
    [
        ("127.0.0.1:80", True),
        ("[::1]:80", True),
        ("localhost:80", True),
        ("0.0.0.0:80", False),
        ("[::]:80", False),
        ("docchu.internal:80", False),
        ("127.0.0.1:80, [::1]:81", True),
        ("127.0.0.1:80,0.0.0.0:81", False),
    ],
)
def test_it_knows_whether_others_can_reach_it(bind: str, loopback: bool) -> None:
    assert Settings(bind=bind).on_loopback is loopback


def test_broker_and_store_are_the_same_server() -> None:
    assert Settings(redis_url="redis://r:1/2").broker_url == "redis://r:1/2"
    embedded = Settings(data_dir=Path("/d"))
    assert embedded.store_url == "unix:///d/valkey.sock?db=0"
    assert embedded.broker_url == "redis+socket:///d/valkey.sock?virtual_host=0"


def test_a_socket_path_that_the_kernel_would_refuse_is_shortened() -> None:
    deep = Settings(data_dir=Path("/" + "deep/" * 40))
    assert len(str(deep.socket_path)) < 108
    assert deep.socket_path != Settings(data_dir=Path("/" + "deep/" * 41)).socket_path


def test_the_example_shows_every_setting_as_it_is() -> None:
    shown = Path(__file__).parents[2] / ".env.example"
    assert shown.read_text() == environment_example()
