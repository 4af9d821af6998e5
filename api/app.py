"""Makes the Flask app out of settings and services."""

from __future__ import annotations

from apiflask import APIFlask

from api.batches.results import batch_results
from api.batches.views import batches
from api.http import middleware, openapi, problems
from api.http.docs import docs
from api.jobs.events import events
from api.jobs.results import results
from api.jobs.timeline import timeline
from api.jobs.views import jobs
from api.pages import pages
from api.services import Services, install, make_services
from api.status import metrics
from api.status.health import health
from api.torchserve.views import torchserve
from api.webhooks.deliveries import deliveries
from api.webhooks.views import webhooks
from shared.settings import Settings, load_settings

_VERSION = "1"


def create_app(settings: Settings | None = None, services: Services | None = None) -> APIFlask:
    """Make the app; nothing connects before the first request. Raises SettingError."""
    settings = settings or load_settings()
    services = services or make_services(settings)
    app = APIFlask(
        "api",
        title="Docchu",
        version=_VERSION,
        spec_path=None,
        docs_path=None,
        json_errors=False,
    )
    app.config.update(openapi.CONFIG)
    app.description = "Reads documents: images, TIFF and PDF to text, Vietnamese first."
    install(app, services)
    metrics.register(app.extensions, services)
    middleware.register(app)
    problems.register(app)
    app.spec_processor(openapi.complete)
    for blueprint in (
        jobs,
        batches,
        batch_results,
        timeline,
        events,
        results,
        webhooks,
        deliveries,
        torchserve,
        health,
        docs,
        pages,
    ):
        app.register_blueprint(blueprint)
    return app
