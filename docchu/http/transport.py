"""One HTTP exchange with the service: send, try again where that can help, make errors."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from docchu.http.retries import Sleep, Tries, retry_after_s
from docchu.http.upload import Upload

T = TypeVar("T")

# A service that never answered is most likely not there: say so soon.
_PATIENCE_WITH_STRANGERS_S = 2.0
_CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Call:
    """One request. All of Docchu's requests may be sent twice: those that are not so by nature
    carry an Idempotency-Key. The service may take `wait_s` longer than usual to answer.

    `uploads` are the form's files; `content` is sent as the body itself, as `headers` tell it."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    uploads: Sequence[Upload] = ()
    content: Upload | None = None
    wait_s: float = 0


class Transport:
    """The connections to one service. Pauses go through `sleep`."""

    def __init__(
        self, base_url: str, api_key: str | None, timeout_s: float, patience_s: float, sleep: Sleep
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._sleep = sleep
        self._answered = False
        url = _address(self.base_url)
        if api_key and not (api_key.isascii() and api_key.isprintable()):
            raise Unauthorized("The API key holds characters that no API key has.")
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            # A proxy of the environment is for the world, not for this machine.
            trust_env=not _on_loopback(url.host),
        )
        # The service sets none; what else answers at its address must not be in the next request.
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, call: Call, patience_s: float | None = None) -> httpx.Response:
        """Send a request until it is answered. Raises DocchuError when patience (seconds of
        pauses) is over or trying again cannot help."""
        tries = Tries(self._sleep)
        while True:
            try:
                with self.open(call) as answer:
                    answer.read()
                    return answer
            except DocchuError as error:
                if not self.pause(tries, error, patience_s):
                    raise

    def pause(self, tries: Tries, error: DocchuError, patience_s: float | None = None) -> bool:
        """Pause before the next try of a request, or say that there is none."""
        known_s = self._patience_s if patience_s is None else min(patience_s, self._patience_s)
        return tries.pause(
            error, known_s if self._answered else min(known_s, _PATIENCE_WITH_STRANGERS_S)
        )

    @contextmanager
    def open(self, call: Call) -> Iterator[httpx.Response]:
        """Send a request once and give the answer, to be read in pieces. Raises DocchuError, also
        for a connection that breaks while the answer is read."""
        with (
            self._telling(),
            self._http.stream(
                call.method,
                call.path,
                params=call.params,
                headers=call.headers,
                timeout=httpx.Timeout(self._timeout_s + call.wait_s, connect=_CONNECT_TIMEOUT_S),
                **_body(call),
            ) as answer,
        ):
            self._answered = True
            if not answer.is_success:
                answer.read()
                raise self._refusal(answer)
            yield answer

    @contextmanager
    def _telling(self) -> Iterator[None]:
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

    def _refusal(self, answer: httpx.Response) -> DocchuError:
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


def job_path(job_id: str) -> str:
    """The path of a job; whatever the id holds, it stays one segment."""
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidAddress(f"{base_url!r} is no address such as http://127.0.0.1:8080")
    return url


def _body(call: Call) -> dict[str, Any]:
    if call.content:
        call.content.stream.seek(0)
        return {"content": call.content.stream}
    # The service knows a document by its bytes, so its kind is not guessed from its name here.
    files = [
        ("file", (upload.name, upload.stream, "application/octet-stream"))
        for upload in call.uploads
    ]
    return {"json": call.json, "data": call.form, "files": files or None}


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
