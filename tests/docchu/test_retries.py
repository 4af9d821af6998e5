"""Stories of the SDK and a service or a connection that is not at its best."""

from __future__ import annotations

from pathlib import Path

import pytest

from docchu import errors
from docchu.client import Docchu
from tests.docchu.contract_fake import ContractFake, Fault


def posts(service: ContractFake) -> list[str]:
    """The Idempotency-Keys of the submissions that came in."""
    return [seen.headers["Idempotency-Key"] for seen in service.seen if seen.path == "/v1/jobs"]


def test_a_broken_connection_is_tried_again_with_the_same_key(
    client: Docchu, service: ContractFake, tmp_path: Path, pauses: list[float]
):
    file = tmp_path / "a.png"
    file.write_text("Xin chào")
    service.faults += [Fault(), Fault(late=True)]
    client.submit(file)
    assert service.only_job().document == "Xin chào".encode(), "sent from its start each time"
    first, second, third = posts(service)
    assert first == second == third
    assert len(pauses) == 2


def test_two_submissions_have_two_keys_unless_they_are_given_one(
    client: Docchu, service: ContractFake
):
    assert client.submit(b"x").id != client.submit(b"x").id
    given = {"idempotency_key": "mine"}
    assert client.submit(b"x", **given).id == client.submit(b"x", **given).id
    assert len(set(posts(service))) == 3


def test_a_key_that_is_in_flight_is_waited_for(client: Docchu, service: ContractFake):
    service.faults.append(Fault(409, retry_after="1"))
    assert client.submit(b"x").id in service.jobs


def test_a_busy_service_is_left_alone_as_long_as_it_asks(
    client: Docchu, service: ContractFake, pauses: list[float]
):
    service.faults += [Fault(429, retry_after="7"), Fault(503, retry_after="3")]
    client.submit(b"x")
    assert pauses == [7.0, 3.0]


def test_pauses_grow_where_the_service_names_none(
    client: Docchu, service: ContractFake, pauses: list[float]
):
    service.faults += [Fault(503)] * 6
    client.submit(b"x")
    longest = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))


def test_patience_ends(client: Docchu, service: ContractFake, pauses: list[float]):
    service.faults += [Fault(429, retry_after="25")] * 3
    with pytest.raises(errors.Busy) as caught:
        client.submit(b"x")
    assert (caught.value.code, caught.value.status) == ("queue_full", 429)
    assert caught.value.retry_after_s == 25
    assert sum(pauses) == 50


def test_a_retry_after_may_be_a_date(client: Docchu, service: ContractFake, pauses: list[float]):
    service.faults += [Fault(503, retry_after="Sat, 22 Nov 2025 13:40:00 GMT")]
    client.submit(b"x")
    assert len(pauses) == 1 and pauses[0] <= 0.2, "that moment is over"


def test_an_absent_service_is_given_up_soon(pauses: list[float], service: ContractFake):
    service.faults += [Fault()] * 10
    with Docchu(service.url, sleep=pauses.append) as client, pytest.raises(errors.ConnectionLost):
        client.submit(b"x")
    assert sum(pauses) <= 2


def test_a_service_that_was_there_is_waited_for(
    client: Docchu, service: ContractFake, pauses: list[float]
):
    job = client.submit(b"SLOW\nx")
    service.faults += [Fault()] * 8
    assert client.wait(job).status == "succeeded"
    assert sum(pauses) > 8


def test_a_service_that_does_not_hold_the_request_is_asked_when_it_says(
    client: Docchu, service: ContractFake, pauses: list[float]
):
    service.retry_after, service.hold_s = "4", 0
    client.wait(client.submit(b"SLOW\nx"))
    assert pauses == [4.0, 4.0]
