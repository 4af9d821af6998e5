"""What a worker does with slices: claim, renew, open, record pages, finish, requeue."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import DocchuError, StaleAttempt
from shared.jobs import Document, Model
from shared.options import Options
from shared.store import keys
from shared.store.jobs.records import PageRecord
from shared.store.needs import PLAIN
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

Standing = Literal["held", "canceled", "lost"]
Outcome = Literal["recorded", "canceled", "finished", "repeated"]


@dataclass(frozen=True)
class Note:
    """The key that says, for some time, which job has read a document in some way."""

    key: str
    ttl_s: int


@dataclass(frozen=True)
class Claim:
    """A leased slice. `pages` is None until the document has been opened.

    `attempt` is the fencing token: the store refuses whatever an older attempt writes.
    """

    job_id: str
    index: str
    attempt: int
    crashes: int
    tenant: str
    document: Document
    options: Options
    pages: tuple[int, ...] | None
    done: frozenset[int]
    worker_id: str = ""
    request_id: str | None = None
    trace: str | None = None
    waited_s: float | None = None  # of the first claim of its job: since that was accepted

    @property
    def names(self) -> dict[str, object]:
        """What a log line says of it."""
        return {
            "tenant": self.tenant,
            "request": self.request_id,
            "worker": self.worker_id,
            "job": self.job_id,
            "slice": self.index,
            "attempt": self.attempt,
        }

    @property
    def is_bulk(self) -> bool:
        """Whether nobody waits for it."""
        return self.options.priority == "bulk"

    @property
    def media_type(self) -> str:
        """What the document is: that is known, or it would have no slice."""
        return self.document.media_type or ""

    @property
    def left(self) -> tuple[int, ...]:
        """The pages that no earlier attempt has recorded."""
        return tuple(page for page in self.pages or () if page not in self.done)


@dataclass(frozen=True)
class JobTime:
    """Seconds that a job may take once its reading began, where its caller did not say."""

    job_s: float = 1800
    page_s: float = 60

    @property
    def ms(self) -> tuple[int, int]:
        """As the scripts want it."""
        return round(self.job_s * 1000), round(self.page_s * 1000)


@dataclass(frozen=True)
class PageTimings:
    """Seconds spent on one page."""

    load_s: float = 0
    detect_s: float = 0
    recognize_s: float = 0

    def dump(self) -> str:
        """Write the store's JSON, in whole milliseconds."""
        seconds = {"load": self.load_s, "detect": self.detect_s, "recognize": self.recognize_s}
        return json.dumps({name: round(value * 1000) for name, value in seconds.items()})


@dataclass(frozen=True)
class Room:
    """What a worker may still take: `bulk` work or none, no interactive work `not_of` tenants."""

    bulk: bool = True
    not_of: tuple[str, ...] = ()


_ANY = Room()


class SliceQueue:
    """The slices as a worker sees them. Every method raises Unavailable when the server is away."""

    def __init__(
        self,
        client: Client,
        worker_id: str,
        lease_s: float,
        clock: Clock = server_clock,
        job_time: JobTime | None = None,
        needs: Callable[[], Sequence[str]] = lambda: (PLAIN,),
    ) -> None:
        self._client = client
        self._needs = needs
        self._worker_id = worker_id
        self._lease_ms = round(lease_s * 1000)
        self._job_time = job_time or JobTime()
        self._scripts = Scripts(client, clock)

    def claim(self, room: Room = _ANY, woken_by: str = "") -> Claim | Literal["kept"] | None:
        """Lease the slice that is next and count the attempt; None if nothing waits for us.

        `kept`: something waits, but there is no room for it. `woken_by` is the need whose message
        brought us here.
        """
        answer = self._scripts.run_on(
            "claim",
            [*keys.of_job("?"), keys.claim(secrets.token_hex(8)), keys.DRAINED],
            "",
            json.dumps(self._needs()),
            "1" if room.bulk else "",
            json.dumps(room.not_of),
            self._worker_id,
            self._lease_ms,
            *self._job_time.ms,
            woken_by,
        )
        if answer is None:
            return None
        if answer == "kept":
            return "kept"
        fields = json.loads(answer)
        pages = fields.get("pages")
        return Claim(
            job_id=fields["job"],
            index=fields["slice"],
            attempt=fields["attempt"],
            crashes=fields["crashes"],
            tenant=fields["tenant"],
            document=Document.model_validate_json(fields["document"]),
            options=Options.model_validate_json(fields["options"]),
            pages=tuple(pages) if pages else None,
            done=frozenset(fields.get("done", ())),
            worker_id=self._worker_id,
            request_id=fields.get("request"),
            trace=fields.get("trace"),
            waited_s=fields["waited"] / 1000 if "waited" in fields else None,
        )

    def renew(self, claim: Claim) -> Standing:
        """Prolong the lease, and learn whether the slice is still ours and still wanted."""
        answer: Standing = self._run("renew", claim, self._lease_ms)
        return answer

    def open(
        self, claim: Claim, num_pages: int, wanted: Sequence[int], slice_pages: int
    ) -> tuple[Claim, int]:
        """Note the pages of the opened document; answer our share of them and the new slices.

        Raises StaleAttempt.
        """
        pages = json.dumps(list(wanted))
        created = self._run("open", claim, num_pages, pages, slice_pages, *self._job_time.ms)
        if created is None:
            raise StaleAttempt
        share = tuple(wanted[:slice_pages])
        opened = Claim(**{**claim.__dict__, "pages": share})
        return opened, int(created)

    def record(
        self,
        claim: Claim,
        page: int,
        record: PageRecord,
        timings: PageTimings,
        model: Model | None = None,
        reused_from: str = "",
        note: Note | None = None,
    ) -> Outcome:
        """Record what became of a page; the last one finishes its slice, too, and leaves the note.

        `reused_from` is the job that read it, where that was another one.
        `canceled` says to go no further. Raises StaleAttempt.
        """
        answer = self._scripts.run(
            "page",
            claim.job_id,
            claim.index,
            claim.attempt,
            page,
            record.dump(),
            timings.dump(),
            model.model_dump_json() if model else "",
            reused_from,
            record.print,
            note.ttl_s if note else "",
            more_keys=(note.key,) if note else (),
        )
        if answer == "lost":
            raise StaleAttempt
        outcome: Outcome = answer
        return outcome

    def finish(self, claim: Claim) -> None:
        """End a slice of which nothing is left, or that is canceled. Raises StaleAttempt."""
        if self._run("finish", claim) is None:
            raise StaleAttempt

    def fail(self, claim: Claim, error: DocchuError) -> None:
        """The document as a whole cannot be read. Raises StaleAttempt."""
        if self._run("fail", claim, error.code, error.detail) is None:
            raise StaleAttempt

    def release(self, claim: Claim) -> bool:
        """Hand the slice back unfinished, at the head of its lane; whether it was still ours."""
        return self._run("release", claim) is not None

    def num_ready(self) -> int:
        """Slices that wait to be claimed, and that this worker can read; none in a pause of all."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.hexists(keys.PAUSED, keys.EVERYBODY)
            for lane in keys.LANES:
                for need in self._needs():
                    pipe.zcard(keys.ready(lane, need))
            is_paused, *waiting = pipe.execute()
        return 0 if is_paused else sum(waiting)

    def _run(self, name: str, claim: Claim, *args: object) -> Any:
        return self._scripts.run(name, claim.job_id, claim.index, claim.attempt, *args)
