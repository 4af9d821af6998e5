"""Which workers are alive, and whether a reading goes through the real queue (the canary)."""

from __future__ import annotations

import redis
from pydantic import BaseModel, ValidationError

from shared.errors import InvalidOption
from shared.jobs import Model
from shared.store import keys
from shared.store.needs import VERSION, of_job, readable
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

REPORT_S = 2.0
"""Seconds between two signs of life of a worker."""
_THERE_MS = 8000  # without one, after which a worker does not count as running
_ALIVE_MS = 30_000  # after which it counts as dead: a busy machine may keep it silent for a while
CANARY_TENANT = "docchu-canary"


def _lately(then_ms: int, now_ms: int, within_ms: int) -> bool:
    """Whether it is that long ago at most; what lies in the future by more was never so."""
    return abs(now_ms - then_ms) < within_ms


class WorkerInfo(BaseModel):
    """A worker as it describes itself; `seen_ms` is its last sign of life.

    `model` reads where a job names none, `models` are all that can be named; `version` is what it
    knows of a reading (`shared/store/needs.py`).
    """

    id: str
    model: Model
    models: list[Model] = []
    device: str
    num_slices: int
    version: int = VERSION
    seen_ms: int = 0

    def meets(self, need: str) -> bool:
        """Whether it can read what has this need."""
        models = self.models or [self.model]
        return of_job(need) in readable((one.name for one in models), self.version)


class Workers:
    """The register of workers. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)

    def report(self, info: WorkerInfo) -> bool:
        """Say that this worker lives; answer whether it is to take nothing new."""
        seen = info.model_copy(update={"seen_ms": self._scripts.now_ms()})
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.hset(keys.WORKERS, info.id, seen.model_dump_json())
            pipe.hexists(keys.DRAINED, info.id)
            _, is_drained = pipe.execute()
        return bool(is_drained)

    def leave(self, worker_id: str) -> None:
        """Say that this worker stops."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.hdel(keys.WORKERS, worker_id)
            pipe.hdel(keys.DRAINED, worker_id)
            pipe.execute()

    def drain(self, worker_id: str, on: bool = True) -> bool:
        """Let a worker finish what it reads and take nothing new, or go on; whether it lives.

        From this moment on no claim of it gets anything.
        """
        if all(info.id != worker_id for info in self.alive()):
            return False
        with store_faults():
            if on:
                self._client.hsetnx(keys.DRAINED, worker_id, self._scripts.now_ms())
            else:
                self._client.hdel(keys.DRAINED, worker_id)
        return True

    def drained(self) -> dict[str, int]:
        """Since when (ms) each worker takes nothing new."""
        with store_faults():
            found = self._client.hgetall(keys.DRAINED)
        return {name: int(since) for name, since in found.items()}

    def alive(self) -> list[WorkerInfo]:
        """The workers that gave a sign of life lately."""
        now = self._scripts.now_ms()
        return [info for info in self._all() if _lately(info.seen_ms, now, _ALIVE_MS)]

    def are_there(self) -> bool:
        """Whether any gave a sign of life in the last seconds."""
        now = self._scripts.now_ms()
        return any(_lately(info.seen_ms, now, _THERE_MS) for info in self._all())

    def models(self) -> dict[str, Model]:
        """What can be asked for of the living workers, by name; empty where none lives."""
        with store_faults():
            hidden = self._client.smembers(keys.UNREGISTERED)
        return {
            model.name: model
            for worker in self.alive()
            for model in worker.models or [worker.model]
            if model.name not in hidden or model.name == worker.model.name
        }

    def unregister_model(self, name: str) -> None:
        """Let nobody ask for a model any more."""
        with store_faults():
            self._client.sadd(keys.UNREGISTERED, name)

    def register_model(self, name: str) -> None:
        """Let it be asked for again."""
        with store_faults():
            self._client.srem(keys.UNREGISTERED, name)

    def is_unregistered(self, name: str) -> bool:
        """Whether a model was taken from those that can be asked for."""
        with store_faults():
            return bool(self._client.sismember(keys.UNREGISTERED, name))

    def check_model(self, model: str | None) -> None:
        """Raise InvalidOption if no worker has this model; while none lives nobody knows."""
        known = self.models() if model is not None else {}
        if known and model not in known:
            names = ", ".join(f"`{name}`" for name in sorted(known))
            detail = f"`model` cannot be used: there is no model `{model}`, but {names}."
            raise InvalidOption(detail, option="model")

    def forget_dead(self) -> None:
        """Drop the workers that gave no sign of life for long."""
        now = self._scripts.now_ms()
        for info in self._all():
            if not _lately(info.seen_ms, now, 10 * _ALIVE_MS):
                self.leave(info.id)

    def _all(self) -> list[WorkerInfo]:
        with store_faults():
            texts = self._client.hgetall(keys.WORKERS)
        found = []
        for worker_id, text in texts.items():
            try:
                found.append(WorkerInfo.model_validate_json(text))
            except ValidationError:  # a worker that lives writes it anew in a moment
                self.leave(worker_id)
        return sorted(found, key=lambda info: info.id)


class Canary:
    """What became of the canary: a small picture that the keeper sends through the real queue."""

    def __init__(self, client: Client, interval_s: float, clock: Clock = server_clock) -> None:
        self._client = client
        self._interval_ms = round(interval_s * 1000)
        self._scripts = Scripts(client, clock)

    def sent(self, job_id: str) -> None:
        """Note that a canary is on its way."""
        with store_faults():
            self._client.hset(
                keys.CANARY, mapping={"job": job_id, "since": self._scripts.steady_ms()}
            )

    def forget(self) -> None:
        """Begin anew: what is noted cannot be used."""
        with store_faults():
            try:
                self._client.hdel(keys.CANARY, "job", "since", "ok_at", "reason")
            except redis.ResponseError:
                self._client.delete(keys.CANARY)

    def under_way(self) -> str | None:
        """The canary's job, while it is on its way."""
        with store_faults():
            job_id: str | None = self._client.hget(keys.CANARY, "job")
        return job_id

    def returned(self, reason: str | None) -> None:
        """Note how the canary's reading ended: well, or with a reason why not."""
        now = self._scripts.steady_ms()
        self.looked()
        with store_faults(), self._client.pipeline() as pipe:
            pipe.hdel(keys.CANARY, "job")
            if reason is None:
                pipe.hdel(keys.CANARY, "reason")
                pipe.hset(keys.CANARY, "ok_at", now)
            else:
                pipe.hset(keys.CANARY, "reason", reason)
            pipe.execute()

    def is_due(self) -> bool:
        """Whether it is time to send the next one."""
        with store_faults():
            fields = self._client.hmget(keys.CANARY, ["since", "ok_at", "reason"])
        since, ok_at, reason = fields
        # After a failure or before the first success, look again soon.
        wait = self._interval_ms if ok_at and not reason else self._interval_ms // 10
        return not _lately(int(since or 0), self._scripts.steady_ms(), wait)

    def looked(self) -> None:
        """Note that a keeper goes its rounds."""
        with store_faults():
            self._client.hset(keys.CANARY, "looked", self._scripts.now_ms())

    def is_excused(self) -> bool:
        """Whether it cannot come back, the service being paused; then it has its time again."""
        with store_faults():
            if not self._client.hexists(keys.PAUSED, keys.EVERYBODY):
                return False
            self._client.hset(keys.CANARY, "ok_at", self._scripts.steady_ms())
        return True

    def is_kept_up(self) -> bool:
        """Whether a keeper went its rounds lately."""
        with store_faults():
            looked = self._client.hget(keys.CANARY, "looked")
        # By the wall: without a keeper the steady clock stands still.
        return _lately(int(looked or 0), self._scripts.now_ms(), _ALIVE_MS)

    def probe(self) -> None:
        """Raise Unavailable if nothing can be stored: a full memory can still be read from."""
        with store_faults():
            self._client.hset(keys.CANARY, "probed", 1)

    def trouble(self) -> str | None:
        """Why the service cannot do work right now; None if it can."""
        with store_faults():
            ok_at, reason, job_id = self._client.hmget(keys.CANARY, ["ok_at", "reason", "job"])
        kept_up = self.is_kept_up()
        if kept_up and _lately(int(ok_at or 0), self._scripts.steady_ms(), 3 * self._interval_ms):
            return None
        if kept_up and reason:
            return f"The last trial reading failed: {reason}"
        if kept_up and job_id:
            return "A trial reading is waiting in the queue: no worker has finished it yet."
        return "No trial reading has gone through the queue lately: is the keeper running?"
