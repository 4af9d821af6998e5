"""`python -m api`: check that the service may be started like this, then become gunicorn."""

from __future__ import annotations

import sys

from gunicorn.app.wsgiapp import WSGIApplication

from shared.errors import DocchuError
from shared.running.starting import await_stores
from shared.settings import load_settings
from shared.store.api_keys import ApiKeys, check_exposure
from shared.store.scripts import connect


def main() -> None:
    """Check, then serve until told to stop."""
    try:
        settings = load_settings()
        await_stores(settings)
        check_exposure(settings, ApiKeys(connect(settings.store_url)))
    except DocchuError as error:
        sys.exit(f"docchu: {error.reason}")
    sys.argv = ["docchu-api", "--config", "python:api.gunicorn_conf"]
    WSGIApplication("%(prog)s").run()


if __name__ == "__main__":
    main()
