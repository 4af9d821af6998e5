"""`docchu keys`: make, list and revoke API keys, on the store itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from shared.errors import DocchuError, SettingError
from shared.running import data_lock
from shared.running.embedded import running
from shared.settings import Settings, load_settings
from shared.store.api_keys import DEFAULT_TENANT, ApiKeys, Role
from shared.store.scripts import connect

app = typer.Typer(
    help="Make, list and revoke API keys (where the server is installed).",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_LAST = (
    "It was the last one: a service on loopback wants none any more, unless DOCCHU_AUTH=on; "
    "any other lets nobody in."
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@contextmanager
def _keys() -> Iterator[ApiKeys]:
    try:
        settings = load_settings()
        _check_named(settings)
        with running(settings, "`docchu keys`"):
            yield ApiKeys(connect(settings.store_url))
    except DocchuError as error:
        typer.echo(f"docchu keys: {error.detail}", err=True)
        raise typer.Exit(1) from error


def _check_named(settings: Settings) -> None:
    """Raise SettingError where it is unknown whose keys are meant: a key made elsewhere is useless.

    The store of a service that runs is meant; one that does not run has to be named outright.
    """
    if not settings.embedded or data_lock.holder(settings):
        return
    folder = settings.data_dir.resolve()
    if "data_dir" not in settings.model_fields_set:
        raise SettingError(
            f"No service runs on {folder}, and no other is named. Start it, or set DOCCHU_DATA_DIR "
            "to its data folder or DOCCHU_REDIS_URL to its store, as the service has them."
        )
    if not folder.is_dir():
        typer.echo(f"docchu keys: {folder} is made: no service has used it before", err=True)


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="whose jobs the key opens")] = DEFAULT_TENANT,
    name: Annotated[str, typer.Option(help="what the key is for")] = "",
    role: Annotated[
        Role | None,
        typer.Option(
            help="submit: to send documents in and fetch what is read; read: to look at all, and "
            "change nothing; admin: also for what is of the whole service (docchu admin). "
            "Without: all that is of the tenant."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="90d, 12h, 30m, or a date such as 2027-01-31", metavar="WHEN")
    ] = None,
) -> None:
    """Make a key and print it; it is shown this once."""
    until = _moment(expires) if expires else None
    with _keys() as keys:
        key, token = keys.create(tenant, name, role, until)
    typer.echo(token)
    typer.echo(f"Key {key.id} of tenant {key.tenant}. It is not shown again.", err=True)


def _moment(expires: str) -> datetime:
    """When a key's time is over; a date is its beginning in UTC."""
    now = datetime.now(UTC)
    try:
        if part := re.fullmatch(r"(\d{1,6})([mhd])", expires):
            return now + timedelta(**{_UNITS[part[2]]: int(part[1])})
        found = datetime.fromisoformat(expires)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter("it is 90d, 12h, 30m or a date", param_hint="--expires") from None
    if found <= now:
        raise typer.BadParameter("that is over already", param_hint="--expires")
    return found


@app.command(name="list")
def list_() -> None:
    """List the keys: id, tenant, role, when it was made, used last and expires (UTC), name."""
    with _keys() as keys:
        found = keys.all()
    if not found:
        typer.echo("There are no keys.", err=True)
    for key in found:
        times = "  ".join(map(_shown, (key.created_at, key.used_at, key.expires_at)))
        typer.echo(f"{key.id}  {key.tenant}  {key.role or 'all'}  {times}  {key.name}")


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "never"


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="the id that `list` shows")]) -> None:
    """Take a key out of use at once."""
    with _keys() as keys:
        revoked, is_any_left = keys.revoke(key_id), keys.any()
    if not revoked:
        typer.echo(f"docchu keys: there is no key {key_id}", err=True)
        raise typer.Exit(1)
    typer.echo(f"Key {key_id} is revoked.", err=True)
    if not is_any_left:
        typer.echo(_LAST, err=True)


if __name__ == "__main__":
    app()
