"""Variables that look like settings and are none: a slip would change nothing, and nobody know."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from shared.settings import ENV_PREFIX, Settings, env_file

NOT_SETTINGS = ("URL", "API_KEY", "PASSWORD", "WEBHOOK_SECRET", "ENV_FILE", "MAX_DEATHS")
"""Of the client, of receivers, of where settings are read; and a former name."""
_TESTS = "TEST_"


def unknown_variables() -> dict[str, str]:
    """Variables of ours, in the environment or `.env`, that are no settings, and what to do."""
    file = env_file()
    in_file = dotenv_values(file) if file and Path(file).is_file() else {}
    return dict(_unknown({*os.environ, *in_file}))


def _unknown(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(names):
        is_ours, bare = name.startswith(ENV_PREFIX), name.removeprefix(ENV_PREFIX)
        if is_ours and bare not in (*known, *NOT_SETTINGS) and not bare.startswith(_TESTS):
            close = get_close_matches(bare, known, 1, cutoff=0.75)
            meant = f"Is {ENV_PREFIX}{close[0]} meant?" if close else "Is it misspelt?"
            yield name, f"{meant} .env.example lists all settings."
