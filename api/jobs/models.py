"""Which models can be asked for, by what the workers say that they have."""

from __future__ import annotations

from shared.errors import InvalidOption
from shared.store.workers import Workers


def check_model(workers: Workers, model: str | None) -> None:
    """Say now that no worker has the model asked for; where none lives that is not known yet.

    Raises InvalidOption, Unavailable.
    """
    if model is None:
        return
    known = workers.models()
    if known and model not in known:
        names = ", ".join(f"`{name}`" for name in sorted(known))
        detail = f"`model` cannot be used: there is no model `{model}`, but {names}."
        raise InvalidOption(detail, option="model")
