"""Every setting is read in one place, and a bad value says what was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import SettingError
from shared.settings import Settings, environment_example, load_settings


def test_without_variables_the_defaults_hold() -> None:
    settings = load_settings({})
    assert settings.embedded and settings.on_loopback
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DOCCHU_MAX_PAGES", "many"),
        ("DOCCHU_MAX_PAGES", "0"),
        ("DOCCHU_BIND", "8080"),
        ("DOCCHU_AUTH", "maybe"),
        ("DOCCHU_ALLOW_TARGETS", "10.0.0.0/99"),
        ("DOCCHU_LEASE_S", "-1"),
    ],
)
def test_a_bad_value_names_the_variable_the_value_and_the_wish(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings({variable: value})
    assert variable in caught.value.detail and value in caught.value.detail


def test_an_empty_variable_means_the_default() -> None:
    assert load_settings({"DOCCHU_MAX_PAGES": ""}) == load_settings({})


def test_networks_are_given_by_comma() -> None:
    settings = load_settings({"DOCCHU_ALLOW_TARGETS": "10.0.0.0/8, fd00::/8"})
    assert [str(network) for network in settings.allow_targets] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("bind", "loopback"),
    [
        ("127.0.0.1:80", True),
        ("[::1]:80", True),
        ("localhost:80", True),
        ("0.0.0.0:80", False),
        ("[::]:80", False),
        ("docchu.internal:80", False),
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
