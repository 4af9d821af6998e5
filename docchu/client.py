"""Docchu from Python: submit a document, wait for its job, take the result."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack

import httpx

from docchu.batches import Batches, as_texts
from docchu.errors import JobGone, of_unfinished
from docchu.http.retries import Sleep
from docchu.http.transport import Call, Transport, job_path, understand
from docchu.http.upload import Source, open_upload
from docchu.http.waiting import OnProgress, wait
from docchu.jobs import Job
from docchu.result import Result

DEFAULT_URL = "http://127.0.0.1:8080"

Priority = Literal["interactive", "bulk"]
TextLayer = Literal["auto", "ignore", "trust"]
LanguageModel = Literal["auto", "off"]


class ReadingOptions(TypedDict, total=False):
    """How a document is read and what becomes of it; what is absent or None is the service's own.

    `pages` is such as `1-3,7`; `model` is one of those that the service has; `extract` is `auto` or
    a type of document whose fields are to be in the result; `password` opens an encrypted PDF. The
    job's end is told to `webhook_url` (see docchu.webhooks), on request with its text.
    """

    pages: str | None
    priority: Priority | None
    text_layer: TextLayer | None
    language_model: LanguageModel | None
    metadata: Mapping[str, Any] | None
    ttl_s: int | None
    webhook_url: str | None
    webhook_include: Literal["text"] | None
    model: str | None
    extract: str | None
    reuse: Literal["auto", "never"] | None
    password: str | None


class Docchu:
    """A Docchu service.

    `timeout_s`: seconds in which a part of an answer must come. `patience_s`: seconds of pauses in
    which a lost connection or a busy service (429, 503) is tried again; a service that has never
    answered is given up after 2. Usable by several threads at once. `batches` are for many
    documents at once. Every method raises DocchuError (see docchu.errors).
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        api_key: str | None = None,
        timeout_s: float = 30,
        patience_s: float = 60,
        *,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._transport = Transport(base_url, api_key, timeout_s, patience_s, sleep)
        self.batches = Batches(self._transport, sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def read(self, document: Source) -> Result:
        """Read a document: submit, wait, result. Look at `problems` of what comes back: it names
        the pages that could not be read, if others could. Raises JobFailed if none could."""
        return self.result(self.wait(self.submit(document)))

    def submit(
        self,
        document: Source | None = None,
        *,
        url: str | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[ReadingOptions],
    ) -> Job:
        """Hand in a document, or the address where the service fetches it.

        A file is sent in pieces, from its start. The same `idempotency_key` (kept 24 hours) makes
        no second job; without one, only this call's own retries share one. Raises RequestRefused,
        and OSError if the file cannot be read.
        """
        if (document is None) == (url is None):
            raise ValueError("give either a document or its url")
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        given = {key: value for key, value in options.items() if value is not None}
        if document is None:
            return self._job(Call("POST", "/v1/jobs", headers=headers, json=given | {"url": url}))
        with open_upload(document, name) as upload:
            form, uploads = as_texts(given), [upload]
            return self._job(Call("POST", "/v1/jobs", headers=headers, form=form, uploads=uploads))

    def rerun(
        self,
        job: Job | str,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[ReadingOptions],
    ) -> Job:
        """Read a job's document again, without an upload: a new job with other `options`.

        What is not given is as it was; None is the default. Raises DocumentNotKept, JobNotFound,
        JobGone, RequestRefused.
        """
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        path = f"{job_path(_id(job))}/rerun"
        return self._job(Call("POST", path, headers=headers, json=dict(options)))

    def job(self, job_id: str) -> Job:
        """Ask how a job stands. Raises JobNotFound, JobGone."""
        return self._job(Call("GET", job_path(job_id)))

    def wait(
        self,
        job: Job | str,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Job:
        """Wait until a job has ended, well or not; `on_progress` is told about every second.

        Raises WaitTimedOut after `timeout_s`, at most a second late; the job goes on then.
        """
        known = job if isinstance(job, Job) else self.job(job)
        return wait(self._transport, known, timeout_s, on_progress, self._sleep)

    def result(self, job: Job | str, *, extract: str | None = None) -> Result:
        """Take what was read; with `extract` (`auto` or a type of document) its fields, too.

        Raises JobFailed, JobCanceled, JobNotFinished, and InvalidOption for a type unknown there.
        """
        ended = self._ended(job)
        answer = self._take(ended, "json", extract)
        return understand(answer, lambda json: Result.from_json(json, ended.problems))

    def export(self, job: Job | str, form: str) -> bytes:
        """Take what was read in a format of the service, such as `json`. Raises as `result`."""
        return self._take(self._ended(job), form).content

    def text(self, job: Job | str) -> str:
        """Take the plain text, pages apart by form feeds. Raises as `result`."""
        return self.export(job, "text").decode()

    def cancel(self, job: Job | str) -> Job:
        """Stop a job at its next page; one that has ended stays as it is."""
        return self._job(Call("POST", f"{job_path(_id(job))}/cancel"))

    def erase(self, job: Job | str) -> None:
        """Erase a job's document, pages and result at once."""
        with suppress(JobGone):
            self._transport.send(Call("DELETE", job_path(_id(job))))

    def jobs(
        self,
        status: str | None = None,
        *,
        name: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Iterator[Job]:
        """Go through the jobs that the service remembers, newest first: all, or those with a part
        of a name whatever its case and marks, of a time (with its zone), with members of metadata.
        """
        given = {
            "status": status,
            "name": name,
            "created_after": created_after.isoformat() if created_after else None,
            "created_before": created_before.isoformat() if created_before else None,
            "metadata": json.dumps(metadata, ensure_ascii=False) if metadata else None,
        }
        params = {key: value for key, value in given.items() if value is not None}
        while True:
            answer = self._transport.send(Call("GET", "/v1/jobs", params=params))
            jobs, cursor = understand(answer, _listing)
            yield from jobs
            if not cursor:
                return
            params = {**params, "cursor": cursor}

    def _job(self, call: Call) -> Job:
        return understand(self._transport.send(call), Job.from_json)

    def _ended(self, job: Job | str) -> Job:
        return job if isinstance(job, Job) and job.finished else self.job(_id(job))

    def _take(self, job: Job, form: str, extract: str | None = None) -> httpx.Response:
        if not job.has_result:
            raise of_unfinished(job)
        params = {"format": form} | ({"extract": extract} if extract else {})
        return self._transport.send(Call("GET", f"{job_path(job.id)}/result", params=params))


def _id(job: Job | str) -> str:
    return job.id if isinstance(job, Job) else job


def _listing(json: Mapping[str, Any]) -> tuple[list[Job], str | None]:
    return [Job.from_json(job) for job in json["jobs"]], json.get("next_cursor")
