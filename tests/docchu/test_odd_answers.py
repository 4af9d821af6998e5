"""Whatever answers at the service's address: the client gives a job, or an error of its own."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from docchu import Docchu
from docchu.errors import DocchuError
from tests.shared.answering import odd_answers, sending, serving


def answer(head: str, body: bytes = b"") -> bytes:
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


NESTED = b"[" * 100_000
FAR = f"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec {'9' * 20} 23:59:59 GMT"


def test_whatever_answers_is_a_job_or_an_error_of_the_client() -> None:
    with serving(b"") as server, Docchu(f"http://127.0.0.1:{server.port}", patience_s=0) as client:

        @settings(deadline=None, max_examples=200)
        @given(odd=odd_answers)
        @example(odd=answer(FAR))
        @example(odd=answer("HTTP/1.1 302 There"))
        @example(odd=answer("HTTP/1.1 404 No\r\nSet-Cookie: a=\u00b2"))
        @example(odd=answer("HTTP/1.1 404 No"))
        @example(odd=answer("HTTP/1.1 200 OK", NESTED))
        @example(odd=answer("HTTP/1.1 422 No", NESTED))
        @example(odd=answer("HTTP/1.1 422 No", b'{"code": [], "detail": {}}'))
        def any_answer(odd: bytes) -> None:
            server.answer = sending(odd)
            with pytest.raises(DocchuError):
                client.job("job_x")

        any_answer()
