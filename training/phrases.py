"""The made-up phrases of forms, letters and receipts: names, dates, amounts, codes, headings."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path

from faker import Faker

_fake = Faker("vi_VN")
_WORDS: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "words.json").read_text(encoding="utf-8")
)
_PAPERS, _UNITS, _MONEY, _STREETS = (_WORDS[key] for key in ("papers", "units", "money", "streets"))
_LABELS, _HEADINGS, _RECEIPT, _ENGLISH = (
    _WORDS[key] for key in ("labels", "headings", "receipt", "english")
)
_ENDINGS = (
    "...",
    ", ...",
    ",...;",
    ", ...;",
    "./.",
    " ./.",
    "/.",
    ".)",
    ");",
    ".”",
    "”;",
    "//",
    " :",
    " ;",
)
_SIGNS = (
    "...", "......", ".................", "_____", "- ", "/", "&", "–", "—", "*", "§", "№", "№ 5",
    "≥ 5", "≤ 10", "± 2", "→", "25°C", "10m²", "5 × 3", "©", "®", "™", "€", "£", "·", "•", "²", "|",
    "+ ", "= ", "; ",
)  # fmt: skip


def person(rng: random.Random) -> str:
    """A name, an address, or a form's label with one of them."""
    _fake.seed_instance(rng.getrandbits(32))
    value = rng.choice([_name, _address, lambda _: _fake.job(), lambda _: _fake.company()])(rng)
    if rng.random() < 0.5:
        value = rng.choice(_LABELS) + rng.choice([": ", ": ", " : ", ":", ": ....", " / "]) + value
    return value


def _name(rng: random.Random) -> str:
    name = str(_fake.name())
    return name.upper() if rng.random() < 0.4 else name


def _address(rng: random.Random) -> str:
    number = f"{rng.randint(1, 999)}{rng.choice(['', 'A', '/12', '/5B', 'bis'])}"
    return (
        f"{number} {rng.choice(_STREETS)} {_fake.last_name()} {_fake.first_name()}, {_fake.city()}"
    )


def place(rng: random.Random, places: list[str]) -> str:
    """One to three places in a row, as addresses have them."""
    joined = rng.choice([", ", " - ", ", "]).join(rng.choices(places, k=rng.randint(1, 3)))
    return f"{rng.choice(_LABELS)}: {joined}" if rng.random() < 0.2 else joined


def figures(rng: random.Random) -> str:
    """A date, a time, an amount, a document's number, a telephone number, an address of the net."""
    kind = rng.choice([_date, _date, _time, amount, amount, _paper, _phone, _net, _code, _item])
    return kind(rng)


def _date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 31), rng.randint(1, 12), rng.randint(1940, 2035)
    return rng.choice(
        [
            f"{day:02}/{month:02}/{year}",
            f"{day}/{month}/{year}",
            f"{day:02}-{month:02}-{year}",
            f"{day:02}.{month:02}.{year}",
            f"{year}-{month:02}-{day:02}",
            f"ngày {day:02} tháng {month:02} năm {year}",
            f"ngày {day:02} tháng {month:02} năm {year}",
            f"ngày {day:02}/{month:02}/{year}",
            f"{day:02} – {month:02} – {year}",
            f"tháng {month}/{year}",
            f"Hà Nội, ngày {day:02} tháng {month} năm {year}",
            f"ngày ..... tháng ..... năm {year}",
        ]
    )


def _time(rng: random.Random) -> str:
    hour, minute, second = rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    return rng.choice(
        [
            f"{hour:02}:{minute:02}",
            f"{hour:02}:{minute:02}:{second:02}",
            f"{hour}h{minute:02}",
            f"{hour} giờ {minute:02} phút",
            f"{hour % 12}:{minute:02} {rng.choice(['AM', 'PM'])}",
            f"{hour:02}:{minute:02}:{second:02} {_date(rng)}",
        ]
    )


def amount(rng: random.Random) -> str:
    """A sum of money or a plain number, with the separators that are in use."""
    value = int(10 ** rng.uniform(1, 9))
    if rng.random() < 0.7:
        value = value // 1000 * 1000 or 500
    mark = rng.choice([",", ".", ",", ".", " ", ""])
    text = f"{value:,}".replace(",", mark)
    if rng.random() < 0.15:
        text += ("." if mark == "," else ",") + f"{rng.randint(0, 99):02}"
    if rng.random() < 0.5:
        text += rng.choice(["", " "]) + rng.choice(_MONEY)
    return text.strip()


def _paper(rng: random.Random) -> str:
    number, year = rng.randint(1, 19999), rng.randint(1990, 2030)
    paper = rng.choice(_PAPERS)
    return rng.choice(
        [
            f"số {number}/{year}/{paper}",
            f"Số: {number:02}/{paper}",
            f"{number}/{paper}",
            f"Điều {rng.randint(1, 200)}",
            f"khoản {rng.randint(1, 9)} Điều {rng.randint(1, 99)}",
            f"Quyết định số {number}/{paper} ngày {_date(rng)}",
        ]
    )


def _phone(rng: random.Random) -> str:
    digits = "".join(rng.choices(string.digits, k=8))
    prefix = rng.choice(["09", "03", "07", "08", "05", "024.", "028.", "(84-4) ", "+84 9"])
    mark = rng.choice(["", ".", " ", "-"])
    number = prefix + mark.join((digits[:2], digits[2:5], digits[5:]))
    return rng.choice(["", "", "ĐT: ", "Tel: ", "Hotline: ", "Fax: "]) + number


def _net(rng: random.Random) -> str:
    _fake.seed_instance(rng.getrandbits(32))
    domain = _fake.domain_name()
    return rng.choice([_fake.email(), _fake.url(), domain, f"www.{domain}", _fake.ipv4()])


def _code(rng: random.Random) -> str:
    digits = "".join(rng.choices(string.digits, k=rng.randint(3, 14)))
    letters = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(1, 4)))
    mark = rng.choice(["", "-", "/", ".", " "])
    return rng.choice([digits, letters + mark + digits, digits + mark + letters, f"#{digits}"])


def _item(rng: random.Random) -> str:
    size = rng.choice(["", f"{rng.randint(1, 999)} "])
    share = f"{rng.uniform(0, 100):.{rng.randint(0, 3)}f}".replace(".", rng.choice([".", ","]))
    return f"{size}{share}{rng.choice(['', ' '])}{rng.choice(_UNITS)}"


def receipt(rng: random.Random, goods: str) -> str:
    """A row of a till receipt; `goods` stands for the name of what was bought."""
    label, price = rng.choice(_RECEIPT), amount(rng)
    if rng.random() < 0.4:
        goods = goods.upper()
    return rng.choice(
        [
            f"{label}: {price}",
            f"{label} {price}",
            label,
            f"{goods} {rng.randint(1, 20)} {price} {amount(rng)}",
            f"{rng.randint(1, 30)}. {goods}",
            f"{goods} {rng.randint(1, 999)}{rng.choice(_UNITS)}",
            f"{rng.randint(1, 9)} x {price}",
            f"{_ean(rng)} {goods.upper()}",
            _ean(rng),
            f"{price} {amount(rng)}",
            f"{rng.uniform(0, 3):.3f} {price} {amount(rng)}",
            f"{label}: {_code(rng)}",
            f"{label}: {_time(rng)}",
            f"{rng.choice(['X', 'x', 'SL'])} {rng.randint(1, 9)} = {price}",
        ]
    )


def _ean(rng: random.Random) -> str:
    return "893" + "".join(rng.choices(string.digits, k=10))


def heading(rng: random.Random) -> str:
    """What stands on top of or below an official paper."""
    text = rng.choice(_HEADINGS)
    if rng.random() < 0.2:
        text += " " + rng.choice(["I", "II", "III", "IV", "1", "2.", "số 5", "(tiếp)", "A:"])
    return text


def english(rng: random.Random) -> str:
    """A few English words: brand names and phrases stand amid Vietnamese text."""
    words = rng.choices(_ENGLISH, k=rng.randint(1, 10))
    return " ".join(words) if rng.random() < 0.6 else " ".join(word.title() for word in words)


def english_word(rng: random.Random) -> str:
    """One English word."""
    return rng.choice(_ENGLISH)


def aside(rng: random.Random) -> str:
    """Brackets, quotes, footnote marks and leaders."""
    word = rng.choice([*_LABELS, *_UNITS, *_RECEIPT])
    around = [f"({word})", f"“{word}”", f'"{word}"', f"[{word}]", f"«{word}»", f"‘{word}’"]
    number = [f"({rng.randint(1, 20)})", f"{rng.randint(1, 99)}%"]
    return rng.choice([*around, *number, *_SIGNS])


def punctuated(rng: random.Random, word: str) -> str:
    """The word, three times in ten with a punctuation mark at its end or around it."""
    if rng.random() < 0.7:
        return word
    if rng.random() < 0.15:
        left, right = rng.choice(["()", "“”", '""', "[]", "''", "‘’", "«»", "{}"])
        return f"{left}{word}{right}"
    if rng.random() < 0.15:
        return word + rng.choice(_ENDINGS)
    return word + rng.choice(",.;:,.,.!?-/")
