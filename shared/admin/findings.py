"""What a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from shared.errors import DocchuError

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; `advice` says what to do, where it is not well."""

    what: str
    level: Level
    said: str
    advice: str = ""

    def dump(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)


def faulty(what: str, error: DocchuError | OSError) -> Finding:
    """What a check makes of what it could not do."""
    said = error.reason if isinstance(error, DocchuError) else str(error)
    advice = {
        "store": "Is it started, and is DOCCHU_REDIS_URL its address, with user and password?",
        "blobs": "Is the disk mounted, has it room, and may this user write there?",
    }
    return Finding(what, "error", said, advice.get(what, "See the log."))
