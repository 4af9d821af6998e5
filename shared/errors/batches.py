"""What may go wrong with batches: a branch of the tree in `shared.errors`."""

from __future__ import annotations

from shared.errors import DocchuError


class BatchNotFound(DocchuError):
    """There is no such batch."""

    code = "batch_not_found"


class BatchGone(DocchuError):
    """The batch was erased or its time is over."""

    code = "batch_gone"


class BatchClosed(DocchuError):
    """The batch is closed: nothing can be added to it."""

    code = "batch_closed"


class BatchFull(DocchuError):
    """The batch has as many documents as a batch may have: open another one."""

    code = "batch_full"


class BatchBusy(DocchuError):
    """The batch is still being canceled or retried: try again in a moment."""

    code = "batch_busy"
    transient = True


class BatchNotFinished(DocchuError):
    """The batch has not ended yet: wait for it with `GET /v1/batches/{id}?wait=60`."""

    code = "batch_not_finished"
    transient = True
