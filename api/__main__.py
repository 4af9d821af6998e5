"""`python -m api`: check that the service may be started like this, then become gunicorn."""

from __future__ import annotations

import sys
import time

from gunicorn.app.wsgiapp import WSGIApplication

from shared.errors import DocchuError, Unavailable
from shared.settings import Settings, load_settings
from shared.store.api_keys import ApiKeys, check_exposure
from shared.store.scripts import connect

_STORE_STARTS_S = 30.0  # the store may be started at the same time as the API


def check(settings: Settings) -> None:
    """Raise SettingError if everybody could come in, Unavailable if that cannot be found out."""
    api_keys = ApiKeys(connect(settings.store_url))
    deadline = time.monotonic() + _STORE_STARTS_S
    while True:
        try:
            return check_exposure(settings, api_keys)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def main() -> None:
    """Check, then serve until told to stop."""
    try:
        check(load_settings())
    except DocchuError as error:
        sys.exit(f"docchu: {error.detail}")
    sys.argv = ["docchu-api", "--config", "python:api.gunicorn_conf"]
    WSGIApplication("%(prog)s").run()


if __name__ == "__main__":
    main()
