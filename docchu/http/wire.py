"""What is known of one service: how a request is written and an answer understood, and patience."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from docchu.errors import (
    ConnectionLost,
    DocchuError,
    InvalidAddress,
    NotSent,
    ServiceNotReachable,
    Unauthorized,
    UnexpectedAnswer,
)
from docchu.http.problems import from_problem
from docchu.http.retries import Tries, retry_after_s
from docchu.http.steps import Call, Pause, Steps

T = TypeVar("T")

# A service that never answered is most likely not there: say so soon.
_PATIENCE_WITH_STRANGERS_S = 2.0
_CONNECT_TIMEOUT_S = 5.0


class Wire:
    """One service. `answered`: whether it ever has."""

    def __init__(
        self, base_url: str, api_key: str | None, timeout_s: float, patience_s: float
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.answered = False
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._url = _address(self.base_url)
        if api_key and not (api_key.isascii() and api_key.isprintable()):
            raise Unauthorized("The API key holds characters that no API key has.")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def connections(self, kind: Callable[..., T]) -> T:
        """A client of httpx for this service."""
        # A proxy of the environment is for the world, not for this machine.
        trust = not _on_loopback(self._url.host)
        http: Any = kind(base_url=self._url, headers=self._headers, trust_env=trust)
        # The service sets none; what else answers at its address must not be in the next request.
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return http  # type: ignore[no-any-return]

    def send(self, call: Call, patience_s: float | None = None) -> Steps[httpx.Response]:
        """Send a request until it is answered. Raises DocchuError when patience (seconds of
        pauses) is over or trying again cannot help."""
        tries = Tries()
        while True:
            try:
                answer: httpx.Response = yield call
                return answer
            except DocchuError as error:
                failed = error
            yield from self.pause(tries, failed, patience_s)

    def pause(
        self, tries: Tries, error: DocchuError, patience_s: float | None = None
    ) -> Steps[None]:
        """Pause before the next try of a request. Raises the error where there is none."""
        known_s = self._patience_s if patience_s is None else min(patience_s, self._patience_s)
        if not self.answered:
            known_s = min(known_s, _PATIENCE_WITH_STRANGERS_S)
        pause_s = tries.next_pause_s(error, known_s)
        if pause_s is None:
            raise error
        yield Pause(pause_s)

    def arguments(self, call: Call) -> dict[str, Any]:
        """The request as httpx builds it."""
        # The service knows a document by its bytes, so its kind is not guessed from its name here.
        files = [
            ("file", (upload.name, upload.stream, "application/octet-stream"))
            for upload in call.uploads
        ]
        content = call.content.stream if call.content else None
        body = {"json": call.json, "data": call.form, "files": files or None, "content": content}
        if content:
            content.seek(0)
        return {
            "method": call.method,
            "url": call.path,
            "params": call.params,
            "headers": call.headers,
            "timeout": httpx.Timeout(self._timeout_s + call.wait_s, connect=_CONNECT_TIMEOUT_S),
        } | body

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Raise what goes wrong between here and the service as DocchuError."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ServiceNotReachable(
                f"No Docchu service at {self.base_url}{_why(error)}"
            ) from error
        except httpx.LocalProtocolError as error:
            raise NotSent from error
        except httpx.TransportError as error:
            detail = f"The connection to the Docchu service at {self.base_url} broke{_why(error)}"
            raise ConnectionLost(detail) from error
        except httpx.DecodingError as error:
            raise UnexpectedAnswer from error

    def refusal(self, answer: httpx.Response) -> DocchuError:
        """The error that an answer which is no success is; it was read."""
        if answer.has_redirect_location:
            return UnexpectedAnswer(
                f"{self.base_url} points to {answer.headers['Location']}: give that address",
                status=answer.status_code,
            )
        after_s = retry_after_s(answer.headers.get("Retry-After"))
        return from_problem(answer.status_code, _problem(answer), after_s)


UNREADABLE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading JSON raises that is none, is nested too deep or not as it should be."""


def understand(answer: httpx.Response, read: Callable[[Any], T]) -> T:
    """Read the JSON of an answer. Raises UnexpectedAnswer when it is not what `read` needs."""
    try:
        return read(answer.json())
    except UNREADABLE as error:
        raise UnexpectedAnswer(status=answer.status_code) from error


def path_of(collection: str, id_: str) -> str:
    """The path of a job, batch or webhook; whatever the id holds, it stays one segment."""
    return f"/v1/{collection}/{quote(id_, safe='')}"


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidAddress(f"{base_url!r} is no address such as http://127.0.0.1:8080")
    return url


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = response.json()
    except UNREADABLE:
        return {}
    return problem if isinstance(problem, dict) else {}


def _why(error: httpx.TransportError) -> str:
    """The reason in brackets, unless it is the plain one that nobody listens."""
    text = str(error)
    return f" ({text})" if text and "refused" not in text else ""


def _on_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
