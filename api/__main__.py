"""`python -m api`: check that the service may be started like this, then become gunicorn."""

from __future__ import annotations

import os
import sys

from gunicorn.app.wsgiapp import WSGIApplication

from shared.errors import DocchuError
from shared.observing.serving import folder_of_figures
from shared.settings import load_settings

_CHECKED = "checked"


def check() -> None:
    """Wait for the stores. Raises SettingError if everybody could come in, and what they lack."""
    from shared.observing import tracing
    from shared.running.starting import await_stores
    from shared.store.api_keys import ApiKeys, check_exposure
    from shared.store.scripts import connect

    settings = load_settings()
    tracing.set_up("api")  # here it can be told in a sentence that it cannot be
    await_stores(settings)
    check_exposure(settings, ApiKeys(connect(settings.store_url)))


def main() -> None:
    """Check, then serve until told to stop."""
    if sys.argv[1:] != [_CHECKED]:
        try:
            check()
        except DocchuError as error:
            sys.exit(f"docchu: {error.reason}")
        # Begun anew, for gevent must patch the standard library before the store's client comes.
        os.execv(sys.executable, [sys.executable, "-m", "api", _CHECKED])
    # Where the processes of prometheus_client put their figures together.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder_of_figures()
    sys.argv = ["docchu-api", "--config", "python:api.server.gunicorn_conf"]
    WSGIApplication("%(prog)s").run()


if __name__ == "__main__":
    main()
