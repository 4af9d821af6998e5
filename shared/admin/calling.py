"""Asks a service's `/v1/admin/…`, and says in one line why it does not answer as it should."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import httpx
import typer

REFUSED, NO_SERVICE = 1, 3
_TIMEOUT_S = 60.0  # a piece of erasing, on a busy disk
Answer = dict[str, Any]

Url = Annotated[str, typer.Option(envvar="DOCCHU_URL", help="Where the service is.", metavar="URL")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        envvar="DOCCHU_API_KEY",
        help="A key of the role admin, where there are keys.",
        metavar="KEY",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As the API says it, for programs.")]
DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    url: str
    api_key: str | None

    def get(self, path: str) -> Answer:
        """Ask for something; ends the command where there is no answer."""
        return self._ask("GET", path)

    def post(self, path: str, **body: object) -> Answer:
        """Have something done; ends the command where it is not."""
        return self._ask("POST", path, {name: one for name, one in body.items() if one is not None})

    def _ask(self, method: str, path: str, body: Answer | None = None) -> Answer:
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        address = f"{self.url.rstrip('/')}/v1/admin/{path}"
        try:
            answer = httpx.request(method, address, json=body, headers=key, timeout=_TIMEOUT_S)
            found: Answer = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            give_up(f"{self.url} does not answer as Docchu does: {error or type(error).__name__}")
        if answer.status_code != httpx.codes.OK:
            code = NO_SERVICE if answer.status_code in (401, 403, 404, 503) else REFUSED
            give_up(f"{found.get('detail', 'refused')} ({answer.status_code} at {self.url})", code)
        return found


def give_up(why: str, code: int = NO_SERVICE) -> NoReturn:
    """End the command."""
    print(f"docchu admin: {why}", file=sys.stderr)
    raise typer.Exit(code)


def print_json(found: object) -> None:
    """For programs."""
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
