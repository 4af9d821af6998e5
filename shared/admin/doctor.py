"""`docchu admin doctor`: looks at a service where it is installed, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from shared.admin import checks, store_checks
from shared.admin.findings import Finding, faulty
from shared.errors import DocchuError, SettingError
from shared.running import data_lock, embedded
from shared.settings import Settings, load_settings
from shared.store.scripts import connect

_Check = tuple[str, Callable[[], Iterator[Finding]]]


def look() -> Iterator[Finding]:
    """Everything that can be seen from here, one after the other."""
    try:
        settings = load_settings()
    except SettingError as error:
        yield Finding(
            "settings", "error", error.detail, "Mend the variable: nothing starts before."
        )
        return
    yield from checks.settings(settings)
    with ExitStack() as stack:
        own: list[_Check] = [
            ("models", partial(checks.models, settings)),
            ("disk", partial(checks.room, settings)),
        ]
        yield from _each(own)
        found = _store(settings, stack)
        if isinstance(found, Finding):
            yield found
            return
        client = connect(settings.store_url)
        stack.callback(client.close)
        yield from _each(
            [
                ("store", partial(store_checks.store, client)),
                ("blobs", partial(checks.pair, settings, client)),
                ("clock", partial(checks.clock, client)),
                ("keys", partial(checks.access, settings, client)),
                ("api", partial(checks.running, settings, client)),
            ]
        )


def _store(settings: Settings, stack: ExitStack) -> Finding | None:
    """The store is up from here on; or why not. Nothing is made where nothing was."""
    if settings.embedded and not data_lock.holder(settings):
        folder = settings.data_dir.resolve()
        if not (folder / "appendonlydir").is_dir():
            advice = (
                "Start the service once, or set DOCCHU_DATA_DIR (DOCCHU_REDIS_URL) as it has it."
            )
            return Finding("store", "warning", f"no service has run on {folder} yet", advice)
    try:
        stack.enter_context(embedded.running(settings, "`docchu admin doctor`"))
    except DocchuError as error:
        return faulty("store", error)
    return None


def _each(these: list[_Check]) -> Iterator[Finding]:
    """What each of them finds; one that cannot be made stops no other."""
    for what, check in these:
        try:
            yield from check()
        except (DocchuError, OSError) as error:
            yield faulty(what, error)
