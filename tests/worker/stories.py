"""What the worker's tests share: a reader that says which page it saw, and documents to read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.blobs import INPUT, open_blobs
from shared.ids import new_id
from shared.jobs import Document, Job, Model
from shared.options import Options
from shared.result import Line, Page
from shared.settings import Settings
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.scripts import connect
from tests.grounds import FolderGround, Ground
from worker.models import OneModel
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reading, Timings
from worker.ocr.recognition.batch_client import UNWATCHED, Watch
from worker.runtime import Runtime

TENANT = "acme"
GREY = Model(name="grey", version="1", sha256="00")
BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


@dataclass
class GreyReader:
    """Reads a page as the grey of its first pixel, so that each page has a text that is known."""

    on_page: Callable[[int], None] = lambda page: None
    seen: list[int] = field(default_factory=list)
    hints: dict[int, Hint | None] = field(default_factory=dict)

    def read(
        self,
        picture: NDArray[np.uint8],
        page: int,
        *,
        job: str = "",
        watch: Watch = UNWATCHED,
        hint: Hint | None = None,
    ) -> Reading:
        self.seen.append(page)
        self.hints[page] = hint
        self.on_page(page)
        line = Line(text=f"grey {picture[0, 0, 0]}", confidence=1, box=BOX, words=())
        height, width = picture.shape[:2]
        found = Page(page=page, width=width, height=height, lines=(line,))
        return Reading(found, Timings(0.01, 0.02))


def grey_tiff(num_pages: int) -> bytes:
    """A TIFF whose page `n` has the grey `n`."""
    pages = [Image.new("L", (40, 20), number) for number in range(1, num_pages + 1)]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    return file.getvalue()


@dataclass
class Service:
    """A store and a blob store, with submitting in front and workers behind."""

    settings: Settings
    ground: Ground | None = None

    def __post_init__(self) -> None:
        self.client = connect(self.settings.store_url)
        self.blobs = open_blobs(self.settings)
        self.jobs = JobStore(self.client, Limits(10_000, 10_000))

    def submit(self, data: bytes, media_type: str = "image/tiff", **options: str) -> str:
        """Accept a document; answers the job's id."""
        job_id = new_id("job")
        self.blobs.put(TENANT, job_id, INPUT, data)
        document = Document(
            name="a", media_type=media_type, size=len(data), sha256=sha256(data).hexdigest()
        )
        day_s = 24 * 3600
        new = NewJob(job_id, TENANT, document, Options(**options), day_s, day_s, day_s)
        return self.jobs.create(new).id

    def job(self, job_id: str) -> Job:
        return self.jobs.get(TENANT, job_id)

    def texts(self, job_id: str) -> dict[int, str]:
        """The text of every page that was read."""
        found = {}
        for number, record in self.jobs.pages(TENANT, job_id).items():
            if record.blob:
                data = self.blobs.get(TENANT, job_id, record.blob)
                found[number] = Page.model_validate_json(data).lines[0].text
        return found

    def blob_names(self, job_id: str) -> set[str]:
        return (self.ground or FolderGround(self.settings.data_dir / "blobs")).names(job_id)

    @contextmanager
    def worker(self, reader: GreyReader, *, apart: bool = False) -> Iterator[Runtime]:
        """A worker in this process; or, `apart`, what reads suspect slices for one."""
        client, models = connect(self.settings.store_url), OneModel(reader, GREY)
        suspects = None if apart else ["tests.worker.grey_suspects"]
        runtime = Runtime(self.settings, client, models, suspects)
        try:
            yield runtime
        finally:
            runtime.close()


def make_service(valkey: Settings, folder: Path, ground: Ground | None = None) -> Service:
    """A service on the running server, with blobs of its own."""
    settings = Settings(
        redis_url=valkey.store_url,
        data_dir=folder,
        blobs=ground.blobs if ground else "",
        loader_processes=1,
        slice_pages=4,
        lease_s=3,
    )
    service = Service(settings, ground)
    service.client.flushall()
    service.blobs.identify("the test's")
    return service
