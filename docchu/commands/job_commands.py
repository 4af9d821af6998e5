"""`docchu jobs`, `get`, `cancel`, `retry`: the jobs that a service remembers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from docchu.commands import options
from docchu.commands.options import DEFAULT_URL, ApiKey, Format, Url

if TYPE_CHECKING:
    from docchu.client import Docchu
    from docchu.jobs import Job

Ids = Annotated[list[str], typer.Argument(metavar="JOB", help="Ids, as `docchu jobs` shows them.")]
_NO_TEXT = (Format.pdf, Format.docx, Format.xlsx, Format.csv)


def add_to(app: typer.Typer) -> None:
    """Give the app these commands."""
    app.command("jobs")(jobs)
    for command in (get, cancel, retry):
        app.command(command.__name__, no_args_is_help=True)(command)


def jobs(
    status: Annotated[
        str | None,
        typer.Option(
            help="Only these: queued, running, succeeded, partial, failed, canceled, expired.",
            metavar="STATUS",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Only documents with this in their name.", metavar="PART")
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            help='Only documents with all these words in text or name; "…" for a phrase.',
            metavar="WORDS",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many, at most.", min=1, metavar="N")] = 20,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """List jobs, newest first: id, status, time, pages, name; tabs between them.

    With --query lines follow of where it is: nothing, `page:line`, what that line says.
    """

    def show(service: Docchu) -> int:
        for job in islice(service.jobs(status, name=name, query=query), limit):
            print(_row(job))
            for one in job.found:
                print(f"\t{one.page}:{one.line}\t{_printable(one.text)}")
        return 0

    raise typer.Exit(_ask(show, url, api_key))


def get(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, as `docchu jobs` shows it.")],
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.text,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Print what was read in a job."""
    from docchu.commands.messages import CONTROLS, USAGE, tell

    if form in _NO_TEXT and sys.stdout.isatty():
        tell(f"{form.value} is no text: send stdout to a file")
        raise typer.Exit(USAGE)

    def show(service: Docchu) -> int:
        data = service.export(job, form.value)
        if sys.stdout.isatty():
            print(data.decode().rstrip("\n").translate(CONTROLS))
        else:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        return 0

    raise typer.Exit(_ask(show, url, api_key))


def cancel(ids: Ids, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Stop jobs at their next page; those that have ended stay as they are."""
    raise typer.Exit(_each(ids, lambda service, job: service.cancel(job), url, api_key))


def retry(
    ids: Ids,
    pages: options.Pages = None,
    model: options.Model = None,
    text_layer: options.Layer = None,
    extract: options.Extract = None,
    language_model: options.Language = None,
    password: options.Password = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read the documents of jobs again, while they are kept: as they were, or otherwise."""
    given = options.reading(pages, model, text_layer, extract, language_model, password)
    raise typer.Exit(_each(ids, lambda service, job: service.rerun(job, **given), url, api_key))


def _each(ids: Sequence[str], act: Callable[[Docchu, str], Job], url: str, key: str | None) -> int:
    """Do something with each job; print how it, or the one that came of it, stands then."""
    from docchu.commands.messages import HOPELESS, SOME_FAILED, tell
    from docchu.errors import DocchuError

    def all_of_them(service: Docchu) -> int:
        code = 0
        for job in dict.fromkeys(ids):
            try:
                print(_row(act(service, job)))
            except HOPELESS:
                raise
            except DocchuError as error:
                tell(f"{job}: {error.code}: {error.detail}")
                code = SOME_FAILED
        return code

    return _ask(all_of_them, url, key)


def _ask(do: Callable[[Docchu], int], url: str, key: str | None) -> int:
    """Do something with the service and give the exit code."""
    # Loaded here, so that the help and other commands need no HTTP client.
    from docchu.client import Docchu
    from docchu.commands.messages import HOPELESS, NO_SERVICE, SOME_FAILED, USAGE, tell
    from docchu.commands.messages import why_hopeless as why
    from docchu.errors import DocchuError, InvalidAddress, InvalidOption

    try:
        with Docchu(url, key) as service:
            return do(service)
    except (InvalidAddress, InvalidOption) as error:
        tell(f"{error.code}: {error.detail}")
        return USAGE
    except HOPELESS as error:
        tell(why(error, url, key))
        return NO_SERVICE
    except DocchuError as error:
        tell(f"{error.code}: {error.detail}")
        return SOME_FAILED


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _row(job: Job) -> str:
    done, total = job.progress.pages_done, job.progress.pages_total
    name = _printable(job.document.name or "-")
    at = job.created_at.astimezone().isoformat(" ", "seconds")
    return "\t".join((job.id, job.status, at, f"{done}/{'?' if total is None else total}", name))
