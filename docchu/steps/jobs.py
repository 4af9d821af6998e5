"""Jobs: submit a document, wait for its job, take the result."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Unpack

import httpx

from docchu.errors import JobGone, UnexpectedAnswer, of_unfinished
from docchu.fields import Fields
from docchu.http.steps import Call, Items, Steps
from docchu.http.upload import Source, open_upload
from docchu.http.wire import Wire, path_of, understand
from docchu.jobs import Job
from docchu.result import Result, Table
from docchu.steps.listing import listing
from docchu.steps.options import ReadingOptions, as_texts
from docchu.steps.waiting import wait

OnProgress = Callable[[Job], object]


class JobSteps:
    """A Docchu service, as far as single documents go."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self, document: Source, **options: Unpack[ReadingOptions]) -> Steps[Result]:
        """Read a document: submit, wait, result. Look at `problems` of what comes back: it names
        the pages that could not be read, if others could. Raises JobFailed if none could."""
        job = yield from self.submit(document, **options)
        return (yield from self.result((yield from self.wait(job))))

    def submit(
        self,
        document: Source | None = None,
        *,
        url: str | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[ReadingOptions],
    ) -> Steps[Job]:
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
            call = Call("POST", "/v1/jobs", headers=headers, json=given | {"url": url})
            return (yield from self._job(call))
        with open_upload(document, name) as upload:
            form, uploads = as_texts(given), [upload]
            call = Call("POST", "/v1/jobs", headers=headers, form=form, uploads=uploads)
            return (yield from self._job(call))

    def rerun(
        self,
        job: Job | str,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[ReadingOptions],
    ) -> Steps[Job]:
        """Read a job's document again, without an upload: a new job with other `options`.

        What is not given is as it was; None is the default. Raises DocumentNotKept, JobNotFound,
        JobGone, RequestRefused.
        """
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        path = f"{_path(job)}/rerun"
        return self._job(Call("POST", path, headers=headers, json=dict(options)))

    def job(self, job_id: str) -> Steps[Job]:
        """Ask how a job stands. Raises JobNotFound, JobGone."""
        return self._job(Call("GET", path_of("jobs", job_id)))

    def wait(
        self,
        job: Job | str,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Steps[Job]:
        """Wait until a job has ended, well or not; `on_progress` is told about every second.

        Raises WaitTimedOut after `timeout_s`, at most a second late; the job goes on then.
        """
        known = job if isinstance(job, Job) else (yield from self.job(job))
        return (
            yield from wait(self._wire, known, _path(job), Job.from_json, timeout_s, on_progress)
        )

    def result(self, job: Job | str, *, extract: str | None = None) -> Steps[Result]:
        """Take what was read; with `extract` (`auto` or a type of document) its fields, too.

        Raises JobFailed, JobCanceled, JobNotFinished, and InvalidOption for a type unknown there.
        """
        ended = yield from self._ended(job)
        answer = yield from self._take(ended, "json", extract)
        return understand(answer, lambda json: Result.from_json(json, ended.problems))

    def export(self, job: Job | str, form: str) -> Steps[bytes]:
        """Take what was read in a format of the service, such as `json`. Raises as `result`."""
        ended = yield from self._ended(job)
        return (yield from self._take(ended, form)).content

    def text(self, job: Job | str) -> Steps[str]:
        """Take the plain text, pages apart by form feeds. Raises as `result`."""
        return (yield from self.export(job, "text")).decode()

    def tables(self, job: Job | str) -> Steps[list[Table]]:
        """Take the tables of all pages; `rows` of one are its texts. Raises as `result`."""
        result = yield from self.result(job)
        return [table for page in result.pages for table in page.tables]

    def fields(self, job: Job | str, document_type: str = "auto") -> Steps[Fields]:
        """Take what a document says, as a type of the service's templates, or the one that fits.

        Raises as `result`.
        """
        fields = (yield from self.result(job, extract=document_type)).fields
        if fields is None:
            raise UnexpectedAnswer("The service knows no fields: it is older than this client.")
        return fields

    def models(self) -> Steps[list[str]]:
        """Name the models that documents can be read with: what the option `model` may be."""
        answer = yield from self._wire.send(Call("GET", "/models"))
        return understand(answer, lambda json: [one["modelName"] for one in json["models"]])

    def cancel(self, job: Job | str) -> Steps[Job]:
        """Stop a job at its next page; one that has ended stays as it is."""
        return self._job(Call("POST", f"{_path(job)}/cancel"))

    def erase(self, job: Job | str) -> Steps[None]:
        """Erase a job's document, pages and result at once."""
        with suppress(JobGone):
            yield from self._wire.send(Call("DELETE", _path(job)))

    def jobs(
        self,
        status: str | None = None,
        *,
        name: str | None = None,
        query: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Items[Job]:
        """Go through the jobs that the service remembers, newest first: all, or those with a part
        of a name whatever its case and marks, with all words of a query in text or name (`"…"` one
        behind the other), of a time (with its zone), with members of metadata.
        """
        given = {
            "status": status,
            "name": name,
            "q": query,
            "created_after": created_after.isoformat() if created_after else None,
            "created_before": created_before.isoformat() if created_before else None,
            "metadata": json.dumps(metadata, ensure_ascii=False) if metadata else None,
        }
        return listing(self._wire, "/v1/jobs", given, "jobs", Job.from_json)

    def _job(self, call: Call) -> Steps[Job]:
        return understand((yield from self._wire.send(call)), Job.from_json)

    def _ended(self, job: Job | str) -> Steps[Job]:
        return job if isinstance(job, Job) and job.finished else (yield from self.job(_id(job)))

    def _take(self, job: Job, form: str, extract: str | None = None) -> Steps[httpx.Response]:
        if not job.has_result:
            raise of_unfinished(job)
        params = {"format": form} | ({"extract": extract} if extract else {})
        return (yield from self._wire.send(Call("GET", f"{_path(job)}/result", params=params)))


def _id(job: Job | str) -> str:
    return job.id if isinstance(job, Job) else job


def _path(job: Job | str) -> str:
    return path_of("jobs", _id(job))
