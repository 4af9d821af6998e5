"""A story with small limits for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.keeper.unpacking.stories import Story, make_story


@pytest.fixture
def make(valkey_settings: Settings, tmp_path: Path) -> Callable[..., Story]:
    """Make a story with some settings changed."""
    return lambda **changes: make_story(valkey_settings, tmp_path, **changes)


@pytest.fixture
def story(make: Callable[..., Story]) -> Story:
    """A story with small limits."""
    return make()
