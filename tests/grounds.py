"""What the blobs of a test lie on, a folder or an object store, and how that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from shared.blobs.folder import FolderBlobs
from tests.object_front import ObjectFront
from tests.objects import BUCKET, ObjectServer


@dataclass
class FolderGround:
    """A folder. `blobs` is the setting that leads there."""

    folder: Path
    blobs: str = ""

    def names(self, job_id: str) -> set[str]:
        """The blobs of a job."""
        return {path.name for path in self.folder.glob(f"jobs/*/*/{job_id}/*")}

    def close(self) -> None:
        """Let go of what was started."""

    @contextmanager
    def away(self) -> Iterator[None]:
        """It cannot be used for a while."""
        away = self.folder.rename(self.folder.with_name("away"))
        self.folder.write_bytes(b"")
        try:
            yield
        finally:
            self.folder.unlink()
            away.rename(self.folder)

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """In its place is the store of another service for a while."""
        away = self.folder.rename(self.folder.with_name("away"))
        FolderBlobs(self.folder).identify("another's")
        try:
            yield
        finally:
            self.folder.rename(self.folder.with_name("another"))
            away.rename(self.folder)


@dataclass
class ObjectGround:
    """A prefix in an object store, with a front that can fail."""

    server: ObjectServer
    front: ObjectFront
    prefix: str

    @property
    def blobs(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def names(self, job_id: str) -> set[str]:
        found = [name.split("/") for name in self.server.names(f"{self.prefix}/jobs/")]
        return {parts[-1] for parts in found if parts[-2] == job_id}

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead there, by way of the front."""
        front = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.front.port}"}
        return self.server.environ | front

    def close(self) -> None:
        self.front.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        with self.front.failing("503"):
            yield

    @contextmanager
    def replaced(self) -> Iterator[None]:
        another = f"{self.server.bucket}-2"
        httpx.put(another).raise_for_status()
        httpx.put(f"{another}/{self.prefix}/id", content=b"another's").raise_for_status()
        with self.front.failing("another bucket"):
            yield


Ground = FolderGround | ObjectGround


class _Own(ObjectGround):
    def close(self) -> None:
        super().close()
        self.server.stop()


def started_objects() -> ObjectGround:
    """An object store of its own, that ends with the ground."""
    server = ObjectServer()
    server.start()
    return _Own(server, ObjectFront(server.port), "faults")
