"""Shows who worked on a job, when, and how that ended."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel

from api.http.auth import authenticate, tenant
from api.http.openapi import answers
from api.jobs.options import NoQuery
from api.services import services
from shared import errors
from shared.jobs import SliceAttempt

timeline = APIBlueprint("timeline", __name__, tag="Jobs")
timeline.before_request(authenticate)


class Timeline(BaseModel):
    """The attempts of a job by their start."""

    attempts: list[SliceAttempt]


@timeline.get("/v1/jobs/<job_id>/timeline")
@timeline.input(NoQuery, location="query", arg_name="query")
@timeline.output(Timeline)
@timeline.doc(responses=answers(errors.InvalidOption, errors.JobNotFound, errors.JobGone))
def show_timeline(job_id: str, query: NoQuery) -> Response:
    """Show the attempts of a job

    Each is one worker's go at a slice of the job's pages: `lost` where the worker died or hung and
    another attempt took over, `released` where it handed the slice back.
    """
    found = Timeline(attempts=services().jobs.timeline(tenant(), job_id))
    return Response(found.model_dump_json(), mimetype="application/json")
