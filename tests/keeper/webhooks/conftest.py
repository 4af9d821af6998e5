"""A post office and a receiver for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bench.receiver import Receiver, receiving
from tests.keeper.webhooks.stories import Post


@pytest.fixture
def post(store_client: redis.Redis, tmp_path: Path) -> Post:
    return Post(store_client, tmp_path)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found
