"""The batch of a schedule: some of its documents go into it, and what must be true of it then."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait

import httpx

from keeper.batches import DueBatches
from shared.blobs import open_blobs
from shared.jobs import Status
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.batches.records import COUNTS, STATES
from shared.store.lists import everything
from tests.faults.documents import Document
from tests.faults.world import World

_GIVE_UP_S = 60
_TRIES = 5  # to be faster than a running keeper
_CHANCE = 0.4  # that a document goes into the batch


def choose(seed: int, documents: list[Document]) -> frozenset[int]:
    """The numbers of the documents that go into the batch; documents stay as they are."""
    rng = random.Random(f"batch {seed}")
    return frozenset(one.number for one in documents if rng.random() < _CHANCE)


def open_batch(world: World) -> str:
    """Open a batch before anything happens."""
    answer = world.http.post("/v1/batches", json={"webhook_url": world.receiver.url})
    assert answer.status_code == 201, answer.text
    batch_id: str = answer.json()["id"]
    return batch_id


def close_after(world: World, batch_id: str, adding: Iterable[Future[None]]) -> None:
    """Close the batch once its documents were sent, however often that must be asked."""
    wait(adding)
    deadline = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if world.http.post(f"/v1/batches/{batch_id}/close").status_code == 200:
                return
        time.sleep(0.2)


def is_over(world: World) -> bool:
    """Whether every batch has ended."""
    ids = world.client.zrange(keys.tenant_batches(DEFAULT_TENANT), 0, -1)
    return all(world.client.hexists(keys.batch(one), "finished") for one in ids)


def told_of(world: World, batch_id: str) -> set[tuple[str, str]]:
    """What the receiver of webhooks heard of the batch: ids and statuses."""
    heard = set()
    for request in list(world.receiver.received):
        event = json.loads(request.body)
        if event["type"] == "batch.finished" and event["data"]["id"] == batch_id:
            heard.add((request.headers["webhook-id"], event["data"]["status"]))
    return heard


def batch_violations(world: World, batch_id: str) -> Iterator[str]:
    """Say everything that is not as it must be of the batch."""
    client = world.client
    record = client.hgetall(keys.batch(batch_id))
    if record.get("ends") != "1":
        yield f"{batch_id} ended {record.get('ends')} times"
    heard = told_of(world, batch_id)
    if [status for _, status in heard] != ["finished"]:
        yield f"of the end of {batch_id} were heard {sorted(heard)}"
    ids = everything(client, keys.parts(f"batch:{batch_id}", Status))
    records = [client.hgetall(keys.job(job_id)) for job_id in ids]
    found = Counter(one["status"] for one in records)
    texts = client.hmget(keys.BATCH_COUNTS, [f"{batch_id}/{name}" for name in COUNTS])
    counted = {name: int(n) for name, n in zip(STATES, texts, strict=False) if n and int(n)}
    if counted != dict(found):
        yield f"{batch_id} counts {counted}, its jobs are {dict(found)}"
    left = dict(zip(COUNTS, texts, strict=True))["left"]
    if int(left or 0):
        yield f"{batch_id} has {left} pages left"
    if sorted(client.hvals(keys.batch_names(batch_id))) != sorted(ids):
        yield f"{batch_id} has other names than jobs"
    if int(record["last"]) != len(ids):
        yield f"{batch_id} gave {record['last']} places to {len(ids)} jobs"


def forget_all(world: World, later_ms: int) -> None:
    """Do what a keeper does with batches at that time."""
    blobs = open_blobs(world.settings)
    due = DueBatches.make(world.settings, world.client, blobs, lambda: later_ms)
    # Every batch is looked at within six hours, by the keepers' clock, which cannot be set. A
    # keeper that comes first sets a batch aside for hours again.
    for _ in range(_TRIES):
        batches = world.client.zrange(keys.BATCHES_DUE, 0, -1)
        for batch_id in batches:
            world.client.zadd(keys.BATCHES_DUE, {batch_id: 0}, xx=True)
        if batches:
            due.process_due_batches()


def left_of_batches(world: World) -> Iterator[str]:
    """Keys of batches, and of lists, that are left after retention."""
    for pattern in ("docchu:batch*", "docchu:list:jobs:default:*", "docchu:list:batch:*"):
        for name in world.client.scan_iter(pattern):
            yield f"{name} is left after retention"
