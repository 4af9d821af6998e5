"""Lists of the service, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from docchu.http.steps import Call, Given, Items
from docchu.http.wire import Wire, understand

T = TypeVar("T")


def listing(
    wire: Wire, path: str, given: Mapping[str, str | None], name: str, read: Callable[[Any], T]
) -> Items[T]:
    """Go through all of a list; `given` are its filters."""
    params = {key: value for key, value in given.items() if value is not None}

    def page(json: Mapping[str, Any]) -> tuple[list[T], str | None]:
        return [read(one) for one in json[name]], json.get("next_cursor")

    while True:
        answer = yield from wire.send(Call("GET", path, params=params))
        found, cursor = understand(answer, page)
        for one in found:
            yield Given(one)
        if not cursor:
            return
        params = {**params, "cursor": cursor}
