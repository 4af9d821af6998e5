"""Every key of the job store and what it holds.

docchu:job:<id>                 hash        the job's record; its fields stand in `records.py`
docchu:job:<id>:slices          hash        index -> an unfinished slice, JSON: `p` pages (absent:
                                            document not opened yet), `s` state (`r` ready, `l`
                                            leased), `a` attempts, `d` attempts that died,
                                            `o` owner and `t` start (ms) of the claim
docchu:job:<id>:pages           hash        page -> what became of it, JSON: `b` name of the
                                            result's blob, `c`, `d` code and detail of a problem,
                                            `n` its place in the order of finishing
docchu:job:<id>:timeline        list        the attempts that ended, each a JSON list: slice,
                                            attempt, worker, start and end (ms), outcome
docchu:job:<id>:corrections     hash        `l:<page>:<line>` or `f:<type>:<name>` of a field ->
                                            what people said of it, oldest first, a JSON list: `k`
                                            kind, `t` text, `by` whose key, `at` (ms)
docchu:job:<id>:prints          string      `<page>:<print> ` of each page that was read: which
                                            words may be there (`shared/searching.py`)
docchu:ready:<lane>:<need>      sorted set  `<job>/<slice>` to be claimed by a worker that meets
                                            this need (`needs.py`), by virtual start time
docchu:flows:<lane>:<need>      sorted set  tenant or batch, by the virtual end of its queued work
docchu:waiting:<lane>           hash        slices that wait there: `*` all, `flow:<flow>:<need>` of
                                            a tenant or batch; `tenant:<tenant>` its flows that
                                            have any; `pages` of all these slices
docchu:needs                    hash        need of slices that wait -> since when no worker that
                                            lives meets it (ms), or nothing
docchu:lanes                    hash        `virtual:<lane>` the lane's virtual time,
                                            `shift:<lane>:<need>` how far the times of a need, which
                                            stood still while nobody could read it, are behind it,
                                            `served:<lane>` pages claimed while both lanes waited,
                                            `messages` written so far,
                                            `told:<tenant>` the turn of its last event
docchu:claim:<nonce>            string      `<job>/<slice> <attempt>` that a claim got, for half a
                                            minute: if its answer is lost, it gets the same again
docchu:leases                   sorted set  `<job>/<slice>` being read, by the lease's end (ms)
docchu:deadlines                sorted set  job id, by when it must have ended (ms)
docchu:states                   hash        status -> jobs of it, tombstones and canaries among them
docchu:erased                   sorted set  job id, by when what is left of its bytes is erased (ms)
docchu.read.<need>              list        Celery's queue: a message for each slice that waits, as
                                            long as no worker has taken it
docchu:backlog                  hash        tenant -> pages accepted and not finished; `*` all
docchu:retention                sorted set  job id, by when something of it is to be erased (ms)
docchu:rate                     hash        `last` page finished (ms), `gap` mean time between
                                            two pages under load (ms)
docchu:tenant:<tenant>:idempotency:<sha256 of the key>
                                string      JSON: `token` of a request that is still coming in,
                                            or `job` and `fingerprint` that the key stands for
docchu:tenant:<tenant>:earlier:<print>
                                string      the job that last read these bytes in this way
docchu:making:<job>             string      who makes its searchable PDF now, by a token, or for a
docchu:making:<job>:<format>                while `failed`; the same for the other files
docchu:batch:<id>               hash        a batch's record; its fields stand in
                                            `batch_records.py`
docchu:batch:<id>:names         hash        custom_id -> job id
docchu:batch-counts             hash        of all batches, so that the scripts of jobs can name it:
                                            `<batch>/<status>` jobs, `<batch>/left` and `/done`
                                            pages, `/began` (ms), `/last` page finished (ms), `/gap`
                                            mean time between two pages (ms), `/errors` ids of the
                                            first jobs with a problem, a space behind each
docchu:batches-due              sorted set  batch id, by when it is to be looked at (ms): something
                                            may have ended, or its time is over
docchu:tenant:<tenant>:batches  sorted set  batch id, by its place; none that is gone
docchu:list:<owner>:<status>    sorted set  what an owner has of a status, by place (`lists.py`):
                                            jobs of `jobs:<tenant>` (`expired` by erasure, by their
                                            ends all that have one, `finished`, and by the last
                                            correction those that have any, `corrected`) and
                                            `batch:<id>`, deliveries of
                                            `deliveries:<tenant>`, `webhook:<id>` and `about:<id>`,
                                            a job or batch
docchu:places                   hash        `jobs:<tenant>`, `batches:<tenant>` and
                                            `deliveries:<tenant>` -> the last place there: the time
                                            (ms), or the next number
docchu:upload:<id>              hash        an upload of many documents that waits to be unpacked;
                                            its fields stand in `uploads.py`
docchu:uploads                  sorted set  upload id, by when it is due (ms), or by the end of its
                                            lease
docchu:event:<subject>          hash        the event of a job's or batch's end, or of a trial: its
                                            fields stand in `outbox.py`. The second run of a batch
                                            has the subject `<batch>.2`
docchu:outbox                   sorted set  subject of an event without deliveries, by its turn
docchu:subscribers              hash        tenant -> JSON: its enabled webhooks, each with an
                                            object whose members are the event types it wants
docchu:webhook:<id>             hash        a registered webhook; its fields stand in `webhooks.py`
docchu:tenant:<tenant>:webhooks sorted set  webhook id, by creation (ms)
docchu:tenant:<tenant>:webhook-secret
                                string      JSON: the secrets that sign for per-job addresses
docchu:delivery:<id>            hash        a delivery; its fields stand in `deliveries.py`
docchu:<kind>:due:<flow>:<host> sorted set  errand, by when it is due or its lease ends (ms)
docchu:<kind>:hosts:<flow>      sorted set  host, by the least score of its queue
docchu:<kind>:flows             sorted set  flow, by the least score of its hosts
docchu:keys                     hash        sha256 of an API key -> whose it is, JSON
docchu:keys-used                hash        the same -> when it was used last, to a minute
docchu:workers                  hash        worker id -> model, device, last sign of life, JSON
docchu:drained                  hash        worker that takes nothing new -> since when (ms)
docchu:paused                   hash        tenant whose slices nobody gets, or `*`: nobody gets any
                                            -> since when (ms)
docchu:parked:<tenant>          sorted set  `<lane> <need> <job>/<slice>` of a paused tenant that
                                            came to the head of its lane, by virtual start time
docchu:parked:*                 set         tenants that have any
docchu:audit                    stream      what was done to others' work, or to all: `who`, `what`,
                                            `on`, `tenant`
docchu:unregistered             set         names of models that nobody can ask for
docchu:canary                   hash        `ok_at` last good reading (ms), `job` and `since` of
                                            the one under way, `reason` of the last failure,
                                            `looked` last round of a keeper (ms), `probed` is
                                            set to see whether it can be
docchu:clock                    hash        `steady` the clock that is waited by (ms), at the time
                                            `wall` (ms); `step` by how much it goes on at most
docchu:aside                    sorted set  `<key> <member>` of records that cannot be used, by when
                                            they are tried again (ms)
docchu:blobs                    string      the id of the blob store that belongs to this store
docchu:schema                   string      the version of all these records (schema/version.py)
docchu:events:<id>              channel     a message whenever the job changes, its searchable PDF
                                            was made, or nothing of a batch is under way any more

The ready sets are start-time fair queues (Goyal, Vin, Cheng 1997): a slice's score is the larger of
the lane's virtual time and the end of its flow's earlier work, so flows take turns by pages.

The scripts are given the name of every key, but for what only they can know: the need of a job, and
the lists in which something stands, which they put behind a stem (`docchu:ready:<lane>:`,
`docchu:list:`), and which job it is that a claim gets: its keys have a `?` in the place of the id.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

PREFIX = "docchu:"
LANES = ("interactive", "bulk")

RETENTION = f"{PREFIX}retention"
LEASES = f"{PREFIX}leases"
DEADLINES = f"{PREFIX}deadlines"
WAKEUPS = "docchu.read."
NEEDS = f"{PREFIX}needs"
STATES = f"{PREFIX}states"
ERASED = f"{PREFIX}erased"
BACKLOG = f"{PREFIX}backlog"
RATE = f"{PREFIX}rate"
LANE_TIMES = f"{PREFIX}lanes"
API_KEYS = f"{PREFIX}keys"
API_KEYS_USED = f"{PREFIX}keys-used"
WORKERS = f"{PREFIX}workers"
UNREGISTERED = f"{PREFIX}unregistered"
DRAINED = f"{PREFIX}drained"
PAUSED = f"{PREFIX}paused"
EVERYBODY = "*"  # in the place of a tenant
AUDIT = f"{PREFIX}audit"
CANARY = f"{PREFIX}canary"
OUTBOX = f"{PREFIX}outbox"
SUBSCRIBERS = f"{PREFIX}subscribers"
BATCH_COUNTS = f"{PREFIX}batch-counts"
BATCHES_DUE = f"{PREFIX}batches-due"
UPLOADS = f"{PREFIX}uploads"
BLOBS = f"{PREFIX}blobs"
SCHEMA = f"{PREFIX}schema"
ASIDE = f"{PREFIX}aside"
CLOCK = f"{PREFIX}clock"
LISTS = f"{PREFIX}list:"  # a stem
PLACES = f"{PREFIX}places"


def job(job_id: str) -> str:
    """The job's record."""
    return f"{PREFIX}job:{job_id}"


def pages(job_id: str) -> str:
    """What became of the job's pages."""
    return f"{PREFIX}job:{job_id}:pages"


def slices(job_id: str) -> str:
    """The job's unfinished slices."""
    return f"{PREFIX}job:{job_id}:slices"


def timeline(job_id: str) -> str:
    """The job's attempts that ended."""
    return f"{PREFIX}job:{job_id}:timeline"


def corrections(job_id: str) -> str:
    """What people set right in the job's result."""
    return f"{PREFIX}job:{job_id}:corrections"


def prints(job_id: str) -> str:
    """What tells which words may be on the job's pages."""
    return f"{PREFIX}job:{job_id}:prints"


def ready(lane: str, need: str = "") -> str:
    """The slices of a lane that have this need; without it the stem of such a name."""
    return f"{PREFIX}ready:{lane}:{need}"


def flows(lane: str, need: str = "") -> str:
    """The flows of those slices, or the stem."""
    return f"{PREFIX}flows:{lane}:{need}"


def waiting(lane: str) -> str:
    """How many slices wait in the lane."""
    return f"{PREFIX}waiting:{lane}"


def wakeups(need: str) -> str:
    """The broker's queue of those who can read this."""
    return f"{WAKEUPS}{need}"


def parked(tenant: str = "") -> str:
    """The slices of a paused tenant that wait apart, or the stem of such a name."""
    return f"{PREFIX}parked:{tenant}"


def claim(nonce: str) -> str:
    """What the claim with this nonce got."""
    return f"{PREFIX}claim:{nonce}"


def parts(owner: str, statuses: Iterable[str]) -> list[str]:
    """The parts of an owner's list that have these statuses."""
    return [f"{LISTS}{owner}:{status}" for status in statuses]


def idempotency(tenant: str, key: str) -> str:
    """What was answered to the tenant's Idempotency-Key."""
    return f"{PREFIX}tenant:{tenant}:idempotency:{sha256(key.encode()).hexdigest()}"


def earlier(tenant: str, fingerprint: str) -> str:
    """The job that last read what has this print."""
    return f"{PREFIX}tenant:{tenant}:earlier:{fingerprint}"


def events(job_id: str) -> str:
    """The channel that tells of the job's changes."""
    return f"{PREFIX}events:{job_id}"


def making(job_id: str, form: str = "pdf") -> str:
    """Who makes a file of the job."""
    return f"{PREFIX}making:{job_id}" + (f":{form}" if form != "pdf" else "")


def event(subject: str) -> str:
    """The event of this job, batch or trial."""
    return f"{PREFIX}event:{subject}"


def webhook(webhook_id: str) -> str:
    """A registered webhook."""
    return f"{PREFIX}webhook:{webhook_id}"


def tenant_webhooks(tenant: str) -> str:
    """The tenant's webhooks by creation."""
    return f"{PREFIX}tenant:{tenant}:webhooks"


def webhook_secret(tenant: str) -> str:
    """The tenant's own secrets."""
    return f"{PREFIX}tenant:{tenant}:webhook-secret"


def delivery(delivery_id: str) -> str:
    """A delivery."""
    return f"{PREFIX}delivery:{delivery_id}"


def errands(kind: str, flow: str = "", host: str = "") -> list[str]:
    """What `lua/_errand.lua` names: the flows, the hosts of one, and the queue of one of these."""
    name = PREFIX + kind
    return [f"{name}:flows", f"{name}:hosts:{flow}", f"{name}:due:{flow}:{host}"]


def of_job(job_id: str) -> list[str]:
    """The KEYS of every script that changes a job, in the order `lua/_job.lua` names them."""
    return [
        job(job_id),
        slices(job_id),
        pages(job_id),
        *(ready(lane) for lane in LANES),
        *(flows(lane) for lane in LANES),
        LANE_TIMES,
        LEASES,
        BACKLOG,
        RETENTION,
        RATE,
        event(job_id),
        OUTBOX,
        SUBSCRIBERS,
        timeline(job_id),
        DEADLINES,
        BATCH_COUNTS,
        BATCHES_DUE,
        STATES,
        ERASED,
        *(waiting(lane) for lane in LANES),
        WAKEUPS,
        NEEDS,
        LISTS,
        PAUSED,
        parked(),
        corrections(job_id),
        prints(job_id),
    ]


def batch(batch_id: str) -> str:
    """The batch's record."""
    return f"{PREFIX}batch:{batch_id}"


def batch_names(batch_id: str) -> str:
    """Which job stands under which `custom_id`."""
    return f"{PREFIX}batch:{batch_id}:names"


def membership(batch_id: str, replaced_id: str = "") -> tuple[str, ...]:
    """What `lua/_adding.lua` names: the batch, its names, a job that is replaced."""
    return batch(batch_id), batch_names(batch_id), job(replaced_id)


def tenant_batches(tenant: str) -> str:
    """The tenant's batches by their places."""
    return f"{PREFIX}tenant:{tenant}:batches"


def batch_upload(upload_id: str) -> str:
    """An upload of many documents."""
    return f"{PREFIX}upload:{upload_id}"


def batch_event(batch_id: str, run: int) -> str:
    """The event of the end of this run of the batch."""
    return event(batch_id if run == 1 else f"{batch_id}.{run}")


def of_batch(batch_id: str, run: int, upload_id: str = "") -> list[str]:
    """The KEYS of every script that changes a batch, in the order `lua/_batch.lua` names them."""
    return [
        batch(batch_id),
        LISTS,
        batch_names(batch_id),
        BATCH_COUNTS,
        BATCHES_DUE,
        batch_event(batch_id, run),
        OUTBOX,
        SUBSCRIBERS,
        UPLOADS,
        batch_upload(upload_id),
    ]
