"""The made-up phrases of forms, letters and receipts: names, dates, amounts, codes, headings."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence

from faker import Faker

from training.labels.vocabulary import WORDS

_fake = Faker("vi_VN")
_PAPERS, _UNITS, _MONEY, _STREETS = (WORDS[key] for key in ("papers", "units", "money", "streets"))
_LABELS, _HEADINGS, _SUMS, _ENGLISH = (
    WORDS[key] for key in ("labels", "headings", "sums", "english")
)
_SURNAMES, _MIDDLES, _GIVEN = (WORDS[key] for key in ("surnames", "middles", "given"))
_ENDINGS = (
    "...",
    "..",
    "..",
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


def full_name(rng: random.Random) -> str:
    """A person's name, rare given names as likely as common ones."""
    middle = rng.choices(_MIDDLES, k=rng.choice([0, 1, 1, 1, 2]))
    return " ".join([rng.choice(_SURNAMES), *middle, rng.choice(_GIVEN)])


def goods_word(rng: random.Random) -> str:
    """One or two words that name a thing, a shop or a place."""
    return " ".join(rng.choices(_GIVEN, k=rng.randint(1, 2)))


def street(rng: random.Random) -> str:
    """A street's name, with or without its title."""
    name = f"{rng.choice(_SURNAMES)} {goods_word(rng)}"
    return rng.choice([name, f"{rng.choice(_STREETS)} {name}", f"Đ. {name}"])


def moment(rng: random.Random) -> str:
    """Date and time as machines print them."""
    day, month, year = rng.randint(1, 31), rng.randint(1, 12), rng.randint(2008, 2026)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    if rng.random() < 0.4:
        clock += f":{rng.randint(0, 59):02}"
    mark = rng.choice("//-.")
    day_text = f"{day:02}{mark}{month:02}{mark}{rng.choice([year, year % 100])}"
    return rng.choice([f"{day_text} {clock}", f"{clock} {day_text}", day_text, clock])


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
    kind = rng.choice([date, date, time_of_day, amount, amount, _paper, _phone, _net, _code, _item])
    return kind(rng)


def date(rng: random.Random) -> str:
    """A date in one of the ways in which papers write it."""
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


def time_of_day(rng: random.Random) -> str:
    """A time of day, sometimes with its date."""
    hour, minute, second = rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    return rng.choice(
        [
            f"{hour:02}:{minute:02}",
            f"{hour:02}:{minute:02}:{second:02}",
            f"{hour}h{minute:02}",
            f"{hour} giờ {minute:02} phút",
            f"{hour % 12}:{minute:02} {rng.choice(['AM', 'PM'])}",
            f"{hour:02}:{minute:02}:{second:02} {date(rng)}",
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
            f"Quyết định số {number}/{paper} ngày {date(rng)}",
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


def heading(rng: random.Random) -> str:
    """What stands on top of or below an official paper."""
    text = rng.choice(_HEADINGS)
    if rng.random() < 0.2:
        text += " " + rng.choice(["I", "II", "III", "IV", "1", "2.", "số 5", "(tiếp)", "A:"])
    return text


def english(rng: random.Random, rare: Sequence[str]) -> str:
    """A few English words: brand names and phrases stand amid Vietnamese text.

    Half of them are of the frequent ones, the others any, so that none is known by heart alone.
    """
    words = [english_word(rng, rare) for _ in range(rng.randint(1, 10))]
    return " ".join(words) if rng.random() < 0.6 else " ".join(word.title() for word in words)


def english_word(rng: random.Random, rare: Sequence[str]) -> str:
    """One English word."""
    return rng.choice(rng.choice([_ENGLISH, rare]))


def aside(rng: random.Random) -> str:
    """Brackets, quotes, footnote marks and leaders."""
    word = rng.choice([*_LABELS, *_UNITS, *_SUMS])
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


def saying(rng: random.Random) -> str:
    """Many phrases in a row: stands for prose where none is installed."""
    return " ".join(rng.choice([goods_word, full_name, aside, figures])(rng) for _ in range(14))


def spaced(rng: random.Random, words: list[str]) -> str:
    """Words of a heading, sometimes with a dash, a comma or a number between them."""
    if len(words) > 2 and rng.random() < 0.25:
        between = rng.choice(["-", "–", "&", "VÀ", str(rng.randint(1, 99))])
        words.insert(rng.randint(1, len(words) - 1), between)
    text = " ".join(words)
    return text + rng.choice(["", "", "", ":", ",", "."])
