"""Metrics whose labels have few values, all known: each is there, as 0, before anything happens.

So a rate is right from the first time on, and a metric that nobody has is a metric misspelt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import Counter, Histogram

# Seconds: of a request or a part of a page, and of what waits for its turn.
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LONG = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400)


def counter(name: str, meaning: str, label: str, values: Iterable[str]) -> Counter:
    """A counter `docchu_<name>_total`."""
    made = Counter(f"docchu_{name}", meaning, [label])
    for value in values:
        made.labels(value)
    return made


def histogram(
    name: str, meaning: str, buckets: Sequence[float], label: str, values: Iterable[str]
) -> Histogram:
    """A histogram `docchu_<name>`."""
    made = Histogram(f"docchu_{name}", meaning, [label], buckets=buckets)
    for value in values:
        made.labels(value)
    return made
