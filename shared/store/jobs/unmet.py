"""Needs that no worker meets: noted, so that their jobs can say so, and given up in the end."""

from __future__ import annotations

from collections.abc import Collection

from shared.errors.documents import ModelUnusable
from shared.store import keys
from shared.store.needs import model_of, of_job
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults
from shared.store.workers import WorkerInfo


class Unmet:
    """What slices wait for that no living worker has. Methods raise Unavailable."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)

    def note(self, alive: Collection[WorkerInfo]) -> dict[str, float]:
        """Note which needs these workers do not meet, and for how many seconds that has been so.

        Where no worker lives that is not known: there may be any.
        """
        now = self._scripts.steady_ms()
        with store_faults():
            known: dict[str, str] = self._client.hgetall(keys.NEEDS)
        unmet: dict[str, float] = {}
        for need, since in known.items():
            noted = ""
            if alive and not any(worker.meets(need) for worker in alive):
                noted = str(min(int(since) if since.isdigit() else now, now))
                unmet[need] = (now - int(noted)) / 1000
            if noted != since:
                with store_faults():
                    self._client.hset(keys.NEEDS, need, noted)
        return unmet

    def give_up(self, need: str, limit: int) -> list[str]:
        """End some jobs that wait for a model; answer which."""
        why = f"No worker has had the model `{model_of(need)}` for long."
        with store_faults():
            names = [
                name
                for lane in keys.LANES
                for name in self._client.zrange(keys.ready(lane, need), 0, limit - 1)
            ]
        ids = list(dict.fromkeys(name.partition("/")[0] for name in names))
        for job_id in ids:
            self._scripts.run("give_up", job_id, ModelUnusable.code, why, of_job(need))
        return ids


def reason(need: str, since: str | None) -> str | None:
    """Why a slice with this need waits, if not for its turn. `since` is as it was noted."""
    if not since:
        return None
    model = model_of(need)
    if model is not None:
        return f"No worker that runs now has the model `{model}`."
    return "No worker that runs now knows what the job asks for: they are of an older version."
