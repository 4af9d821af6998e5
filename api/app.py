"""Makes the Flask app out of settings and services."""

from __future__ import annotations

from apiflask import APIFlask

from api import metrics, openapi, outcomes, problems
from api.batch_results import batch_results
from api.batches import batches
from api.deliveries import deliveries
from api.docs import docs
from api.events import events
from api.health import health
from api.jobs import jobs
from api.pages import pages
from api.results import results
from api.services import Services, install, make_services
from api.timeline import timeline
from api.torchserve import torchserve
from api.webhooks import webhooks
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
    outcomes.register(app)
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
