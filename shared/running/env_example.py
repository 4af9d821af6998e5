"""`.env.example`, written from the settings."""

from __future__ import annotations

from shared.settings import ENV_PREFIX, Settings

_EXAMPLE_HEAD = """\
# Every setting of Docchu with its default. Copy this file to `.env`, uncomment and change what you
# need: `make run`, `docchu keys` and `docker compose` read it. What stands in the environment goes
# before it.

# Of docker compose: with an NVIDIA GPU.
#COMPOSE_FILE=docker-compose.yml:docker-compose.gpu.yml"""


def environment_example() -> str:
    """The text of `.env.example`: every variable with its default and meaning."""
    rows = [_EXAMPLE_HEAD]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        if isinstance(default, tuple):
            default = ",".join(str(part) for part in default)
        rows += ["", f"# {field.description}", f"#{ENV_PREFIX}{name.upper()}={default}"]
    return "\n".join(rows) + "\n"
