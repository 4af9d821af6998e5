"""JSON as RFC 8259 has it: nothing in it that could not be stored and sent on again."""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import Any, NoReturn


def loads(text: str | bytes | bytearray) -> Any:
    """Read JSON. Raises ValueError, also for NaN, infinities, lone surrogates and deep nesting."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        num_bytes(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def depth(value: Any) -> int:
    """How many objects and lists stand in each other; 0 for a text, a number and the like."""
    deep, layer = 0, [value]
    while layer := [one for one in layer if isinstance(one, dict | list)]:
        deep += 1
        lists = [one.values() if isinstance(one, dict) else one for one in layer]
        layer = list(chain.from_iterable(lists))
    return deep


def num_bytes(value: Any) -> int:
    """How long a value is as JSON. Raises ValueError if it has no JSON in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
