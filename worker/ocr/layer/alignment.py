"""Lay two texts beside each other, letter by letter, as alike as they can be."""

from __future__ import annotations

Pair = tuple[int | None, int | None]
"""The places of a letter in either text; None where the other text has one more."""


def aligned(one: str, other: str) -> list[Pair]:
    """The pairs of letters with the fewest differences (Wagner and Fischer, 1974)."""
    costs = [list(range(len(other) + 1))]
    for row, letter in enumerate(one, start=1):
        above = costs[-1]
        current = [row]
        for column, mate in enumerate(other, start=1):
            current.append(
                min(above[column - 1] + (letter != mate), above[column] + 1, current[-1] + 1)
            )
        costs.append(current)
    pairs: list[Pair] = []
    row, column = len(one), len(other)
    while row or column:
        cost = costs[row][column]
        if (
            row
            and column
            and cost == costs[row - 1][column - 1] + (one[row - 1] != other[column - 1])
        ):
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif row and cost == costs[row - 1][column] + 1:
            row -= 1
            pairs.append((row, None))
        else:
            column -= 1
            pairs.append((None, column))
    return pairs[::-1]


def likeness(one: str, other: str) -> float:
    """How much of two texts is equal: 0 where nothing is, 1 where all is."""
    pairs = aligned(one, other)
    same = sum(a is not None and b is not None and one[a] == other[b] for a, b in pairs)
    return same / len(pairs) if pairs else 1.0
