"""The records of schema 2 and before: lists of jobs and deliveries were not kept by status."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from shared.store import keys
from shared.store.scripts import Scripts, store_faults

_AT_ONCE = 500
_ANEW_MS = 1_800_000  # what is under way gets, as the time that nobody could work counted before


def migrate(scripts: Scripts) -> None:
    """Put jobs and deliveries into the lists of today. Raises Unavailable."""
    with store_faults():
        for name in _lists_of(scripts, "jobs"):
            entries = _places(scripts, name)
            while some := list(islice(entries, _AT_ONCE)):
                calls = [
                    ([*keys.of_job(one), name, keys.PLACES], [one, place]) for one, place in some
                ]
                scripts.run_each("list_job", calls)
            scripts.client.delete(name)  # what could not be listed has no record
        for name in list(scripts.client.scan_iter(f"{keys.PREFIX}batch:*:jobs", count=_AT_ONCE)):
            scripts.client.delete(name)
        for name in _lists_of(scripts, "deliveries"):
            entries = _places(scripts, name)
            while some := list(islice(entries, _AT_ONCE)):
                calls = [
                    ([keys.delivery(one), name, keys.LISTS, keys.PLACES], [one, place])
                    for one, place in some
                ]
                scripts.run_each("list_delivery", calls)
            scripts.client.delete(name)
        for name in _lists_of(scripts, "batches"):
            _drop_gone(scripts, name)
        later = scripts.now_ms() + _ANEW_MS
        for one in scripts.client.zrange(keys.DEADLINES, "-inf", later, byscore=True):
            scripts.client.zadd(keys.DEADLINES, {one: later}, xx=True, gt=True)


def _lists_of(scripts: Scripts, kind: str) -> list[str]:
    """The lists of all tenants."""
    return list(scripts.client.scan_iter(f"{keys.PREFIX}tenant:*:{kind}", count=_AT_ONCE))


def _places(scripts: Scripts, name: str) -> Iterator[tuple[str, int]]:
    """What stands in a list by time, each at a place of its own."""
    place = 0
    for one, at_ms in scripts.client.zrange(name, 0, -1, withscores=True):
        place = max(place + 1, int(at_ms))
        yield one, place


def _drop_gone(scripts: Scripts, name: str) -> None:
    ids = scripts.client.zrange(name, 0, -1)
    with scripts.client.pipeline(transaction=False) as pipe:
        for one in ids:
            pipe.hexists(keys.batch(one), "gone")
        answers = pipe.execute(raise_on_error=False)
    if gone := [one for one, is_gone in zip(ids, answers, strict=True) if is_gone is True]:
        scripts.client.zrem(name, *gone)
