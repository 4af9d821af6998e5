"""Rows of tables: cells side by side, with a tab where one ends and the next begins."""

from __future__ import annotations

import random
from collections.abc import Callable

from training.labels import phrases, receipts
from training.labels.vocabulary import WORDS

_SHORT = (
    "STT", "TT", "SL", "ĐVT", "Mã", "Tên", "Giá", "Số lượng", "Đơn giá", "Thành tiền", "Ghi chú",
    "Hàng hóa", "Giá bán", "Năm", "Khu vực", "Nội dung", "Đơn vị", "Tỷ lệ (%)", "Tổng cộng", "VAT",
    "Họ và tên", "Ngày", "Số tiền", "Mã số", "Thuyết minh", "Kết quả", "Cộng", "T.Tiền", "Đ.Giá",
)  # fmt: skip


def row(rng: random.Random, sentence: Callable[[], str]) -> str:
    """One row; the sentences are for its wordy cells."""
    kind = rng.choice(
        (_measured, _measured, _summed, _summed, _numbered, _wordy, _headed, _figures)
    )
    return kind(rng, lambda: _clause(rng, sentence()))


def _measured(rng: random.Random, clause: Callable[[], str]) -> str:
    """What is counted, and its figures a year."""
    mark = rng.choice(["", "", "- ", "+ ", "* ", "a) ", "1. "])
    return "\t".join([mark + clause(), *_row_of(rng, rng.randint(1, 5))])


def _summed(rng: random.Random, clause: Callable[[], str]) -> str:
    label = rng.choice([rng.choice(WORDS["sums"]), rng.choice(WORDS["labels"]), clause()])
    return f"{label}{rng.choice(['', ':', ':', ' :'])}\t{receipts.money(rng)}"


def _numbered(rng: random.Random, clause: Callable[[], str]) -> str:
    """A number, a name and what else the row has."""
    cells = [rng.choice(["{}", "{}", "{}.", "{:02}"]).format(rng.randint(1, 40)), clause()]
    if rng.random() < 0.3:
        cells.insert(1, "".join(rng.choices("ABCDĐGHIKLMNPQSTVX", k=rng.randint(2, 5))))
    extra = [clause, lambda: phrases.figures(rng), lambda: receipts.money(rng)]
    cells += [rng.choice(extra)() for _ in range(rng.randint(0, 2))]
    return "\t".join(cells)


def _wordy(rng: random.Random, clause: Callable[[], str]) -> str:
    return "\t".join(clause() for _ in range(rng.randint(2, 3)))


def _headed(rng: random.Random, clause: Callable[[], str]) -> str:
    cells = [rng.choice([*_SHORT, clause()]) for _ in range(rng.randint(2, 5))]
    text = "\t".join(cells)
    return text.upper() if rng.random() < 0.25 else text


def _figures(rng: random.Random, clause: Callable[[], str]) -> str:
    return "\t".join(_row_of(rng, rng.randint(2, 7)))


def _row_of(rng: random.Random, count: int) -> list[str]:
    """Figures of one kind."""
    year, mark = rng.randint(1990, 2024), rng.choice(",.")
    kinds = (
        lambda n: f"{rng.uniform(-9, 99):.1f}".replace(".", mark),
        lambda n: f"{rng.uniform(0, 999):.2f}".replace(".", mark),
        lambda n: str(rng.randint(0, 999)),
        lambda n: f"{rng.randint(1, 99999) * 1000:,}".replace(",", mark),
        lambda n: f"{year + n}{rng.choice(['', '', '*'])}",
        lambda n: rng.choice(["x", "-", "0", "1", "11", "x"]),
    )
    kind = rng.choice(kinds)
    return [kind(number) for number in range(count)]


def _clause(rng: random.Random, sentence: str) -> str:
    """A few words in a row."""
    words = sentence.split(" ")
    count = rng.randint(1, 5)
    start = rng.randint(0, max(0, len(words) - count))
    text = " ".join(words[start : start + count])
    return text[:1].upper() + text[1:] if rng.random() < 0.6 else text
