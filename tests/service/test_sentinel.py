"""The service on a store that Sentinel watches: the primary dies, nothing accepted is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bench.crew import Crew, running_crew
from bench.workers.marked import picture_of, text_of
from shared.admin import store_checks
from shared.broker import make_celery
from shared.errors import SettingError, Unavailable
from shared.settings import Settings
from shared.store.scripts import Client, connect, store_faults
from shared.store.sentinel import Watched as Address
from tests.service.servers import Watched, watched_store

pytestmark = pytest.mark.acceptance  # whole services, or many pages


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_store(tmp_path_factory.mktemp("sentinel") / "store") as store:
        yield store


@pytest.fixture(scope="module")
def crew(store: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    folder = tmp_path_factory.mktemp("crew")
    with running_crew(folder, "bench.workers.marked", DOCCHU_REDIS_URL=store.url) as crew:
        yield crew


@pytest.mark.parametrize("options", ["", "?replicas=1"])
def test_who_holds_on_to_a_former_primary_is_soon_answered_by_the_new_one(
    store: Watched, options: str
) -> None:
    """It stood still, and for some ten seconds it does not know what it is now."""
    value = f"after{options}"
    with connect(f"{store.url}{options}") as client:
        store.wait_for_all()
        client.set("docchu:test", "before")
        old = store.primary()
        with store.stopped(old):
            while store.primary() == old:
                time.sleep(0.1)
        began = time.monotonic()
        while not (written(client, "docchu:test", value) and store.has("docchu:test", value)):
            assert time.monotonic() < began + 60
            if options:
                assert not written(client, "docchu:test", value) or store.has("docchu:test", value)
        assert time.monotonic() < began + 6


@pytest.mark.parametrize(("options", "num_lost"), [("", 8), ("?replicas=1", 0)])
def test_of_what_reaches_a_former_primary_nothing_is_answered_where_a_replica_must_have_it(
    store: Watched, options: str, num_lost: int
) -> None:
    """It was asked while it stood still, and knows no better as it goes on."""
    store.wait_for_all()
    clients = [connect(f"{store.url}{options}") for _ in range(8)]
    for client in clients:
        client.ping()
    names = [f"docchu:test{options}:{number}" for number in range(len(clients))]
    with ThreadPoolExecutor(len(clients)) as pool:
        old = store.primary()
        with store.stopped(old):
            sent = [pool.submit(written, *one) for one in zip(clients, names, strict=True)]
            while store.primary() == old:
                time.sleep(0.1)
            time.sleep(0.5)  # the new one is asked by nobody yet
    answered = [name for name, one in zip(names, sent, strict=True) if one.result()]
    assert len([name for name in answered if not store.has(name, "yes")]) == num_lost
    for client in clients:
        client.close()


def written(client: Client, name: str, value: str = "yes") -> bool:
    try:
        with store_faults():
            return bool(client.set(name, value))
    except Unavailable:
        return False


def test_a_sentinel_that_stands_still_is_asked_once(store: Watched) -> None:
    with store.stopped(store.sentinels[0]), connect(store.url) as client:
        began = time.monotonic()
        assert client.ping()
        assert time.monotonic() < began + 4


def test_the_doctor_says_what_a_failover_could_lose(store: Watched) -> None:
    store.wait_for_all()
    found = {}
    for options in ("", "?replicas=1"):
        with connect(f"{store.url}{options}") as client:
            found[options] = {one.said: one.level for one in store_checks.store(client)}
    assert found[""]["work is accepted before a replica has it"] == "warning"
    assert found["?replicas=1"]["2 replicas, which have what is accepted"] == "ok"
    assert not any("without a replica" in said for said in found[""]), "min-replicas-to-write is 1"


def submit_until(crew: Crew, is_over: threading.Event, accepted: dict[str, int]) -> None:
    """Send documents one after the other, and note which of them were accepted."""
    number = 1
    with httpx.Client(base_url=crew.url, timeout=60) as web:
        while not is_over.is_set():
            answer = web.post("/v1/jobs", content=picture_of(number))
            if answer.status_code == 202:
                accepted[answer.json()["id"]] = number
            else:
                assert answer.status_code == 503, answer.text
                time.sleep(0.2)
            number += 1


@pytest.mark.timeout(600)  # the whole service starts, and a failover
def test_the_primary_dies_and_nothing_that_was_accepted_is_lost(crew: Crew, store: Watched) -> None:
    accepted: dict[str, int] = {}
    is_over = threading.Event()
    sender = threading.Thread(target=submit_until, args=(crew, is_over, accepted))
    sender.start()
    try:
        crew.wait_until(lambda: len(accepted) >= 30, "nothing is accepted", 120)
        old = store.primary()
        store.kill(old)
        num_before = len(accepted)
        crew.wait_until(lambda: store.primary() != old, "no other becomes the primary", 120)
        crew.wait_until(
            lambda: len(accepted) >= num_before + 30, "nothing is accepted by the new one", 120
        )
    finally:
        is_over.set()
        sender.join()
    with httpx.Client(base_url=crew.url, timeout=90) as web:
        for job_id, number in accepted.items():
            job = web.get(f"/v1/jobs/{job_id}?wait=60").raise_for_status().json()
            assert job["status"] == "succeeded", job
            text = web.get(f"/v1/jobs/{job_id}/result?format=text").text
            assert text.strip() == text_of(number)


def test_celerys_tools_find_the_workers_there(crew: Crew, store: Watched) -> None:
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("celery")), "-A", "worker.app", "inspect", "ping"],
        env={"DOCCHU_REDIS_URL": store.url, "DOCCHU_DATA_DIR": str(crew.settings.data_dir)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0 and "pong" in answer.stdout, answer.stderr


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sentinel://a:1,b:2", "names no service"),
        ("sentinel://a:x/service", "Port"),
        ("sentinel://,b:2/service", "a sentinel has no name"),
        ("sentinel://a:1/service/first", "invalid literal"),
        ("sentinel://a:1/service?replicas=all", "invalid literal"),
        ("sentinel://a:1/service?sentinal_password=1", "no option sentinal_password"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(url: str, what: str) -> None:
    with pytest.raises(SettingError, match=what) as refused:
        connect(url)
    assert "/SERVICE[/DB]" in str(refused.value)


def test_an_address_says_all_that_is_needed() -> None:
    told = Address.parse("sentinel://docchu:p%40ss@a:1,[::1]:2,c/main/3?sentinel_password=x")
    assert told.sentinels == (("a", 1), ("::1", 2), ("c", 26379))
    assert (told.service, told.db) == ("main", 3)
    assert told.store == {"username": "docchu", "password": "p@ss"}
    assert told.sentinel["password"] == "x"
    assert Address.parse("sentinel://a:1/main?replicas=2").replicas == 2
    conf = make_celery(Settings(redis_url="sentinel://:p%40ss@a:1,b:2/main/3")).conf
    assert conf.broker_url == "sentinel://:p%40ss@a:1/3;sentinel://:p%40ss@b:2/3"
    assert conf.broker_transport_options["master_name"] == "main"
