"""Where webhooks go: the address is checked anew before each attempt, and that very one is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import redis

from bench.receiver import Receiver, Reply
from shared.outgoing.addresses import check
from tests.keeper.webhooks.stories import Post

PUBLIC = "93.184.215.14"


class Names:
    """A name server in the test's hands, which counts how often it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def strict(store_client: redis.Redis, tmp_path: Path) -> Post:
    """A post office that may reach the public internet only."""
    return Post(store_client, tmp_path, allow_targets="")


def attempt_error(post: Post) -> str | None:
    return post.deliveries()[0].attempts[-1].error


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://localhost.:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://0:{port}/",
        "http://0.0.0.0:{port}/",
        "http://a.example@127.0.0.1:{port}/",
        "http://a.example#@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@a.example/",
        "http://１２７.0.0.1:{port}/",
        "http://127。0。0。1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "//127.0.0.1:{port}/",
    ],
)
def test_no_form_of_this_machine_is_reached(strict: Post, receiver: Receiver, url: str) -> None:
    hostile = url.format(port=receiver.port)
    strict.succeed(hostile)
    strict.send()
    assert receiver.received == []
    assert attempt_error(strict) in ("address_refused", "no_address")


@pytest.mark.parametrize(
    "inside",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["100.64.0.1"],
        [PUBLIC, "192.168.0.1"],
        ["fe80::1%eth0"],
        ["fd00::1", PUBLIC],
    ],
)
def test_a_name_that_moves_inside_after_the_submission_is_not_followed(
    strict: Post, inside: list[str]
) -> None:
    names = Names([PUBLIC], inside)
    check("http://rebind.example/", (), names)  # as at the submission
    strict.sender.resolver = names
    strict.succeed("http://rebind.example/")
    strict.send()
    assert attempt_error(strict) == "address_refused"


def test_the_name_is_asked_for_once_and_its_answer_is_where_we_connect(
    post: Post, receiver: Receiver
) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    post.sender.resolver = names
    post.succeed(f"http://hooks.example:{receiver.port}/x?y=1")
    post.send()
    (request,) = receiver.received
    assert request.headers["host"] == f"hooks.example:{receiver.port}" and request.path == "/x?y=1"
    assert names.asked == ["hooks.example"]


def test_a_redirect_is_not_followed(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(302, {"Location": f"{receiver.url}/inside"})
    post.succeed(receiver.url)
    post.send()
    assert len(receiver.received) == 1 and attempt_error(post) == "redirect"


def test_proxies_of_the_environment_are_not_asked(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    post.succeed(receiver.url)
    post.send()
    assert len(receiver.received) == 1


def test_a_name_without_an_address_is_tried_again(post: Post, receiver: Receiver) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        if not known:
            raise OSError("no such name")
        return known

    known: list[str] = []
    post.sender.resolver = resolve
    post.succeed(f"http://hooks.example:{receiver.port}/")
    post.send()
    assert attempt_error(post) == "no_address"
    known.append("127.0.0.1")
    post.clock.pass_s(5)
    post.send()
    assert post.deliveries()[0].status == "succeeded"
