"""Why an item of a batch has no result, in words."""

from __future__ import annotations

from shared.jobs import Status
from shared.store.batches.jobs import Item

_PROBLEMS = {
    Status.CANCELED: ("job_canceled", "The job was canceled."),
    Status.EXPIRED: ("job_gone", "The job was erased or its time is over."),
}


def problem_of(item: Item) -> dict[str, str | None] | None:
    """The item's own problem, or what its state means; None where nothing is wrong."""
    code, detail = item.code, item.detail
    if code is None and item.status in _PROBLEMS:
        code, detail = _PROBLEMS[item.status]
    return {"code": code, "detail": detail} if code else None
