"""What operators are shown, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.admin.calling import Answer

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def workers(found: Answer) -> Iterator[str]:
    """Each worker, and what it reads."""
    known = {one["id"] for one in found["workers"]}
    for worker in found["workers"]:
        models = ", ".join(f"{one['name']} {one['version']}" for one in worker["models"])
        drained = f", drained for {age(worker['drained_at'])}" if worker["drained_at"] else ""
        yield f"{worker['id']}  {worker['device']}, {models}{drained}"
        yield from _readings(one for one in found["reading"] if one["worker"] == worker["id"])
    if elsewhere := [one for one in found["reading"] if one["worker"] not in known]:
        yield "in processes apart, or of workers that are gone:"
        yield from _readings(elsewhere)
    if not found["workers"]:
        yield "No worker is running."


def _readings(found: Iterable[Answer]) -> Iterator[str]:
    rows = [
        (
            one["job_id"],
            one["tenant"],
            f"slice {one['slice']}",
            _pages(one["pages"]),
            f"attempt {one['attempt']}" + (f", {one['crashes']} crashed" if one["crashes"] else ""),
            age(one["since"]),
        )
        for one in found
    ]
    yield from table(rows, "  ")


def _pages(pages: list[int] | None) -> str:
    if not pages:
        return "being opened"
    return f"page {pages[0]}" if len(pages) == 1 else f"pages {pages[0]} to {pages[-1]}"


def queue(found: Answer) -> Iterator[str]:
    """What waits, what is slow, what went wrong."""
    if found["paused_at"]:
        yield f"EVERYTHING IS PAUSED for {age(found['paused_at'])}: docchu admin resume"
    head = ("tenant", "pages", "interactive", "bulk", "oldest", "failed", "undelivered", "")
    rows = [
        (
            *(str(one[name]) for name in ("tenant", "pages", "interactive", "bulk")),
            age(one["oldest_at"]),
            str(one["failed"]),
            f"{one['deliveries_pending']} + {one['deliveries_failed']}",
            f"paused for {age(one['paused_at'])}" if one["paused_at"] else "",
        )
        for one in found["tenants"]
    ]
    yield from table([head, *rows]) if rows else ["Nothing waits."]
    yield from _section("Read for the longest time", _readings(found["slowest"]))
    yield from _section("Failed last", table(map(_failure, found["failed"]), "  "))
    yield from _section("Pages that ended their workers, or took too long", _troubles(found))
    yield from _section("Webhooks that fail", table(map(_webhook, found["webhooks"]), "  "))
    if found["records_set_aside"]:
        yield f"{found['records_set_aside']} records cannot be used: the keeper's log names them."
    yield _room(found["room"])


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", f"{title}:", *lines)


def _failure(one: Answer) -> tuple[str, ...]:
    again = f"requeued as {one['requeued_as']}" if one["requeued_as"] else ""
    return one["job_id"], one["tenant"], one["status"], one["code"], age(one["finished_at"]), again


def _troubles(found: Answer) -> Iterator[str]:
    for one in found["troubled"]:
        pages = ", ".join(f"page {number} {code}" for number, code in one["pages"].items())
        yield f"  {one['job_id']}  {one['tenant']}  {pages}"
        for attempt in one["attempts"]:
            number = f"slice {attempt['slice']}, attempt {attempt['attempt']}"
            outcome = attempt["outcome"] or "under way"
            yield f"    {attempt['started_at']}  {number}  {attempt['worker']}  {outcome}"


def _webhook(one: Answer) -> tuple[str, ...]:
    since = f"switched off {age(one['disabled_at'])} ago" if one["disabled_at"] else ""
    since = since or f"failing for {age(one['failing_since'])}"
    return one["webhook_id"], one["tenant"], one["url"], since, one["last_error"] or ""


def _room(room: Answer) -> str:
    most = f" of {size(room['store_max_bytes'])}" if room["store_max_bytes"] else ""
    return (
        f"Disk: {size(room['disk_free_bytes'])} free. "
        f"Memory of the job store: {size(room['store_bytes'])}{most}."
    )


def audit(found: Answer) -> Iterator[str]:
    """The log, the oldest first."""
    names = ("at", "who", "tenant", "what", "on")
    yield from table([tuple(one[name] for name in names) for one in reversed(found["entries"])])


def restored(num: int, taken_at: str, left: list[tuple[str, list[str]]]) -> Iterator[str]:
    """What came of a restoration, with the jobs that are not as they were."""
    yield f"{num} jobs, as they were at {taken_at}. Start the service now."
    for what, jobs in left:
        yield from (f"{job}: {what}" for job in jobs)


def table(rows: Iterable[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Rows with their columns under each other."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()


def age(at: Any) -> str:
    """How long ago a time is."""
    if not at:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    for length, unit in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def size(num_bytes: float) -> str:
    """Bytes, for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"
