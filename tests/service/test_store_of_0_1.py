"""A data folder that Docchu 0.1.0 left behind, killed in the middle of its work, is gone on with.

It was written by version 0.1.0 itself, with `bench.marked` for a worker: jobs in every state,
batches of which one was not unpacked yet, keys, a webhook whose deliveries failed once. Times to
keep things were set to twenty years. `told.json` says which is which.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.crew import Crew, running_crew
from bench.workers.marked import text_of
from shared.errors import SettingError
from shared.running.starting import await_stores
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.idempotency import Answered, IdempotencyKeys
from shared.store.schema.version import SCHEMA, take_over
from shared.store.scripts import connect

FOLDER = Path(__file__).parent / "data" / "store-0.1.0.tar.xz"
ALLOWED = {"DOCCHU_ALLOW_TARGETS": "127.0.0.0/8", "DOCCHU_WEBHOOK_SCHEDULE_S": "0,0,0"}


def unpacked(folder: Path) -> dict[str, Any]:
    with tarfile.open(FOLDER) as packed:
        packed.extractall(folder / "data", filter="data")
    told: dict[str, Any] = json.loads((folder / "data" / "told.json").read_text())
    return told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("version-0.1.0")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    return unpacked(folder)


@pytest.fixture(scope="module")
def crew(folder: Path, told: dict[str, Any]) -> Iterator[Crew]:
    with running_crew(folder, "bench.workers.marked", **ALLOWED) as crew:
        yield crew


@pytest.fixture
def web(crew: Crew, told: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client with a key that 0.1.0 made."""
    head = {"Authorization": f"Bearer {told['keys']['acme']}"}
    with httpx.Client(base_url=crew.url, headers=head, timeout=90) as client:
        yield client


def job(web: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job, once it has ended."""
    answer: dict[str, Any] = web.get(f"/v1/jobs/{job_id}?wait=60").raise_for_status().json()
    return answer


def text(web: httpx.Client, job_id: str) -> list[str]:
    found = web.get(f"/v1/jobs/{job_id}/result?format=text").raise_for_status().text
    return re.findall(r"Hồ sơ số \d+", found)


def test_what_was_read_is_there(web: httpx.Client, told: dict[str, Any]) -> None:
    assert job(web, told["succeeded"])["metadata"] == {"số": "101"}
    assert text(web, told["succeeded"]) == [text_of(101)]
    found = text(web, told["several"])
    assert found == [text_of(number) for number in range(110, 115)]
    failed = job(web, told["failed"])
    assert failed["status"] == "failed" and failed["error"]["code"] == "document_damaged"
    assert job(web, told["canceled"])["status"] == "canceled"
    assert web.get(f"/v1/jobs/{told['erased']}").status_code == 410


def test_what_waited_is_read(web: httpx.Client, crew: Crew, told: dict[str, Any]) -> None:
    for name, number in (("queued", 104), ("queued_bulk", 105), ("queued_named", 107)):
        assert job(web, told[name])["status"] == "succeeded", name
        assert text(web, told[name]) == [text_of(number)]
    head = {"Authorization": f"Bearer {told['keys']['default']}"}
    with httpx.Client(base_url=crew.url, headers=head, timeout=90) as other:
        assert job(other, told["queued_of_default"])["status"] == "succeeded"


def test_what_was_under_way_is_read_to_its_end(web: httpx.Client, told: dict[str, Any]) -> None:
    assert job(web, told["running"])["status"] == "succeeded"
    found = text(web, told["running"])
    assert found == [text_of(number) for number in range(130, 140)]


def test_an_idempotency_key_stands_for_the_same_job(store_client: Any, valkey_url: str) -> None:
    """It is kept for a day, so none of those in the folder is there any more."""
    store_client.hset(keys.STATES, "queued", 1)
    name = keys.idempotency("acme", "mot-lan")
    store_client.set(name, json.dumps({"job": "job_1", "fingerprint": "of 0.1"}), px=60_000)
    client = connect(valkey_url)
    take_over(client)
    assert store_client.pttl(name) > 0
    answered = IdempotencyKeys(client).claim("acme", "mot-lan")
    assert isinstance(answered, Answered) and answered.job_id == "job_1"
    answered.check("what a request of today has")


def test_batches_go_on(web: httpx.Client, told: dict[str, Any]) -> None:
    for name in ("batch_finished", "batch_running", "batch_packed"):
        batch = web.get(f"/v1/batches/{told[name]}?wait=60").raise_for_status().json()
        assert batch["status"] == "finished", name
    lines = web.get(f"/v1/batches/{told['batch_packed']}/results?format=text").text.splitlines()
    read = {json.loads(line)["custom_id"]: json.loads(line)["text"] for line in lines}
    assert {name: result.strip() for name, result in read.items()} == {
        f"thư mục/{number}.png": text_of(number) for number in (501, 502)
    }
    jobs = web.get(f"/v1/batches/{told['batch_open']}/jobs").json()["jobs"]
    assert [one["custom_id"] for one in jobs] == ["hs-401"]


def test_lists_show_all_of_it(web: httpx.Client, told: dict[str, Any]) -> None:
    listed = {one["id"] for one in web.get("/v1/jobs?limit=100").raise_for_status().json()["jobs"]}
    for name in ("succeeded", "several", "failed", "keyed", "running", "queued", "canceled"):
        assert told[name] in listed, name
    failed = web.get("/v1/jobs?status=failed&limit=100").json()["jobs"]
    assert told["failed"] in {one["id"] for one in failed}
    batches = {one["id"] for one in web.get("/v1/batches").json()["batches"]}
    assert told["batch_finished"] in batches


def test_webhooks_are_told_what_they_waited_for(
    web: httpx.Client, crew: Crew, told: dict[str, Any]
) -> None:
    """Nobody listens at their address: what can be seen is that they were tried again."""
    assert web.get(f"/v1/webhooks/{told['webhook']}").status_code == 200

    def deliveries(query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = web.get(f"/v1/deliveries?{query}").json()["deliveries"]
        return found

    def are_tried() -> bool:
        first = deliveries(f"job={told['several']}")[0]
        later = deliveries(f"job={told['told_later']}")
        return first["num_attempts"] >= 1 and bool(later) and later[0]["num_attempts"] >= 1

    crew.wait_until(are_tried, "the deliveries are not tried", 120)


def test_nothing_of_the_old_form_is_left(web: httpx.Client, crew: Crew) -> None:
    client = connect(crew.settings.store_url)
    assert client.get(keys.SCHEMA) == str(SCHEMA)
    left = [*client.scan_iter("docchu:parcel*"), *client.scan_iter("docchu.doorbell")]
    left += [*client.scan_iter("docchu:batch:*:jobs")]
    left += [
        name
        for kind in ("jobs", "deliveries")
        for name in client.scan_iter(f"docchu:tenant:*:{kind}")
    ]
    assert left == []
    assert client.exists("docchu:ready:interactive", "docchu:deliveries:hosts") == 0


def test_a_store_of_a_newer_program_is_refused(
    valkey_url: str, tmp_path: Path, store_client: Any
) -> None:
    settings = Settings(redis_url=valkey_url, data_dir=tmp_path / "data")
    await_stores(settings)
    store_client.set(keys.SCHEMA, SCHEMA + 1)
    with pytest.raises(
        SettingError, match=rf"newer Docchu \(schema {SCHEMA + 1}, this one knows {SCHEMA}\)"
    ):
        await_stores(settings)
    assert store_client.get(keys.SCHEMA) == str(SCHEMA + 1)
