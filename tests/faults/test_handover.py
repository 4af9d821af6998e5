"""A worker that is told to go hands its slices to the others at once, and none is read twice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.faults.documents import Document
from tests.faults.world import World, running_world


def job(world: World, path: str) -> Any:
    return world.http.get(f"/v1/jobs/{path}").json()


def test_a_worker_that_is_told_to_go_hands_its_slice_over(tmp_path: Path) -> None:
    with running_world(tmp_path, DOCCHU_SLICE_PAGES="16", DOCCHU_LEASE_S="60") as world:
        document = Document(1, ("slow",) * 12)
        job_id = world.http.post("/v1/jobs", content=document.tiff()).json()["id"]

        def pages_done() -> int:
            done: int = job(world, job_id)["progress"]["pages_done"]
            return done

        world.wait_until(lambda: pages_done() >= 2, "no page is read", 60)
        (attempt,) = job(world, f"{job_id}/timeline")["attempts"]
        names = ("worker-1", "worker-2")
        (reading,) = (n for n in names if f"-{world.process(n).pid}-" in attempt["worker"])
        world.signal(reading, signal.SIGTERM)
        world.wait_until(lambda: bool(job(world, job_id)["finished_at"]), "it does not end", 60)
        assert job(world, job_id)["status"] == "succeeded"
        first, second = job(world, f"{job_id}/timeline")["attempts"]
        assert (first["outcome"], second["outcome"]) == ("released", "finished")
        assert first["worker"] != second["worker"]
