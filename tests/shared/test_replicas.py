"""A write counts as done once so many replicas have it; a read waits for nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import redis
from redis import ConnectionPool, Redis

from bench.service import free_port
from shared.errors import Unavailable
from shared.running.embedded import server_program
from shared.store.replicas import NotReplicated, ReplicatedClient
from shared.store.scripts import Scripts, store_faults
from tests.service.servers import server

PORT, OTHER = free_port(), free_port()


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A replica of the server at PORT."""
    folder, program = tmp_path_factory.mktemp("servers"), server_program()
    with ExitStack() as stack:
        fast = f"port {PORT}", "repl-diskless-sync-delay 0"
        stack.enter_context(server(folder / "first", program, *fast))
        copies = f"port {OTHER}", f"replicaof 127.0.0.1 {PORT}"
        stack.enter_context(server(folder / "second", program, *copies))
        yield stack.enter_context(Redis(port=OTHER, decode_responses=True))


@pytest.fixture
def client(replica: Redis) -> Iterator[ReplicatedClient]:
    """A client of that server, once its replica is there."""
    pool = ConnectionPool(port=PORT, decode_responses=True)
    with ReplicatedClient(pool, 1) as client:
        while not has_replica(client):
            time.sleep(0.05)
        yield client


def has_replica(client: ReplicatedClient) -> bool:
    with suppress(redis.ConnectionError):  # it starts
        return str(client.info("replication").get("slave0", {}).get("state")) == "online"
    return False


def test_what_is_answered_the_replica_has(client: ReplicatedClient, replica: Redis) -> None:
    for number in range(50):
        client.set("number", number)
        assert replica.get("number") == str(number)


def test_answers_are_those_of_the_commands_alone(client: ReplicatedClient) -> None:
    with client.pipeline(transaction=False) as pipe:
        assert pipe.set("a", 1).get("a").execute() == [True, "1"]
        wrong = pipe.set("a", 2).hget("a", "b").execute(raise_on_error=False)
        assert wrong[0] is True and isinstance(wrong[1], Exception) and len(wrong) == 2
        assert pipe.get("a").execute() == ["2"]
    with client.pipeline() as transaction:
        assert transaction.set("a", 3).get("a").execute() == [True, "3"]
    assert Scripts(client).steady_ms() > 0


def test_without_its_replica_a_write_is_not_done_and_a_read_is(
    client: ReplicatedClient, replica: Redis
) -> None:
    client.set("b", "before")
    replica.replicaof("NO", "ONE")
    try:
        with pytest.raises(Unavailable) as caught, store_faults():
            client.set("b", "after")
        assert isinstance(caught.value.__cause__, NotReplicated)
        assert "0 of 1 replicas" in caught.value.reason
        assert client.get("b") == "after", "it may be there or not, as after a lost answer"
        assert replica.get("b") == "before"
    finally:
        replica.replicaof("127.0.0.1", str(PORT))
