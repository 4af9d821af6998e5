"""Events: exactly one for each end of a job, to whoever was to be told at that moment."""

from __future__ import annotations

import json

import pytest

from bench.receiver import Received, Receiver, Reply
from shared.blobs import INPUT
from shared.errors import JobGone
from shared.ids import new_id
from shared.jobs import Document
from shared.options import Options
from shared.result import Line, Page
from shared.store import keys
from shared.store.jobs.records import NewJob, PageRecord
from shared.store.jobs.slices import PageTimings
from shared.webhooks import MAX_BODY_BYTES
from tests.keeper.webhooks.stories import TENANT, Post, event_of, open_document, take

HOOK = "http://hooks.example/"
BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def types(post: Post) -> list[str]:
    return [event.type for event in post.outbox.waiting(100)]


def test_every_way_to_end_makes_its_one_event(post: Post) -> None:
    ann = post.worker()
    post.succeed(HOOK)
    post.submit_for(HOOK)
    post.fail()
    job = post.submit_for(HOOK)
    for _ in range(3):
        post.jobs.cancel(TENANT, job.id)
    post.submit_for(HOOK)
    claim = open_document(ann, take(ann), 2)
    ann.record(claim, 1, PageRecord("page-1"), PageTimings())
    ann.record(claim, 2, PageRecord(None, "page_crashed", "It crashed."), PageTimings())
    erased = post.submit_for(HOOK)
    post.jobs.erase(TENANT, erased.id)
    expected = ["job.succeeded", "job.failed", "job.canceled", "job.partial", "job.canceled"]
    assert sorted(types(post)) == sorted(expected)


def test_a_page_that_kills_its_workers_ends_in_one_event(post: Post) -> None:
    post.submit_for(HOOK)
    ann = post.worker()
    for _ in range(3):
        claim = take(ann)
        post.clock.pass_s(60)
        post.keeper.recover(claim.job_id, claim.index)
        post.keeper.recover(claim.job_id, claim.index)
    assert types(post) == ["job.failed"]


def test_nobody_to_tell_makes_no_event(post: Post) -> None:
    job = post.succeed()
    assert post.outbox.waiting(10) == []
    assert not post.client.exists(keys.event(job.id))


def test_the_canary_tells_nobody(post: Post) -> None:
    post.webhooks.create("docchu-canary", HOOK)
    document = Document(name="a", media_type="image/png", size=1, sha256="00")
    new = NewJob(new_id("job"), "docchu-canary", document, Options(), 9, 9, 9, event_id=None)
    post.jobs.create(new)
    post.jobs.cancel("docchu-canary", new.id)
    assert post.outbox.waiting(10) == []


def test_a_webhook_is_told_what_it_asked_for_and_of_its_own_tenant(post: Post) -> None:
    wanted = post.webhooks.create(TENANT, HOOK, ("job.failed",))
    post.webhooks.create(TENANT, HOOK, ("job.partial",))
    post.webhooks.create("rival", HOOK)
    post.succeed()
    post.submit_for(None)
    post.fail()
    (event,) = post.outbox.waiting(10)
    assert event.type == "job.failed" and event.webhooks == (wanted.id,)


def test_who_registers_after_the_end_is_not_told(post: Post) -> None:
    early = post.webhooks.create(TENANT, HOOK)
    post.succeed()
    post.webhooks.create(TENANT, HOOK)
    (event,) = post.outbox.waiting(10)
    assert event.webhooks == (early.id,)


def test_several_keepers_fan_out_an_event_once(post: Post) -> None:
    post.webhooks.create(TENANT, HOOK)
    post.succeed(HOOK)
    (event,) = post.outbox.waiting(10)
    prepared = [post.another_sender().event_fan_out.prepare(event) for _ in range(3)]
    assert [post.outbox.fan_out(one)[0] for one in prepared] == ["fanned_out", "done", "done"]
    assert len(post.deliveries()) == 2 and post.outbox.waiting(10) == []


def test_an_event_that_cannot_be_told_holds_up_no_other(post: Post, receiver: Receiver) -> None:
    bad = post.succeed(receiver.url)
    post.client.hset(keys.job(bad.id), "document", "not JSON")
    post.succeed(receiver.url)
    assert post.sender.fan_out() == 1
    assert post.sender.fan_out() == 0 and post.outbox.waiting(10) == []
    post.clock.pass_s(60)
    assert [event.subject for event in post.outbox.waiting(10)] == [bad.id]


def test_a_webhook_never_arrives_before_its_state_can_be_read(
    post: Post, receiver: Receiver
) -> None:
    seen = []

    def read_back(request: Received) -> Reply:
        job_id = json.loads(request.body)["data"]["id"]
        seen.append(post.jobs.get(TENANT, job_id).status)
        return Reply()

    receiver.react = read_back
    post.succeed(receiver.url)
    post.send()
    assert seen == ["succeeded"]


def test_the_body_is_the_job_without_its_result(post: Post, receiver: Receiver) -> None:
    secret = post.webhooks.secret(TENANT).secret
    job = post.succeed(receiver.url)
    post.send()
    (request,) = receiver.received
    event = event_of(request, secret, post.clock.ms / 1000)
    assert event["type"] == "job.succeeded" and event["timestamp"].endswith("Z")
    assert event["data"] == post.jobs.get(TENANT, job.id).model_dump(mode="json", by_alias=True)
    assert "tenant" not in event["data"] and len(request.body) < MAX_BODY_BYTES


def test_hundreds_of_failed_pages_are_cut_to_fit(post: Post, receiver: Receiver) -> None:
    post.submit_for(receiver.url)
    ann = post.worker()
    claim, _ = ann.open(take(ann), 300, range(1, 301), 16)
    while True:
        for number in claim.left:
            problem = PageRecord(None, "page_crashed", "Hỏng. " * 20)
            ann.record(claim, number, problem, PageTimings())
        if not ann.num_ready():
            break
        claim = take(ann)
    post.send()
    (request,) = receiver.received
    assert len(request.body) < MAX_BODY_BYTES
    error = json.loads(request.body)["data"]["error"]
    assert error["pages_left_out"] is True and error["pages"][0]["page"] == 1


def read_text(post: Post, url: str, *texts: str) -> str:
    """Read a document of such lines, told with its text."""
    job = post.submit_for(url, webhook_include="text")
    ann = post.worker()
    claim = open_document(ann, take(ann), 1)
    lines = tuple(Line(text=text, confidence=1, box=BOX, words=()) for text in texts)
    page = Page(page=1, width=9, height=9, lines=lines)
    post.blobs.put(TENANT, job.id, "page-1", page.model_dump_json().encode())
    ann.record(claim, 1, PageRecord("page-1"), PageTimings())
    return job.id


def test_the_text_comes_along_where_it_fits(post: Post, receiver: Receiver) -> None:
    read_text(post, receiver.url, "Cộng hoà xã hội")
    read_text(post, receiver.url, "chủ nghĩa " * 2000)
    post.submit_for(receiver.url, webhook_include="text")
    post.fail()
    post.send()
    bodies = [request.body for request in receiver.received]
    data = {
        json.loads(body)["data"].get("text_left_out"): json.loads(body)["data"] for body in bodies
    }
    assert data[None]["text"] == "Cộng hoà xã hội\n"
    assert data["too_large"]["text"] is None and data["no_result"]["text"] is None
    assert all(len(body) < MAX_BODY_BYTES for body in bodies)


def test_no_id_stands_for_two_bodies(post: Post, receiver: Receiver) -> None:
    post.webhooks.create(TENANT, receiver.url)
    read_text(post, receiver.url, "chữ")
    post.send()
    short, long = sorted(receiver.received, key=lambda request: len(request.body))
    assert short.body != long.body
    assert short.headers["webhook-id"] != long.headers["webhook-id"]


def test_of_an_erased_job_only_its_id_is_told(post: Post, receiver: Receiver) -> None:
    job = post.submit_for(receiver.url)
    post.jobs.erase(TENANT, job.id)
    post.send()
    event = json.loads(receiver.received[0].body)
    assert event["type"] == "job.canceled" and event["data"] == {"id": job.id, "erased": True}


def test_a_job_erased_while_its_event_is_fanned_out_gives_nothing_away(post: Post) -> None:
    job = post.succeed(HOOK)
    (event,) = post.outbox.waiting(10)
    prepared = post.sender.event_fan_out.prepare(event)
    post.jobs.erase(TENANT, job.id)
    assert post.outbox.fan_out(prepared) == ["again"]
    assert post.sender.fan_out() == 1
    assert "hoá đơn" not in str(post.client.hgetall(keys.event(job.id)))


def test_the_events_of_one_tenant_leave_room_for_those_of_another(post: Post) -> None:
    many = [post.succeed(HOOK).id for _ in range(30)]
    post.clock.pass_s(0.001)
    other = post.succeed(HOOK, tenant="globex").id
    order = [event.subject for event in post.outbox.waiting(100)]
    assert order.index(other) <= 1 and [one for one in order if one != other] == many
    first = post.outbox.waiting(3)
    post.outbox.fan_out(*(post.sender.event_fan_out.prepare(event) for event in first))
    assert len(post.outbox.waiting(100)) == 28, "nothing waits for its turn when there is room"


def test_an_event_that_cannot_be_fanned_out_is_set_aside_for_a_minute(post: Post) -> None:
    job, other = post.succeed(HOOK), post.succeed(HOOK)
    (event, _) = post.outbox.waiting(2)
    assert event.subject == job.id
    post.outbox.postpone(event.subject, ValueError())
    assert [one.subject for one in post.outbox.waiting(9)] == [other.id]
    post.clock.pass_s(60)
    assert [one.subject for one in post.outbox.waiting(9)] == [other.id, job.id]


def test_erasing_takes_the_text_at_once_and_the_rest_after_the_last_attempt(
    post: Post, receiver: Receiver
) -> None:
    receiver.react = lambda request: Reply(500)
    post.webhooks.create(TENANT, receiver.url)
    job_id = read_text(post, receiver.url, "bí mật")
    post.send()
    first = {request.body for request in receiver.received}
    post.jobs.erase(TENANT, job_id)
    post.blobs.delete(TENANT, job_id, INPUT)
    assert "bí mật" not in str(post.client.hgetall(keys.event(job_id)))
    receiver.react = lambda request: Reply()
    receiver.received.clear()
    post.clock.pass_s(5)
    post.send()
    (request,) = receiver.received
    assert request.body in first, "the thin one, unchanged"
    assert not post.client.hexists(keys.event(job_id), "body")
    by_status = {delivery.status: delivery for delivery in post.deliveries()}
    assert by_status["failed"].attempts[-1].error == "job_erased"
    with pytest.raises(JobGone):
        post.log.redeliver(TENANT, by_status["succeeded"].id)
