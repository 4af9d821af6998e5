"""Names, places and amounts that nobody real has."""

from __future__ import annotations

import random

FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương"]
MIDDLE = ["Văn", "Thị", "Minh", "Quốc", "Thanh", "Đức", "Ngọc", "Hữu", "Thu", "Xuân", "Kim"]
GIVEN = [
    "An", "Bình", "Cường", "Dũng", "Hà", "Hải", "Hạnh", "Hùng", "Hương", "Lan", "Linh", "Long",
    "Mai", "Nam", "Phúc", "Quang", "Sơn", "Tâm", "Thảo", "Trang", "Tuấn", "Việt", "Yến",
]  # fmt: skip
PLACES = [
    "Hà Nội", "Hải Phòng", "Đà Nẵng", "Cần Thơ", "Bắc Ninh", "Quảng Ninh", "Nghệ An", "Lâm Đồng",
    "Đồng Nai", "Thái Nguyên", "Thanh Hóa", "Khánh Hòa", "Gia Lai", "An Giang", "Cà Mau", "Lào Cai",
]  # fmt: skip
STREETS = ["Trần Phú", "Lê Lợi", "Nguyễn Trãi", "Hai Bà Trưng", "Quang Trung", "Lý Thường Kiệt"]
_UNITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def person(rng: random.Random) -> str:
    """A name."""
    return f"{rng.choice(FAMILY)} {rng.choice(MIDDLE)} {rng.choice(GIVEN)}"


def address(rng: random.Random) -> str:
    """Where nobody lives."""
    return f"Số {rng.randint(1, 400)} {rng.choice(STREETS)}, {rng.choice(PLACES)}"


def tax_code(rng: random.Random) -> str:
    """Ten digits with the right last one."""
    while True:
        digits = [rng.randint(0, 3), *(rng.randint(0, 9) for _ in range(8))]
        total = sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
        if total % 11:
            return "".join(map(str, digits)) + str(10 - total % 11)


def day(rng: random.Random, first: int = 2016, last: int = 2025) -> tuple[int, int, int]:
    """A day, month and year."""
    return rng.randint(1, 28), rng.randint(1, 12), rng.randint(first, last)


def iso(date: tuple[int, int, int]) -> str:
    """The same as ISO 8601."""
    return f"{date[2]}-{date[1]:02d}-{date[0]:02d}"


def in_words(number: int) -> str:
    """An amount as it is written out."""
    parts = []
    groups = [(10**9, "tỷ"), (10**6, "triệu"), (1000, "nghìn"), (1, "")]
    for scale, name in groups:
        group = number // scale % 1000
        if group:
            parts.append(f"{_group(group, full=bool(parts))} {name}".strip())
    text = " ".join(parts) or "không"
    return f"{text[0].upper()}{text[1:]} đồng"


def _group(number: int, *, full: bool) -> str:
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = [f"{_UNITS[hundreds]} trăm"] if hundreds or full else []
    if tens > 1:
        words.append(f"{_UNITS[tens]} mươi")
    elif tens == 1:
        words.append("mười")
    elif ones and words:
        words.append("linh")
    if ones:
        is_five, is_one = ones == 5 and tens > 0, ones == 1 and tens > 1
        words.append("lăm" if is_five else "mốt" if is_one else _UNITS[ones])
    return " ".join(words)
