"""What a slice needs of its worker: that it knows what is asked for, and has the model.

A need is written `VERSION` or `VERSION.MODEL`. Each has a queue of its own, of the broker and in
the store, so that a worker hears of, and claims, only what it can read: in a fleet whose workers
have different models, or while it is upgraded.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from shared.media import AVIF, HEIC, JPEG2000
from shared.options import Options

VERSION = 3
"""What this program knows of a reading: the options of a job, the format of a page.

Raised where a worker that does not know the new thing would read a job wrongly. Such a worker
leaves the job to the others.
"""
_SINCE: dict[str, int] = {}  # option -> the version that knows it, where that is not the first
_SINCE_VALUE = {("text_layer", "trust"): 2}
_SINCE_MEDIA = dict.fromkeys((AVIF, HEIC, JPEG2000), 3)
PLAIN = "1"
"""The need of a job that asks for nothing special: the workers' own model reads it."""
_SUSPECT = "!"
"""Behind the need of a slice that ended its worker before: a worker reads it in a process apart."""


def need_of(options: Options, media_type: str | None = None) -> str:
    """What a job with these options needs: the least version that knows them all, and what it is.

    What it is may not be known yet, of a document that is to be fetched.
    """
    asked = options.model_dump(exclude_defaults=True)
    known = (max(_SINCE.get(o, 1), _SINCE_VALUE.get((o, str(v)), 1)) for o, v in asked.items())
    version = max(*known, _SINCE_MEDIA.get(media_type or "", 1), 1)
    return _named(version, options.model) if options.model else str(version)


def readable(models: Iterable[str], version: int = VERSION) -> tuple[str, ...]:
    """The needs that a worker meets which has these models, besides its own."""
    versions = range(1, version + 1)
    named = [_named(number, model) for model in models for number in versions]
    return (*map(str, versions), *named)


def suspect(needs: Iterable[str]) -> tuple[str, ...]:
    """What the suspect slices of jobs with these needs need."""
    return tuple(need + _SUSPECT for need in needs)


def is_suspect(need: str) -> bool:
    """Whether it is the need of suspect slices."""
    return need.endswith(_SUSPECT)


def of_job(need: str) -> str:
    """The need of the job that has a slice with this need."""
    return need.removesuffix(_SUSPECT)


def model_of(need: str) -> str | None:
    """The model that is needed, if any in particular is."""
    return unquote(of_job(need).partition(".")[2]) or None


def _named(version: int, model: str) -> str:
    # Quoted, since it becomes a part of keys, and of Celery's message as it is.
    return f"{version}.{quote(model, safe='')}"
