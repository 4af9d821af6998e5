"""The service under attack, as its callers see it: what was accepted, how long it took, faults."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.service import RunningService
from shared.settings import Settings
from shared.store.api_keys import ApiKeys
from shared.store.scripts import connect

ATTACKER, OTHER, STRANGER = TENANTS = "attacker", "other", "stranger"
"""Who attacks, who has nothing to do with it, and who sends what nobody has thought of."""
_ANSWER_S = 30  # after which a request counts as one that got no answer
_END_S = 300  # from the end of the attacks to that of the last job


class Target:
    """A running service and what is known of it."""

    def __init__(self, service: RunningService, settings: Settings) -> None:
        self.url = str(service.client.base_url)
        self.port = int(urlsplit(self.url).port or 0)
        self.store: Any = connect(settings.store_url)
        api_keys = ApiKeys(self.store)
        self.keys = {tenant: api_keys.create(tenant)[1] for tenant in TENANTS}
        self._admin = api_keys.create("operator", role="admin")[1]
        self.faults: list[str] = []
        self.took_s: dict[str, list[float]] = defaultdict(list)
        self.accepted: list[tuple[str, str]] = []

    def ask(self, tenant: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        """Ask over a connection of its own; None where there was no answer."""
        headers = {"Authorization": f"Bearer {self.keys[tenant]}"} | more.pop("headers", {})
        timeout = _ANSWER_S + more.pop("waits_s", 0)
        try:
            answer = httpx.request(
                method, self.url + path, headers=headers, timeout=timeout, **more
            )
        except httpx.HTTPError as error:
            self.faults.append(f"no answer to {method} {path}: {error!r}")
            return None
        if answer.status_code >= 500:
            self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def submit(self, tenant: str, path: str = "/v1/jobs", **more: Any) -> str | None:
        """Send a document that is sound enough to be taken; the job's id, if it was."""
        answer = self.ask(tenant, "POST", path, **more)
        if answer is None or answer.status_code != 202:
            self.faults.append(f"a document was not taken: {answer and answer.text[:300]}")
            return None
        job_id: str = answer.json()["id"]
        self.accepted.append((tenant, job_id))
        return job_id

    def seen(self, name: str, began: float) -> None:
        """Note how long something took that began then."""
        self.took_s[name].append(time.monotonic() - began)

    def ended(self, tenant: str, job_id: str) -> dict[str, Any] | None:
        """The job once it has ended; None where it has not, or nobody says so."""
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            answer = self.ask(tenant, "GET", f"/v1/jobs/{job_id}?wait=20", waits_s=20)
            if answer is None or answer.status_code >= 500:
                return None  # which is noted already
            if answer.status_code == 410:  # erased by who sent it
                return {}
            if answer.status_code == 404:
                self.faults.append(f"{job_id} of {tenant} is lost")
                return None
            job: dict[str, Any] = answer.json()
            if answer.status_code == 200 and job["finished_at"]:
                return job
        self.faults.append(f"{job_id} of {tenant} does not end")
        return None

    def expect_all_ended(self) -> int:
        """Note the jobs that do not end; how many were accepted by who counts."""
        for tenant, job_id in self.accepted:
            self.ended(tenant, job_id)
        for tenant in TENANTS:  # and those that came in otherwise
            for status in ("queued", "running"):
                while left := self._listed(tenant, status):
                    if self.ended(tenant, left[0]) is None:
                        break
        return len(self.accepted)

    def _listed(self, tenant: str, status: str) -> list[str]:
        answer = self.ask(tenant, "GET", f"/v1/jobs?status={status}")
        return [job["id"] for job in answer.json()["jobs"]] if answer else []

    def server_errors(self) -> Counter[str]:
        """How often the API has answered 5xx, to anybody, by its own figures."""
        headers = {"Authorization": f"Bearer {self._admin}"}
        text = httpx.get(f"{self.url}/metrics", headers=headers, timeout=_ANSWER_S).text
        rows = [line for line in text.splitlines() if line.startswith("docchu_http_requests_total")]
        counts = (row.rpartition(" ") for row in rows)
        return Counter({name: int(float(n)) for name, _, n in counts if 'status="5' in name})


@contextmanager
def repeated(target: Target, *works: Callable[[], object], pause_s: float = 0.0) -> Iterator[None]:
    """Do each again and again, in threads of their own, until the end."""
    over = threading.Event()

    def repeat(work: Callable[[], object]) -> None:
        while not over.is_set():
            try:
                work()
            except Exception as error:  # such as an answer that is not what it says
                target.faults.append(f"{work}: {error!r}")
            over.wait(pause_s)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
