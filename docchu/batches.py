"""Batches from Python: submit many documents as one, take their results as they finish."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from docchu.batch import Batch, Item
from docchu.errors import BatchGone, WaitTimedOut
from docchu.http.following import follow, items
from docchu.http.retries import Sleep
from docchu.http.transport import Call, Transport, understand
from docchu.http.upload import LazyFile, Source, Upload, open_upload, sendable
from docchu.jobs import Job

Form = Literal["json", "text"]
T = TypeVar("T")
OnProgress = Callable[[Batch], object]

_LONG_POLL_S = 30
_WATCHED_POLL_S = 1


class BatchOptions(TypedDict, total=False):
    """What a batch can be given; `pages` to `timeout_s` are for its jobs.

    `priority` is `bulk` unless given. `webhook_url` is told of the batch's end. The same
    `idempotency_key` (kept 24 hours) makes no second batch.
    """

    priority: Literal["interactive", "bulk"]
    pages: str
    text_layer: Literal["auto", "ignore", "trust"]
    language_model: Literal["auto", "off"]
    extract: str
    reuse: Literal["auto", "never"]
    ttl_s: int
    timeout_s: int
    webhook_url: str
    metadata: Mapping[str, Any]
    idempotency_key: str


class Batches:
    """The batches of a service: `Docchu(…).batches`. Every method raises DocchuError."""

    def __init__(self, transport: Transport, sleep: Sleep) -> None:
        self._transport = transport
        self._sleep = sleep

    def open(self, **options: Unpack[BatchOptions]) -> Batch:
        """Open an empty batch, to which documents are added until it is closed."""
        headers, fields = _split(options)
        return self._batch(Call("POST", "/v1/batches", headers=headers, json=fields))

    def add(
        self, batch: Batch | str, document: Source, *, custom_id: str, name: str | None = None
    ) -> Job:
        """Add a document to an open batch.

        A `custom_id` (1 to 512 characters) that the batch knows answers the job that is there,
        whatever the document: add again what you do not know to have arrived. Raises
        RequestRefused, BatchClosed, BatchGone, and OSError if the file cannot be read.
        """
        params = {"batch_id": _id(batch), "custom_id": custom_id}
        with open_upload(document, name) as upload:
            call = Call("POST", "/v1/jobs", params=params, uploads=[upload])
            return understand(self._transport.send(call), Job.from_json)

    def upload_files(
        self,
        files: Iterable[Path],
        root: Path | None = None,
        **options: Unpack[BatchOptions],
    ) -> Batch:
        """Submit files as one closed batch in one request. Their `custom_id` is their name, from
        below the folder `root` on if there is one. Raises OSError if one cannot be read."""
        uploads = [
            Upload(LazyFile(file), sendable((file.relative_to(root) if root else file).as_posix()))
            for file in files
        ]
        return self._upload(uploads, options)

    def upload_zip(self, archive: Source, **options: Unpack[BatchOptions]) -> Batch:
        """Submit the documents in a zip as one closed batch; their names in it are their
        `custom_id`. One that cannot be taken becomes a failed item, the others go on."""
        with open_upload(archive) as upload:
            return self._upload([upload], options)

    def upload_ndjson(self, lines: Source, **options: Unpack[BatchOptions]) -> Batch:
        """Submit a list as one closed batch, a line of JSON for each document: `url` or `data`
        (base64), and as you like `custom_id` (default: the line's number), `name`, options."""
        headers, fields = _split(options)
        headers["Content-Type"] = "application/x-ndjson"
        with open_upload(lines) as upload:
            return self._batch(
                Call(
                    "POST", "/v1/batches", params=as_texts(fields), headers=headers, content=upload
                )
            )

    def get(self, batch: Batch | str) -> Batch:
        """Ask how a batch stands. Raises BatchNotFound, BatchGone."""
        return self._batch(Call("GET", _path(batch)))

    def wait(
        self,
        batch: Batch | str,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Batch:
        """Wait until all jobs of a closed batch have ended; `on_progress` is told about every
        second. Raises WaitTimedOut after `timeout_s`; the batch goes on then."""
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        longest_s = _WATCHED_POLL_S if on_progress else _LONG_POLL_S
        known = self.get(batch)
        while not known.finished:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise WaitTimedOut(f"{known.id} is still {known.status} after {timeout_s} s.")
            began = time.monotonic()
            asked_s = math.ceil(min(longest_s, left_s))
            params = {"wait": str(asked_s)}
            known = self._batch(Call("GET", _path(batch), params=params, wait_s=asked_s))
            if on_progress:
                on_progress(known)
            if not known.finished and time.monotonic() - began < asked_s / 2:
                self._sleep(1)  # the service does not hold the request
        return known

    def results(
        self, batch: Batch | str, *, form: Form = "json", follow_on: bool = True, after: int = 0
    ) -> Iterator[Item]:
        """Go through the items in the order of submission, each as soon as it has ended.

        Ends when the batch is closed and every item was given; with `follow_on=False` gives each
        item as it stands now, unfinished ones, too. `after` is the `position` behind which to
        start. A connection that breaks is made again; no item is lost or comes twice.
        """
        path, params = f"{_path(batch)}/results", {"format": form}
        if not follow_on:
            return items(self._transport, Call("GET", path, params=params), after)
        call = Call("GET", path, params={**params, "follow": "1"})
        return follow(self._transport, call, after, lambda: self.get(batch), self._sleep)

    def archive(self, batch: Batch | str, target: Path, form: str = "text") -> None:
        """Write a zip with a file for each document, in a format of the service such as `docx`,
        under the documents' own names. Raises BatchNotFinished, OSError."""
        params = {"format": "zip", "as": form}
        call = Call("GET", f"{_path(batch)}/results", params=params)
        with self._transport.open(call) as answer, target.open("wb") as file:
            for piece in answer.iter_bytes():
                file.write(piece)

    def jobs(self, batch: Batch | str, status: str | None = None) -> Iterator[Job]:
        """Go through the jobs in the order of submission."""
        params = {"status": status} if status else {}
        return self._listing(f"{_path(batch)}/jobs", params, "jobs", Job.from_json)

    def all(self) -> Iterator[Batch]:
        """Go through the batches that the service remembers, newest first."""
        return self._listing("/v1/batches", {}, "batches", Batch.from_json)

    def close(self, batch: Batch | str) -> Batch:
        """Let no more documents be added; a batch that is closed stays so."""
        return self._batch(Call("POST", f"{_path(batch)}/close"))

    def cancel(self, batch: Batch | str) -> Batch:
        """Close the batch and stop its jobs, each at its next page."""
        return self._batch(Call("POST", f"{_path(batch)}/cancel"))

    def retry(self, batch: Batch | str) -> Batch:
        """Read again what failed: each gets a new job in its old place."""
        return self._batch(Call("POST", f"{_path(batch)}/retry"))

    def erase(self, batch: Batch | str) -> None:
        """Erase the documents, pages and results of all its jobs at once."""
        with suppress(BatchGone):
            self._transport.send(Call("DELETE", _path(batch)))

    def _upload(self, uploads: list[Upload], options: BatchOptions) -> Batch:
        headers, fields = _split(options)
        form = as_texts(fields)
        return self._batch(Call("POST", "/v1/batches", headers=headers, form=form, uploads=uploads))

    def _batch(self, call: Call) -> Batch:
        return understand(self._transport.send(call), Batch.from_json)

    def _listing(
        self, path: str, params: dict[str, str], name: str, read: Callable[[Any], T]
    ) -> Iterator[T]:
        while True:
            answer = self._transport.send(Call("GET", path, params=params))
            found, cursor = understand(answer, lambda page: _page(page, name, read))
            yield from found
            if not cursor:
                return
            params = {**params, "cursor": cursor}


def _page(page: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> tuple[list[T], Any]:
    return [read(one) for one in page[name]], page.get("next_cursor")


def _id(batch: Batch | str) -> str:
    return batch.id if isinstance(batch, Batch) else batch


def _path(batch: Batch | str) -> str:
    return f"/v1/batches/{quote(_id(batch), safe='')}"


def _split(options: BatchOptions) -> tuple[dict[str, str], dict[str, Any]]:
    """The headers and the fields that the options are."""
    fields: dict[str, Any] = dict(options)
    key = fields.pop("idempotency_key", None)
    return {"Idempotency-Key": key or secrets.token_urlsafe(24)}, fields


def as_texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Options as a form or a query says them."""
    return {
        name: json.dumps(value, ensure_ascii=False) if name == "metadata" else str(value)
        for name, value in fields.items()
    }
