"""What `docchu read` does: submit some documents ahead, wait for each, print it or tell why not."""

from __future__ import annotations

import json
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from docchu.client import Docchu
from docchu.commands.messages import (
    ALL_READ,
    CONTROLS,
    HOPELESS,
    INTERRUPTED,
    NO_SERVICE,
    SOME_FAILED,
    USAGE,
    tell,
    why_hopeless,
)
from docchu.commands.progress import Bar
from docchu.errors import (
    DocchuError,
    InvalidAddress,
    InvalidOption,
    JobFailed,
    of_unfinished,
)
from docchu.files.outputs import Folder
from docchu.jobs import Job, PageProblem
from docchu.steps.options import ReadingOptions

Format = Literal["text", "json", "markdown", "html", "hocr", "alto", "pdf", "docx", "xlsx", "csv"]

STDIN = "-"
_ONE_FILE = ("html", "hocr", "alto", "pdf", "docx", "xlsx", "csv")
"""Formats of which two in a row are nothing."""

# Enough to keep the workers busy while one document is waited for, and little to cancel.
_DOCUMENTS_AHEAD = 8
_PAGES_TOLD = 20
_CANCEL_TIMEOUT_S = 5
_FETCHED = ("http://", "https://")
"""What begins so is fetched by the service."""


@dataclass(frozen=True)
class Wish:
    """What `docchu read` was asked for. Without `out` results go to stdout."""

    files: Sequence[str]
    form: Format
    out: Path | None
    options: ReadingOptions


@dataclass(frozen=True)
class Asked:
    """A document under way."""

    name: str
    job: Job


class Reading:
    """One run of `docchu read`. What was read goes to stdout, all else to stderr."""

    def __init__(self, service: Docchu, wish: Wish) -> None:
        self._service = service
        self._wish = wish
        self._form = wish.form
        self._folder = Folder(wish.out, wish.out) if wish.out else None
        self._under_way: deque[Asked] = deque()
        self._headers = False
        self._printed = False
        self._failed = False

    def run(self) -> int:
        """Read all files in their order and give the exit code. Raises the errors after which
        nothing else can be read; `under_way` are the jobs that are left then."""
        self._headers = len(self._wish.files) > 1
        for file in self._wish.files:
            if len(self._under_way) == _DOCUMENTS_AHEAD:
                self._finish_next()
            self._submit(file)
        while self._under_way:
            self._finish_next()
        return SOME_FAILED if self._failed else ALL_READ

    @property
    def under_way(self) -> list[Job]:
        """The jobs that were submitted and not waited for."""
        return [asked.job for asked in self._under_way]

    def _submit(self, file: str) -> None:
        with self._telling(file):
            options = self._wish.options
            if file == STDIN:
                job = self._service.submit(sys.stdin.buffer, name="stdin", **options)
            elif file.startswith(_FETCHED):
                job = self._service.submit(url=file, **options)
            else:
                job = self._service.submit(Path(file), **options)
            self._under_way.append(Asked(file, job))

    def _finish_next(self) -> None:
        asked = self._under_way[0]
        with self._telling(asked.name):
            job = self._wait(asked)
            if not job.has_result:
                raise of_unfinished(job)
            self._print(asked.name, job)
            if job.status == "partial":
                raise JobFailed.of(job)
        # Not before: what interrupts this leaves the job among those to cancel.
        self._under_way.popleft()

    def _wait(self, asked: Asked) -> Job:
        if not sys.stderr.isatty():
            return self._service.wait(asked.job)
        with Bar(asked.name) as bar:
            return self._service.wait(asked.job, on_progress=bar.update)

    def _print(self, name: str, job: Job) -> None:
        if self._folder:
            self._folder.write(_plain(name), self._form, self._service.export(job, self._form))
            return
        if self._form in _ONE_FILE:
            sys.stdout.buffer.write(self._service.export(job, self._form))
            sys.stdout.flush()
            return
        if self._form == "json":
            error = {"code": job.error.code, "detail": job.error.detail} if job.error else None
            facts = {"file": name, "status": job.status, "error": error}
            read = json.loads(self._service.export(job, "json"))
            text = json.dumps(facts | read, ensure_ascii=False) + "\n"
        else:
            text = self._text(name, job)
        sys.stdout.write(text)
        sys.stdout.flush()
        self._printed = True

    def _text(self, name: str, job: Job) -> str:
        text = self._service.export(job, self._form).decode()
        if not text.endswith("\n"):
            text += "\n"
        if self._headers:
            gap = "\n" if self._printed else ""
            text = f"{gap}==> {name} <==\n{text}"
        return text.translate(CONTROLS) if sys.stdout.isatty() else text

    @contextmanager
    def _telling(self, name: str) -> Iterator[None]:
        """Tell of a document that failed, and go on with the next."""
        try:
            yield
        except HOPELESS:
            raise
        except DocchuError as error:
            self._failed = True
            tell(f"{name}: {error.code}: {error.detail}")
            if isinstance(error, JobFailed):
                _tell_pages(name, error.pages)
        except IsADirectoryError:
            self._failed = True
            tell(f"{name} is a folder: give its files, such as {name.rstrip('/')}/*")
        except BrokenPipeError:  # nobody reads on
            raise
        except OSError as error:
            self._failed = True
            tell(f"{name}: {error.strerror or error}")


def _tell_pages(name: str, pages: tuple[PageProblem, ...]) -> None:
    for page in pages[:_PAGES_TOLD]:
        tell(f"{name}: page {page.page}: {page.code}: {page.detail}")
    if len(pages) > _PAGES_TOLD:
        tell(f"{name}: and {len(pages) - _PAGES_TOLD} more pages")


def read(wish: Wish, url: str, key: str | None) -> int:
    """Read the files as `docchu read` does and give its exit code."""
    if why := _why_not(wish):
        tell(why)
        return USAGE
    try:
        with Docchu(url, key) as service:
            return _run(Reading(service, wish), url, key)
    except (InvalidAddress, InvalidOption) as error:
        tell(f"{error.code}: {error.detail}")
        return USAGE
    except DocchuError as error:
        tell(why_hopeless(error, url, key))
        return NO_SERVICE


def _why_not(wish: Wish) -> str | None:
    if wish.out is None:
        if wish.form in _ONE_FILE and (len(wish.files) > 1 or sys.stdout.isatty()):
            return (
                f"{wish.form} is one file for each document: give one FILE, and send stdout to a "
                "file, or give --out"
            )
        return None
    names = Counter(map(_plain, wish.files))
    twice = [name for name, times in names.items() if times > 1]
    return f"--out: two of these are called {twice[0]}" if twice else None


def _plain(file: str) -> str:
    """What a result is called after: the document's name without its folders, or its address's."""
    if file == STDIN:
        return "stdin"
    path = unquote(urlsplit(file).path) if file.startswith(_FETCHED) else file
    return Path(path).name or "document"


def _run(reading: Reading, url: str, key: str | None) -> int:
    try:
        return reading.run()
    except DocchuError:
        raise
    except KeyboardInterrupt:
        _cancel(reading.under_way, url, key, "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _cancel(reading.under_way, url, key, "nobody reads on")
        raise
    except BaseException:
        _cancel(reading.under_way, url, key, "interrupted")
        raise


def _cancel(jobs: list[Job], url: str, key: str | None, why: str) -> None:
    """Cancel the jobs that have not ended, and say so."""
    num_canceled = num_ended = 0
    if not jobs:
        return
    # New connections: an interrupt may have left the old ones in the middle of something.
    with Docchu(url, key, timeout_s=_CANCEL_TIMEOUT_S, patience_s=0) as service:
        for job in jobs:
            try:
                now = service.cancel(job)
                has_ended = now.finished and now.status != "canceled"
                num_ended, num_canceled = num_ended + has_ended, num_canceled + (not has_ended)
            except DocchuError as error:
                tell(f"{job.id} could not be canceled: {error.detail}")
    if num_open := len(jobs) - num_ended:
        tell(f"{why}; {num_canceled} of {num_open} jobs canceled")
