"""Batches: submit many documents as one, take their results as they finish."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from docchu.batch import Batch, Item
from docchu.errors import BatchGone
from docchu.http.steps import Call, Items, Opening, Piece, Steps
from docchu.http.upload import LazyFile, Source, Upload, open_upload, sendable
from docchu.http.wire import Wire, path_of, understand
from docchu.jobs import Job
from docchu.steps.following import follow, items
from docchu.steps.listing import listing
from docchu.steps.options import ReadingOptions, as_texts
from docchu.steps.waiting import wait

Form = Literal["json", "text"]
OnProgress = Callable[[Batch], object]


class BatchOptions(TypedDict, total=False):
    """What a batch can be given; `pages` to `timeout_s` are for its jobs.

    `priority` is `bulk` unless given. `webhook_url` is told of the batch's end. The same
    `idempotency_key` (kept 24 hours) makes no second batch.
    """

    priority: Literal["interactive", "bulk"]
    pages: str
    text_layer: Literal["auto", "ignore", "trust"]
    language_model: Literal["auto", "off"]
    model: str
    extract: str
    reuse: Literal["auto", "never"]
    ttl_s: int
    timeout_s: int
    webhook_url: str
    metadata: Mapping[str, Any]
    idempotency_key: str


class BatchSteps:
    """The batches of a service: `Docchu(…).batches`. Every method raises DocchuError."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def open(self, **options: Unpack[BatchOptions]) -> Steps[Batch]:
        """Open an empty batch, to which documents are added until it is closed."""
        headers, fields = _split(options)
        return self._batch(Call("POST", "/v1/batches", headers=headers, json=fields))

    def add(
        self,
        batch: Batch | str,
        document: Source,
        *,
        custom_id: str,
        name: str | None = None,
        **options: Unpack[ReadingOptions],
    ) -> Steps[Job]:
        """Add a document to an open batch; its own `options` go before the batch's.

        A `custom_id` (1 to 512 characters) that the batch knows answers the job that is there,
        whatever the document: add again what you do not know to have arrived. Raises
        RequestRefused, BatchClosed, BatchGone, and OSError if the file cannot be read.
        """
        params = {"batch_id": _id(batch), "custom_id": custom_id}
        with open_upload(document, name) as upload:
            form = as_texts({key: value for key, value in options.items() if value is not None})
            call = Call("POST", "/v1/jobs", params=params, form=form, uploads=[upload])
            return understand((yield from self._wire.send(call)), Job.from_json)

    def upload_files(
        self,
        files: Iterable[Path],
        root: Path | None = None,
        **options: Unpack[BatchOptions],
    ) -> Steps[Batch]:
        """Submit files as one closed batch in one request. Their `custom_id` is their name, from
        below the folder `root` on if there is one. Raises OSError if one cannot be read."""
        uploads = [
            Upload(LazyFile(file), sendable((file.relative_to(root) if root else file).as_posix()))
            for file in files
        ]
        return self._upload(uploads, options)

    def upload_zip(self, archive: Source, **options: Unpack[BatchOptions]) -> Steps[Batch]:
        """Submit the documents in a zip as one closed batch; their names in it are their
        `custom_id`. One that cannot be taken becomes a failed item, the others go on."""
        with open_upload(archive) as upload:
            return (yield from self._upload([upload], options))

    def upload_ndjson(self, lines: Source, **options: Unpack[BatchOptions]) -> Steps[Batch]:
        """Submit a list as one closed batch, a line of JSON for each document: `url` or `data`
        (base64), and as you like `custom_id` (default: the line's number), `name`, options."""
        headers, fields = _split(options)
        headers["Content-Type"] = "application/x-ndjson"
        with open_upload(lines) as upload:
            params = as_texts(fields)
            call = Call("POST", "/v1/batches", params=params, headers=headers, content=upload)
            return (yield from self._batch(call))

    def get(self, batch: Batch | str) -> Steps[Batch]:
        """Ask how a batch stands. Raises BatchNotFound, BatchGone."""
        return self._batch(Call("GET", _path(batch)))

    def wait(
        self,
        batch: Batch | str,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Steps[Batch]:
        """Wait until all jobs of a closed batch have ended; `on_progress` is told about every
        second. Raises WaitTimedOut after `timeout_s`; the batch goes on then."""
        known = yield from self.get(batch)
        return (
            yield from wait(
                self._wire, known, _path(batch), Batch.from_json, timeout_s, on_progress
            )
        )

    def results(
        self, batch: Batch | str, *, form: Form = "json", follow_on: bool = True, after: int = 0
    ) -> Items[Item]:
        """Go through the items in the order of submission, each as soon as it has ended.

        Ends when the batch is closed and every item was given; with `follow_on=False` gives each
        item as it stands now, unfinished ones, too. `after` is the `position` behind which to
        start. A connection that breaks is made again; no item is lost or comes twice.
        """
        path, params = f"{_path(batch)}/results", {"format": form}
        if not follow_on:
            return items(Call("GET", path, params=params), after)
        call = Call("GET", path, params={**params, "follow": "1"})
        return follow(self._wire, call, after, lambda: self.get(batch))

    def archive(self, batch: Batch | str, target: Path, form: str = "text") -> Steps[None]:
        """Write a zip with a file for each document, in a format of the service such as `docx`,
        under the documents' own names. Raises BatchNotFinished, OSError."""
        params = {"format": "zip", "as": form}
        call = Call("GET", f"{_path(batch)}/results", params=params)
        yield Opening(call)
        with target.open("wb") as file:
            while piece := (yield Piece()):
                file.write(piece)

    def jobs(self, batch: Batch | str, status: str | None = None) -> Items[Job]:
        """Go through the jobs in the order of submission."""
        path = f"{_path(batch)}/jobs"
        return listing(self._wire, path, {"status": status}, "jobs", Job.from_json)

    def all(self) -> Items[Batch]:
        """Go through the batches that the service remembers, newest first."""
        return listing(self._wire, "/v1/batches", {}, "batches", Batch.from_json)

    def close(self, batch: Batch | str) -> Steps[Batch]:
        """Let no more documents be added; a batch that is closed stays so."""
        return self._batch(Call("POST", f"{_path(batch)}/close"))

    def cancel(self, batch: Batch | str) -> Steps[Batch]:
        """Close the batch and stop its jobs, each at its next page."""
        return self._batch(Call("POST", f"{_path(batch)}/cancel"))

    def retry(self, batch: Batch | str) -> Steps[Batch]:
        """Read again what failed: each gets a new job in its old place."""
        return self._batch(Call("POST", f"{_path(batch)}/retry"))

    def erase(self, batch: Batch | str) -> Steps[None]:
        """Erase the documents, pages and results of all its jobs at once."""
        with suppress(BatchGone):
            yield from self._wire.send(Call("DELETE", _path(batch)))

    def _upload(self, uploads: list[Upload], options: BatchOptions) -> Steps[Batch]:
        headers, fields = _split(options)
        form = as_texts(fields)
        return self._batch(Call("POST", "/v1/batches", headers=headers, form=form, uploads=uploads))

    def _batch(self, call: Call) -> Steps[Batch]:
        return understand((yield from self._wire.send(call)), Batch.from_json)


def _id(batch: Batch | str) -> str:
    return batch.id if isinstance(batch, Batch) else batch


def _path(batch: Batch | str) -> str:
    return path_of("batches", _id(batch))


def _split(options: BatchOptions) -> tuple[dict[str, str], dict[str, Any]]:
    """The headers and the fields that the options are."""
    fields: dict[str, Any] = dict(options)
    key = fields.pop("idempotency_key", None)
    return {"Idempotency-Key": key or secrets.token_urlsafe(24)}, fields
