"""A page that was read smaller than it is in its file, told in the pixels of the file."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from shared.result import Page

Part = TypeVar("Part", bound=BaseModel)


def enlarged(page: Page, full: tuple[int, int]) -> Page:
    """The page as if it had been read at the height and width that it has before it is turned."""
    height, width = full if page.rotation in (0, 180) else full[::-1]
    if (height, width) == (page.height, page.width):
        return page
    moved = _moved(page, width / page.width, height / page.height)
    return moved.model_copy(update={"height": height, "width": width})


def _moved(part: Part, across: float, down: float) -> Part:
    """A part of a page with its box, and all its parts, moved by these factors."""
    changes: dict[str, Any] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name == "box":
            changes[name] = tuple((round(x * across, 1), round(y * down, 1)) for x, y in value)
        elif isinstance(value, tuple):
            changes[name] = tuple(
                _moved(one, across, down) if isinstance(one, BaseModel) else one for one in value
            )
    return part.model_copy(update=changes)
