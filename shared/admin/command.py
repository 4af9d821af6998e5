"""`docchu admin`: who works, what waits, what went wrong, and what to do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from shared.admin import restore as restoring
from shared.admin import showing
from shared.admin.backup import back_up
from shared.admin.calling import (
    DEFAULT_URL,
    REFUSED,
    Answer,
    ApiKey,
    AsJson,
    Service,
    Url,
    give_up,
    print_json,
)
from shared.admin.doctor import look
from shared.errors import DocchuError
from shared.settings import Settings, load_settings

app = typer.Typer(
    help="See and steer a service (with a key of the role admin), check it, back it up.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Tenant = Annotated[str | None, typer.Option(help="of this tenant alone", metavar="TENANT")]
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_LOOK_S = 1.0
T = TypeVar("T")


@app.command()
def workers(json: AsJson = False, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Who lives, and who reads what, since when."""
    _show(Service(url, api_key).get("workers"), json, showing.workers)


@app.command()
def queue(json: AsJson = False, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """What waits by tenant and lane, what is slow, what went wrong, what room there is."""
    _show(Service(url, api_key).get("queue"), json, showing.queue)


@app.command()
def audit(
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Who erased, canceled, retried, paused: time, key, tenant, what, on what."""
    _show(Service(url, api_key).get(f"audit?limit={limit}"), json, showing.audit)


@app.command()
def pause(
    tenant: Tenant = None, json: AsJson = False, url: Url = DEFAULT_URL, api_key: ApiKey = None
) -> None:
    """Let no slice be claimed, of a tenant or of all; what comes in is accepted and waits."""
    _pause(Service(url, api_key), True, tenant, json)


@app.command()
def resume(
    tenant: Tenant = None, json: AsJson = False, url: Url = DEFAULT_URL, api_key: ApiKey = None
) -> None:
    """End a pause."""
    _pause(Service(url, api_key), False, tenant, json)


def _pause(service: Service, paused: bool, tenant: str | None, json: bool) -> None:
    found = service.post("pause", paused=paused, tenant=tenant)
    names = [*(["everything"] if found["paused_at"] else []), *sorted(found["tenants"])]
    _show(found, json, lambda _: [f"Paused: {', '.join(names) or 'nothing'}."])


@app.command()
def drain(
    worker: Annotated[str, typer.Argument(help="the id that `workers` shows")],
    undo: Annotated[bool, typer.Option("--undo", help="let it take work again")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="until it reads nothing any more")] = False,
    json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Let a worker finish what it reads and take nothing new; then it can be stopped."""
    service = Service(url, api_key)
    found = service.post("drain", worker=worker, drained=not undo)
    while wait and not undo and any(one["worker"] == worker for one in found["reading"]):
        time.sleep(_LOOK_S)
        found = service.get("workers")
    _show(found, json, showing.workers)


@app.command()
def requeue(
    jobs: Annotated[list[str] | None, typer.Argument(metavar="JOB")] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="all that failed and were not requeued yet")
    ] = False,
    tenant: Tenant = None,
    json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Read documents again, each as a new job; exits with 1 where that could not be done."""
    service, done, more = Service(url, api_key), [], True
    while more:
        found = service.post("requeue", jobs=jobs or [], failed=failed, tenant=tenant)
        done += found["jobs"]
        more = found["more"] and not found["queue_full"]
    _show({"jobs": done}, json, _requeued)
    if found["queue_full"]:
        give_up("the queue is full: some are left for later", REFUSED)
    if any(one["new_job_id"] is None for one in done):
        raise typer.Exit(REFUSED)


def _requeued(found: Answer) -> list[str]:
    return [
        f"{one['job_id']} is read again as {one['new_job_id']}"
        if one["new_job_id"]
        else f"{one['job_id']} is left as it is: {one['detail']}"
        for one in found["jobs"]
    ] or ["There are none."]


@app.command()
def purge(
    waiting: Annotated[
        bool, typer.Option("--waiting", help="cancel jobs that wait, of a tenant or batch")
    ] = False,
    ended: Annotated[
        str | None,
        typer.Option("--ended", help="erase jobs that ended so long ago: 30d, 12h", metavar="AGE"),
    ] = None,
    tenant: Tenant = None,
    batch: Annotated[str | None, typer.Option(help="of this batch alone", metavar="BATCH")] = None,
    json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Do away with jobs: such that wait (canceled), or that ended long ago (erased)."""
    if waiting == (ended is not None):
        raise typer.BadParameter("say --waiting, or --ended AGE")
    service, num, more = Service(url, api_key), 0, True
    while more:
        found = service.post(
            "purge",
            what="waiting" if waiting else "ended",
            tenant=tenant,
            batch_id=batch,
            older_than_s=_seconds(ended) if ended else None,
        )
        num += found["jobs"]
        more = found["more"]
    done = "canceled" if waiting else "erased"
    _show({"jobs": num}, json, lambda _: [f"{num} jobs {done}."])


@app.command()
def doctor(json: AsJson = False) -> None:
    """Look at settings, store, blobs, clock, models, disk, and say what to do.

    Where the server is installed, with the settings that its processes have. Exits with 1 where
    something is in error; a warning is none.
    """
    found = []
    for one in look():
        found.append(one)
        if not json:
            typer.echo(f"{one.level:8}{one.what}: {one.said}")
            if one.advice:
                typer.echo(f"{'':8}{one.advice}")
    if json:
        print_json([one.dump() for one in found])
    if any(one.level == "error" for one in found):
        raise typer.Exit(REFUSED)


Folder = Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)]


@app.command()
def backup(folder: Folder, json: AsJson = False) -> None:
    """Copy the store and the documents into a new folder, while the service goes on.

    Where the server is installed, with its settings. Documents in an object store stay there.
    """
    facts = _done(back_up, folder)
    documents = facts.documents_at or f"{facts.num_files} files of documents"
    told = f"{folder}: the store ({showing.size(facts.store_bytes)}), {documents}"
    _show(asdict(facts), json, lambda _: [told])


@app.command()
def restore(folder: Folder, json: AsJson = False) -> None:
    """Make a backup the state of a service that has none yet: a new data folder, an empty store.

    Nothing of the service may run. Says which jobs the backup holds without their documents.
    """
    done = _done(restoring.restore, folder)
    _show(
        asdict(done),
        json,
        lambda _: showing.restored(
            done.num_jobs,
            done.facts.taken_at,
            [
                ("erased, since its results are not in the backup", done.erased),
                (
                    "waits without its document, and will be named document_lost",
                    done.without_document,
                ),
            ],
        ),
    )


def _done(deed: Callable[[Settings, Path], T], folder: Path) -> T:
    try:
        return deed(load_settings(), folder)
    except DocchuError as error:
        give_up(error.reason, REFUSED)


def _seconds(age: str) -> float:
    part = re.fullmatch(r"(\d{1,6})([mhd])", age)
    if not part:
        raise typer.BadParameter("an age is 30d, 12h or 90m", param_hint="--ended")
    return int(part[1]) * _SECONDS[part[2]]


def _show(found: Answer, json: bool, lines: Callable[[Answer], Iterable[str]]) -> None:
    if json:
        print_json(found)
        return
    for line in lines(found):
        typer.echo(line)


if __name__ == "__main__":
    app()
