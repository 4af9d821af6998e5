"""Shows who worked on a job, when, and how that ended."""

from __future__ import annotations

from flask import Blueprint
from pydantic import BaseModel

from api.http.auth import authenticate, tenant
from api.http.operations import operation
from api.jobs.views import KNOWN_JOB
from api.services import services
from shared.jobs import SliceAttempt

timeline = Blueprint("timeline", __name__)
timeline.before_request(authenticate)


class Timeline(BaseModel):
    """The attempts of a job by their start."""

    attempts: list[SliceAttempt]


@timeline.get("/v1/jobs/<job_id>/timeline")
@operation(Timeline, errors=KNOWN_JOB)
def show_timeline(job_id: str) -> Timeline:
    """Show the attempts of a job

    Each is one worker's go at a slice of the job's pages: `lost` where the worker died or hung and
    another attempt took over, `released` where it handed the slice back.
    """
    return Timeline(attempts=services().jobs.timeline(tenant(), job_id))
