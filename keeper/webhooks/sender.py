"""The keeper's sender: fans out events, takes what is due, sends it, notes what became of it.

Runs in threads of its own, so that slow receivers never delay recovery. Several keepers may send
beside each other: the store's lease gives each attempt to one of them.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from keeper.webhooks.fan_out import EventFanOut
from keeper.webhooks.hosts import Hosts
from keeper.webhooks.posting import Answer, post
from keeper.webhooks.retrying import Schedule
from shared.blobs import BlobStore
from shared.errors import AddressRefused, Unavailable
from shared.jobs import moment
from shared.outgoing.addresses import Resolver, Target, check, resolve
from shared.outgoing.signing import signed_headers
from shared.settings import Network, Settings
from shared.store.batches.batches import BatchStore
from shared.store.jobs.jobs import JobStore, Limits
from shared.store.scripts import Client, Clock, server_clock
from shared.store.webhooks.deliveries import Deliveries
from shared.store.webhooks.outbox import Outbox
from shared.store.webhooks.sending import DueDelivery, SendingQueue, Verdict
from shared.webhooks import DeliveryAttempt

_log = structlog.get_logger()
_IDLE_S = 0.1  # between two looks for work, where nobody wakes us
_HOSTS_PER_LOOK = 1000
# A lease leaves the timeout once more, for resolving the name and for the store.
_LEASE_TIMEOUTS, _LEASE_SLACK_S = 2, 1
_GATHER_S = 0.005  # attempts that end within this time are followed up in one look
_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "docchu-webhooks",
    "Connection": "close",
}
Submit = Callable[[Callable[[DueDelivery, float], None], DueDelivery, float], object]


@dataclass
class Sender:
    """Sends what is due, as many at once as `hosts` gives places for."""

    queue: SendingQueue
    event_fan_out: EventFanOut
    log: Deliveries
    schedule: Schedule
    hosts: Hosts
    timeout_s: float
    lease_s: float
    allow: Sequence[Network] = ()
    resolver: Resolver = resolve
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _woken: threading.Event = field(default_factory=threading.Event)

    def fan_out(self) -> int:
        """Turn waiting events into deliveries; answers of how many tenants."""
        tenants = self.event_fan_out.fan_out_waiting()
        for tenant in tenants:
            self.log.trim(tenant)
        return len(tenants)

    def send_due(self, submit: Submit) -> int:
        """Take what is due and there is place for, and have it sent; answers how many."""
        num_taken = 0
        for host in self.queue.hosts(_HOSTS_PER_LOOK):
            room = self.hosts.room(host)
            if not room:
                continue
            leased_until = time.monotonic() + self.lease_s
            due_deliveries = self.queue.take(host, room)
            self.hosts.enter(host, len(due_deliveries))
            for due in due_deliveries:
                submit(self.deliver, due, leased_until)
            num_taken += len(due_deliveries)
        return num_taken

    def deliver(self, due: DueDelivery, leased_until: float) -> None:
        """Make one attempt and note it. `leased_until` is a time of `time.monotonic`."""
        answered = None
        try:
            answered = self._deliver(due, leased_until)
        except Unavailable as error:
            _log.warning(
                "store is away; the delivery comes back", delivery=due.id, reason=error.reason
            )
        except Exception:
            # A thread's boundary: the lease runs out, and the delivery is tried again.
            _log.exception("delivering failed unexpectedly", delivery=due.id)
        finally:
            self.hosts.leave(due.host, answered)
            self._woken.set()

    def run(self, stopped: threading.Event, num_threads: int) -> None:
        """Fan out and send until stopped, then wait for the attempts under way."""
        fanning_out = threading.Thread(target=self._fan_out_until, args=(stopped,), daemon=True)
        fanning_out.start()
        with ThreadPoolExecutor(num_threads, thread_name_prefix="delivery") as pool:
            while not stopped.is_set():
                self._woken.clear()
                if not self._safely(lambda: self.send_due(pool.submit)):
                    self._woken.wait(_IDLE_S)
                    stopped.wait(_GATHER_S)
        fanning_out.join()

    def _fan_out_until(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            if self._safely(self.fan_out):
                self._woken.set()
            else:
                stopped.wait(_IDLE_S)

    def _safely(self, step: Callable[[], int]) -> int:
        try:
            return step()
        except Unavailable as error:
            _log.warning("store is away; webhooks wait", reason=error.reason)
        except Exception:
            # A thread's boundary: whatever it is, the next look may do better.
            _log.exception("a look for webhooks failed; trying again")
        time.sleep(1)
        return 0

    def _deliver(self, due: DueDelivery, leased_until: float) -> bool | None:
        """Answers whether the host answered; None if it was not asked."""
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
        headers = signed_headers(due.secrets, due.event_id, now_s, due.body)
        return post(target, due.body, headers | _HEADERS, self.timeout_s, self.context)

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
    blobs = BlobStore(settings.data_dir / "blobs")
    return Sender(
        queue=SendingQueue(client, lease_s, settings.webhook_failing_s, clock),
        event_fan_out=EventFanOut(
            outbox, jobs, BatchStore(client, clock), blobs, schedule.delay_s(0) or 0
        ),
        log=Deliveries(client, settings.delivery_ttl_s, settings.max_deliveries_per_tenant, clock),
        schedule=schedule,
        hosts=Hosts(settings.webhook_threads, settings.webhook_host_threads),
        timeout_s=settings.webhook_timeout_s,
        lease_s=lease_s,
        allow=settings.allow_targets,
    )
