"""What the parts of a text are called: chapters, tables, the rows of a list."""

from __future__ import annotations

import random

_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV"]
_PARTS = (
    "Chương", "Phần", "Mục", "Bảng", "Phụ lục", "Hình", "Quý", "Khóa", "Loại", "Hạng", "Tập",
    "Điều", "Bậc", "Kỳ", "Khu", "Quyển", "Nhóm",
)  # fmt: skip


def numbered(rng: random.Random) -> str:
    """What parts of a text are called: `Chương III`, `Bảng II.1`, `IV.`; with Roman numerals."""
    number = rng.choice(_ROMAN)
    word = rng.choice(_PARTS)
    after = rng.choice(["", "", ".", ":", f".{rng.randint(1, 19)}", f"-{rng.randint(1, 9)}", ")"])
    text = rng.choice([f"{word} {number}{after}", f"{word} {number}{after}", f"{number}{after}"])
    return text.upper() if rng.random() < 0.3 else text


def listed(rng: random.Random, text: str) -> str:
    """A text as a row of a list: behind a dash, a letter or a number."""
    letter = rng.choice("abcdđeghik")
    mark = rng.choice(["-", "-", "-", "+", "•", "*", f"{letter})", f"{rng.randint(1, 30)}."])
    return f"{mark}{rng.choice([' ', ' ', ''])}{text}"
