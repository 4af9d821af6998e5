"""Uploads with the client that openapi-python-client made: URL, picture, its text."""

from __future__ import annotations

import base64
import io
import sys
import time
from pathlib import Path
from typing import TypeVar

from made.api.batches import (
    add_batch_documents,
    close_batch,
    list_batch_jobs,
    open_batch,
    show_batch,
)
from made.api.jobs import erase_job, list_jobs, show_job, submit
from made.api.results import show_page, show_result, show_result_as, show_result_as_pdf
from made.client import Client
from made.models import (
    AddBatchDocumentsFilesBody,
    Job,
    JobByData,
    ProblemDetails,
    Status,
    SubmitFilesBody,
    SubmitFilesBodyMetadata,
    SubmitFilesBodyPriority,
)
from made.models.show_result_as_format import ShowResultAsFormat
from made.types import File

T = TypeVar("T")
client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
data, expected = Path(sys.argv[2]).read_bytes(), sys.argv[3]


def got(found: T | ProblemDetails | None) -> T:
    """What was asked for."""
    assert found is not None and not isinstance(found, ProblemDetails), found
    return found


def file() -> File:
    """The picture as a part of a form."""
    return File(payload=io.BytesIO(data), file_name="ảnh.png", mime_type="image/png")


def finished(job: Job) -> Job:
    """The job once it has ended."""
    while job.finished_at is None:
        job = got(show_job.sync(job.id, client=client, wait=5))
    assert job.status == Status.SUCCEEDED, job
    return job


metadata = SubmitFilesBodyMetadata.from_dict({"order": [7]})
form = SubmitFilesBody(
    file=file(), metadata=metadata, pages="1", priority=SubmitFilesBodyPriority.INTERACTIVE
)
uploaded = finished(got(submit.sync(client=client, body=form)))
assert uploaded.document.name == "ảnh.png" and uploaded.metadata.to_dict() == {"order": [7]}
raw = finished(got(submit.sync(client=client, body=File(payload=io.BytesIO(data)))))
in_json = JobByData(data=base64.b64encode(data).decode())
finished(got(submit.sync(client=client, body=in_json, prefer="wait=30")))

result = got(show_result.sync(uploaded.id, client=client))
assert expected in " ".join(line.text for line in result.pages[0].lines)
assert got(show_page.sync(uploaded.id, 1, client=client)).lines == result.pages[0].lines
for chosen in ShowResultAsFormat:
    answer = show_result_as.sync_detailed(uploaded.id, chosen, client=client)
    assert answer.status_code == 200 and isinstance(answer.parsed, str), (chosen, answer)
    assert expected.split()[0] in answer.parsed, (chosen, answer.parsed[:300])
assert got(show_result_as_pdf.sync(uploaded.id, client=client)).payload.read(5) == b"%PDF-"

batch = got(open_batch.sync(client=client))
files = AddBatchDocumentsFilesBody(file=[file()])
got(add_batch_documents.sync(batch.id, client=client, body=files))
got(close_batch.sync(batch.id, client=client))
while got(show_batch.sync(batch.id, client=client, wait=5)).finished_at is None:
    time.sleep(0.1)
assert len(got(list_batch_jobs.sync(batch.id, client=client)).jobs) == 1

gone = erase_job.sync_detailed(uploaded.id, client=client)
assert gone.status_code == 204
refused = show_job.sync(uploaded.id, client=client)
assert isinstance(refused, ProblemDetails) and refused.code == "job_gone"
assert uploaded.id not in [job.id for job in got(list_jobs.sync(client=client)).jobs]
print("done")
