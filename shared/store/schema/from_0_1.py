"""The records of Docchu 0.1: its queue knew no needs, and its deliveries waited by host alone.

Uploads were called parcels, and bulk operations walks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from pydantic import ValidationError
from redis import ResponseError

from shared.broker import message_template
from shared.options import Options
from shared.store import keys
from shared.store.errands.queues import Route
from shared.store.needs import PLAIN, need_of
from shared.store.scripts import Scripts, store_faults

_AT_ONCE = 500
_HOSTS = f"{keys.PREFIX}deliveries:hosts"
_DOORBELL = "docchu.doorbell"
_PARCELS = f"{keys.PREFIX}parcels"


def migrate(scripts: Scripts) -> None:
    """Take over what waits and what is under way. Raises Unavailable."""
    with store_faults():
        _note_needs(scripts, [(member, "") for member in scripts.client.zrange(keys.LEASES, 0, -1)])
        for lane in keys.LANES:
            ready = keys.ready(lane).removesuffix(":")
            _queue_anew(scripts, ready)
            scripts.client.delete(ready, keys.flows(lane).removesuffix(":"))
        for host in scripts.client.zrange(_HOSTS, 0, -1):
            _route_anew(scripts, host)
        scripts.client.delete(_HOSTS, _DOORBELL, f"_kombu.binding.{_DOORBELL}")
        for upload in scripts.client.zrange(_PARCELS, 0, -1):
            _rename(scripts, f"{keys.PREFIX}parcel:{upload}", keys.batch_upload(upload))
        _rename(scripts, _PARCELS, keys.UPLOADS)
        for name in scripts.client.scan_iter(
            f"{keys.PREFIX}tenant:*:idempotency:*", count=_AT_ONCE
        ):
            _accept_repetition(scripts, name)
        for batches in scripts.client.scan_iter(keys.tenant_batches("*"), count=_AT_ONCE):
            names = scripts.client.zrange(batches, 0, -1)
            scripts.run_each("migrate_batch", [([keys.batch(one)], []) for one in names])


def _accept_repetition(scripts: Scripts, name: str) -> None:
    """Let a key of 0.1 stand for its job: what made two requests the same was something else."""
    with suppress(ValueError):
        known = json.loads(scripts.client.get(name) or "{}")
        if "job" in known:
            known["fingerprint"] = ""
            scripts.client.set(name, json.dumps(known), xx=True, keepttl=True)


def _rename(scripts: Scripts, old: str, new: str) -> None:
    with suppress(ResponseError):  # there is none any more, or never was
        scripts.client.renamenx(old, new)


def _queue_anew(scripts: Scripts, ready: str) -> None:
    members = iter(scripts.client.zrange(ready, 0, -1))
    while some := list(islice(members, _AT_ONCE)):
        _note_needs(scripts, [(member, ready) for member in some])


def _note_needs(scripts: Scripts, slices: list[tuple[str, str]]) -> None:
    """Note the needs of the slices' jobs, and queue those that wait in `ready` by them."""
    with scripts.client.pipeline(transaction=False) as pipe:
        for member, _ in slices:
            pipe.hget(keys.job(_job(member)), "options")
        options = pipe.execute(raise_on_error=False)
    scripts.run_each("migrate_slice", list(_calls(slices, options)))


def _calls(slices: list[tuple[str, str]], options: list[Any]) -> Iterator[tuple[list[str], Any]]:
    for (member, ready), text in zip(slices, options, strict=True):
        job_id, _, index = member.rpartition("/")
        args = [job_id, index, _need(text), message_template()]
        yield [*keys.of_job(job_id), ready], args


def _job(member: str) -> str:
    return member.rpartition("/")[0]


def _need(options: Any) -> str:
    try:
        return need_of(Options.model_validate_json(options))
    except ValidationError:
        return PLAIN  # of a damaged record, which is set aside where it is read


def _route_anew(scripts: Scripts, host: str) -> None:
    queue = f"{keys.PREFIX}deliveries:due:{host}"
    for delivery, due in scripts.client.zrange(queue, 0, -1, withscores=True):
        tenant = scripts.client.hget(keys.delivery(delivery), "tenant") or ""
        route = Route("deliveries", tenant, host)
        args = [*route.names, delivery, due]
        scripts.run_on("migrate_delivery", [*route.keys, queue], *args)
