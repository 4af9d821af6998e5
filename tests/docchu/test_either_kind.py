"""Both kinds of client with the real service: jobs again, webhooks, and what only one can do."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from collections.abc import Callable
from datetime import datetime

import pytest

from bench.crew import Crew
from bench.workers.marked import picture_of, text_of
from docchu import AsyncDocchu, Docchu, errors
from docchu.async_client import AsyncBatches, AsyncDeliveries, AsyncWebhooks
from docchu.client import Batches, Deliveries, Webhooks
from docchu.steps.batches import BatchOptions
from docchu.steps.options import ReadingOptions
from shared.options import BatchRequest, BodyRequest

NOBODY = "http://127.0.0.1:9/hook"


def test_what_the_service_can_be_asked_for_the_client_can_ask_for() -> None:
    places = {"batch_id", "custom_id"}  # of `batches.add`, by their names there
    assert set(ReadingOptions.__annotations__) == set(BodyRequest.model_fields) - places
    own = {"open"}  # `batches.open`
    of_batches = set(BatchOptions.__annotations__) - {"idempotency_key"}
    assert of_batches == set(BatchRequest.model_fields) - own


def test_a_document_is_read_again_without_an_upload(either: Docchu) -> None:
    first = either.wait(either.submit(picture_of(7), metadata={"a": 1}))
    again = either.wait(either.rerun(first, pages="1", metadata={"b": 2}))
    assert (first.rerun_of, again.rerun_of) == (None, first.id)
    assert again.options["pages"] == "1" and again.metadata == {"b": 2}
    assert either.text(again) == either.text(first) == f"{text_of(7)}\n"
    assert either.rerun(again, pages=None).options["pages"] is None


def test_what_cannot_be_read_again_says_why(either: Docchu) -> None:
    job = either.wait(either.submit(picture_of(8)))
    with pytest.raises(errors.InvalidOption, match="pages"):
        either.rerun(job, pages="2-1")
    either.erase(job)
    with pytest.raises(errors.JobGone):
        either.rerun(job)


def test_jobs_are_found_by_name_time_and_metadata(either: Docchu) -> None:
    order = secrets.randbelow(1 << 30)
    job = either.submit(picture_of(9), name=f"Hóa Đơn {order}.png", metadata={"order": order})
    either.submit(picture_of(10))
    asked = {"name": "hoa don", "metadata": {"order": order}, "created_after": job.created_at}
    assert [one.id for one in either.jobs(**asked)] == [job.id]
    assert list(either.jobs(name=f"don {order}", created_before=job.created_at)) == []


def test_jobs_are_found_by_what_was_read_and_say_where(either: Docchu) -> None:
    order = 1 << 22 | secrets.randbelow(1 << 22)
    job = either.wait(either.submit(picture_of(order), name="a.png"))
    (found,) = either.jobs(query=f"ho so {order}")
    assert (found.id, [one.text for one in found.found]) == (job.id, [text_of(order)])
    assert (found.found[0].page, found.found[0].line) == (1, 0) and job.found == ()
    assert list(either.jobs(query=f'"ho {order}"')) == []
    either.erase(job)
    assert list(either.jobs(query=f"ho so {order}")) == []


def test_a_webhook_is_registered_changed_tried_and_deleted(either: Docchu) -> None:
    made = either.webhooks.register(
        NOBODY, events=["job.succeeded"], description="đơn", headers={"X-Shop": "7"}
    )
    assert made.secret and made.secret.startswith("whsec_")
    known = either.webhooks.get(made)
    assert (known.secret, known.header_names, known.include) == (None, ("X-Shop",), None)
    assert known in either.webhooks.all() and known.events == ("job.succeeded",)
    off = either.webhooks.change(made, enabled=False, include="text")
    assert (off.disabled_reason, off.include, off.description) == ("switched_off", "text", "đơn")
    rotated = either.webhooks.rotate(made.id)
    assert rotated.secret != made.secret and isinstance(rotated.former_until, datetime)
    either.webhooks.delete(made)
    either.webhooks.delete(made)
    with pytest.raises(errors.WebhookNotFound):
        either.webhooks.get(made)
    before = either.webhooks.secret()
    assert either.webhooks.rotate_secret() != before != either.webhooks.secret()


def test_what_was_sent_is_told_and_sent_again(either: Docchu) -> None:
    webhook = either.webhooks.register(NOBODY)
    trial = either.webhooks.test(webhook)
    (found,) = either.deliveries.all(webhook=webhook)
    assert (found.id, found.type, found.url) == (trial.id, "webhook.test", NOBODY)
    for _ in range(300):
        if (tried := either.deliveries.get(trial)).attempts:
            break
        either.wait(either.submit(picture_of(1)))
    assert tried.attempts[-1].error == "connection_failed"
    assert either.deliveries.redeliver(tried).status == "pending"
    assert list(either.deliveries.all(webhook=webhook, status="succeeded")) == []
    with pytest.raises(errors.DeliveryNotFound):
        either.deliveries.get("dlv_none")
    either.webhooks.delete(webhook)


def test_models_tables_and_fields_are_asked_for(either: Docchu) -> None:
    job = either.wait(either.submit(picture_of(2)))
    assert job.model and either.models() == [job.model.name]
    assert either.tables(job) == []
    assert either.fields(job).document_type is None
    with pytest.raises(errors.InvalidOption):
        either.fields(job, "no_such")


def test_the_command_reads_again_otherwise_and_what_has_an_address(
    crew: Crew, command: Callable[..., subprocess.Popen[str]]
) -> None:
    with Docchu(crew.url) as docchu:
        first = docchu.wait(docchu.submit(picture_of(60)))
        retried = command("retry", first.id, "--text-layer", "ignore")
        row, _ = retried.communicate(timeout=60)
        again = docchu.job(row.partition("\t")[0])
        assert (again.rerun_of, again.options["text_layer"]) == (first.id, "ignore")
        address = command("read", "https://127.0.0.1:9/kho/gi%E1%BA%A5y.png")
        text, said = address.communicate(timeout=60)
        assert (text, address.returncode) == ("", 1) and "fetch_failed" in said


def test_many_documents_are_waited_for_at_once_in_one_thread(crew: Crew) -> None:
    async def read(docchu: AsyncDocchu, number: int) -> str:
        return (await docchu.read(picture_of(number))).text.strip()

    async def read_all() -> list[str]:
        async with AsyncDocchu(crew.url) as docchu:
            return await asyncio.gather(*(read(docchu, number) for number in range(30, 50)))

    assert asyncio.run(read_all()) == [text_of(number) for number in range(30, 50)]


def test_a_task_that_is_canceled_stops_waiting(crew: Crew) -> None:
    async def give_up() -> str:
        async with AsyncDocchu(crew.url) as docchu:
            batch = await docchu.batches.open()
            waiting = asyncio.create_task(docchu.batches.wait(batch))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return (await docchu.batches.cancel(batch)).status

    assert asyncio.run(give_up()) == "canceled"


@pytest.mark.parametrize(
    ("blocking", "asynchronous"),
    [
        (Docchu, AsyncDocchu),
        (Batches, AsyncBatches),
        (Webhooks, AsyncWebhooks),
        (Deliveries, AsyncDeliveries),
    ],
)
def test_both_kinds_have_the_same_methods(blocking: type, asynchronous: type) -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(blocking) == public(asynchronous)
    for name in public(blocking):
        assert getattr(blocking, name).__doc__ == getattr(asynchronous, name).__doc__
