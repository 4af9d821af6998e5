"""Makes the Flask app out of settings and services."""

from __future__ import annotations

from flask import Flask

from api.admin.views import admin
from api.azure.views import azure
from api.batches.results import batch_results
from api.batches.views import batches
from api.corrections.views import corrections
from api.http import cors, middleware, problems
from api.http.docs import docs
from api.jobs.events import events
from api.jobs.files import files
from api.jobs.page_results import page_results
from api.jobs.results import results
from api.jobs.timeline import timeline
from api.jobs.views import jobs
from api.openwebui.views import openwebui
from api.pages import pages
from api.services import Services, install, make_services
from api.status import metrics, readiness
from api.status.health import figures, health
from api.torchserve.management import management
from api.torchserve.views import torchserve
from api.webhooks.deliveries import deliveries
from api.webhooks.views import webhooks
from shared.observing import tracing
from shared.settings import Settings, load_settings


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """Make the app; nothing connects before the first request. Raises SettingError."""
    settings = settings or load_settings()
    tracing.set_up("api")
    services = services or make_services(settings)
    app = Flask("api", static_folder=None)
    install(app, services)
    metrics.register(app.extensions, services, readiness.register(app.extensions, services))
    middleware.register(app)
    cors.register(app, settings)
    problems.register(app)
    for blueprint in (
        jobs,
        batches,
        batch_results,
        timeline,
        events,
        results,
        page_results,
        corrections,
        files,
        webhooks,
        deliveries,
        torchserve,
        management,
        azure,
        openwebui,
        admin,
        health,
        figures,
        docs,
        pages,
    ):
        app.register_blueprint(blueprint)
    return app
