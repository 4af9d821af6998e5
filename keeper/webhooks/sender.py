"""The keeper's sender: fans out events, takes what is due, sends it, notes what became of it.

Runs in threads of its own, so that slow receivers never delay recovery. Several keepers may send
beside each other: the store's lease gives each attempt to one of them.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from keeper import metrics
from keeper.errands import Dispatcher, Places, repeat
from keeper.webhooks.fan_out import EventFanOut
from keeper.webhooks.posting import Answer, post
from keeper.webhooks.retrying import Schedule
from shared.blobs import open_blobs
from shared.errors import AddressRefused
from shared.jobs import moment
from shared.observing import tracing
from shared.outgoing.addresses import Resolver, Target, check, resolve
from shared.outgoing.signing import signed_headers
from shared.settings import Network, Settings
from shared.store.batches.batches import BatchStore
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.scripts import Client, Clock, server_clock
from shared.store.webhooks.deliveries import Deliveries
from shared.store.webhooks.outbox import Outbox
from shared.store.webhooks.sending import DueDelivery, SendingQueue, Verdict
from shared.webhooks import DeliveryAttempt

_log = structlog.get_logger()
# A lease leaves the timeout once more, for resolving the name and for the store.
_LEASE_TIMEOUTS, _LEASE_SLACK_S = 2, 1
_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "docchu-webhooks",
    "Connection": "close",
}


@dataclass
class Sender:
    """Sends what is due, as many at once as there are places for."""

    queue: SendingQueue
    event_fan_out: EventFanOut
    log: Deliveries
    schedule: Schedule
    places: Places
    timeout_s: float
    lease_s: float
    allow: Sequence[Network] = ()
    resolver: Resolver = resolve
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _adopted: bool = False

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(
            "delivery", self.queue, self.places, self.lease_s, self._deliver
        )

    def fan_out(self) -> int:
        """Turn waiting events into deliveries; answers of how many tenants."""
        if not self._adopted:
            self.queue.adopt()
            self._adopted = True
        tenants = self.event_fan_out.fan_out_waiting()
        for tenant in tenants:
            self.log.trim(tenant)
        if tenants:
            self.dispatcher.wake()
        return len(tenants)

    def run(self, stopped: threading.Event) -> None:
        """Fan out and send until stopped, then wait for the attempts under way."""
        arguments = (self.fan_out, "fanning out", stopped)
        fanning_out = threading.Thread(target=repeat, args=arguments, daemon=True)
        fanning_out.start()
        self.dispatcher.run(stopped)
        fanning_out.join()

    def _deliver(self, due: DueDelivery, leased_until: float) -> bool | None:
        """Make one attempt and note it: whether the host answered; None if it was not asked."""
        began = time.perf_counter()
        if due.obstacle:
            answer, verdict = Answer(error=due.obstacle), Verdict("failed", tried=False)
        else:
            sent = self._try(due, leased_until)
            if sent is None:
                return None
            answer, verdict = sent, self.schedule.judge(sent, due.tries)
        attempt = DeliveryAttempt(
            at=moment(due.taken_ms),
            status_code=answer.status_code,
            duration_s=round(time.perf_counter() - began, 3),
            error=answer.error,
        )
        outcome = self.queue.record_attempt(due, attempt, verdict)
        metrics.WEBHOOK_ATTEMPTS.labels("lost" if outcome == "lost" else verdict.status).inc()
        metrics.WEBHOOK_SECONDS.observe(attempt.duration_s)
        self._report(due, attempt, verdict, outcome)
        return None if due.obstacle else answer.status_code is not None

    def _try(self, due: DueDelivery, leased_until: float) -> Answer | None:
        """One attempt, whatever becomes of it; None where the lease has no time left for it."""
        try:
            return self._send(due, leased_until)
        except Exception:
            # It would fail with each lease that runs out, for ever; so the schedule has it, too.
            _log.exception("an attempt failed unexpectedly", delivery=due.id)
            return Answer(error="internal")

    def _send(self, due: DueDelivery, leased_until: float) -> Answer | None:
        try:
            target = self._target(due.url)
        except AddressRefused as error:
            unknown = isinstance(error.__cause__, OSError)
            return Answer(error="no_address" if unknown else "address_refused")
        if time.monotonic() + self.timeout_s > leased_until:
            _log.warning("no time left for an attempt; the delivery comes back", delivery=due.id)
            return None
        now_s = due.taken_ms // 1000
        signed = signed_headers(due.secrets, due.event_id, now_s, due.body)
        step = tracing.begin(
            "delivery", due.trace, "client", delivery=due.id, event=due.event_id, tries=due.tries
        )
        headers = due.headers | signed | _HEADERS | step.headers
        answer = post(target, due.body, headers, self.timeout_s, self.context)
        told = {"http.response.status_code": answer.status_code, "error.type": answer.error}
        step.end({k: v for k, v in told.items() if v is not None}, failed=answer.error is not None)
        return answer

    def _target(self, url: str) -> Target:
        """Check the address anew: what its name stands for may have changed."""
        return check(url, self.allow, self.resolver)

    def _report(
        self, due: DueDelivery, attempt: DeliveryAttempt, verdict: Verdict, outcome: str
    ) -> None:
        facts = {"delivery": due.id, "event_id": due.event_id, "error": attempt.error}
        if outcome == "lost":
            _log.warning("delivery was taken over; it may arrive twice", **facts)
        elif verdict.status == "succeeded":
            _log.info("delivered", **facts)
        elif verdict.status == "pending":
            _log.info("not delivered; trying again", after_s=round(verdict.delay_s), **facts)
        else:
            _log.warning("not delivered; given up", **facts)
        if outcome == "disabled":
            _log.warning("webhook switched off", webhook=due.webhook_id)


def make_sender(settings: Settings, client: Client, clock: Clock = server_clock) -> Sender:
    """Put a sender together; it connects when it is first used."""
    schedule = Schedule(settings.webhook_schedule_s, settings.webhook_jitter)
    lease_s = _LEASE_TIMEOUTS * settings.webhook_timeout_s + _LEASE_SLACK_S
    outbox = Outbox(client, settings.delivery_ttl_s, clock)
    jobs = JobStore(client, Limits(1, 1), clock)
    blobs = open_blobs(settings)
    return Sender(
        queue=SendingQueue(client, lease_s, settings.webhook_failing_s, clock),
        event_fan_out=EventFanOut(
            outbox, jobs, BatchStore(client, clock), blobs, schedule.delay_s(0) or 0
        ),
        log=Deliveries(client, settings.delivery_ttl_s, settings.max_deliveries_per_tenant, clock),
        schedule=schedule,
        places=Places(settings.webhook_threads, settings.webhook_host_threads),
        timeout_s=settings.webhook_timeout_s,
        lease_s=lease_s,
        allow=settings.allow_targets,
    )
