"""Why no job is made: the answers of `lua/create.lua` as our errors."""

from __future__ import annotations

from shared.errors import DocchuError, IdempotencyInFlight, QueueFull, StaleAttempt
from shared.errors.batches import BatchClosed, BatchFull, BatchGone

_ERRORS: dict[str, type[DocchuError]] = {
    "full": QueueFull,
    "lost": IdempotencyInFlight,
    "gone": BatchGone,
    "closed": BatchClosed,
    "crowded": BatchFull,
    "stale": StaleAttempt,
}


def check_created(answer: str) -> None:
    """Raise what the script answered, unless it made a job or found one."""
    if error := _ERRORS.get(answer):
        raise error
