"""What stands on forms, cards and exam papers."""

from __future__ import annotations

import random
import string

from training.labels import phrases
from training.labels.vocabulary import WORDS
from training.measuring.scoring import strip_diacritics

_LABELS, _CARDS, _SUBJECTS, _PLACES, _HEADINGS = (
    WORDS[key] for key in ("labels", "cards", "subjects", "card_places", "headings")
)
_ENGLISH = {
    "Họ và tên": "Full name",
    "Ngày sinh": "Date of birth",
    "Giới tính": "Sex",
    "Quốc tịch": "Nationality",
    "Quê quán": "Place of origin",
    "Nơi thường trú": "Place of residence",
    "Có giá trị đến": "Date of expiry",
    "Số": "No.",
    "Hạng": "Class",
    "Dân tộc": "Ethnicity",
}


def form(rng: random.Random) -> str:
    """A line to fill in, filled in or not."""
    fields = [_field(rng) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    text = " ".join(fields)
    if rng.random() < 0.15:
        text = rng.choice(["- ", "+ ", "* ", "1. ", "2. ", "3) ", "a) ", "b) "]) + text
    return text + (rng.choice([".", ";", " ./.", ", "]) if rng.random() < 0.1 else "")


def _field(rng: random.Random) -> str:
    label = rng.choice(_LABELS)
    mark = rng.choice([": ", ": ", ":", " : ", " "])
    chance = rng.random()
    if chance < 0.35:
        return label + mark + leader(rng)
    if chance < 0.5:
        return label + mark + leader(rng) + rng.choice([" ", ""]) + _value(rng) + leader(rng)
    return label + mark + _value(rng)


def leader(rng: random.Random) -> str:
    """A row of dots to write on; its number of dots is one that can be counted in threes."""
    return "." * (3 * rng.choice([1, 2, 3, 4, 6, 8, 12]))


def _value(rng: random.Random) -> str:
    date = phrases.date(rng)
    kinds = (
        lambda: phrases.full_name(rng),
        lambda: phrases.full_name(rng).upper(),
        lambda: date,
        lambda: number(rng, rng.choice([9, 10, 12, 13])),
        lambda: f"{rng.randint(1, 200)} {phrases.street(rng)}",
        lambda: rng.choice(_PLACES),
        lambda: rng.choice(_CARDS),
        lambda: rng.choice(["Nam", "Nữ", "Kinh", "Không", "Có", "Việt Nam", "12/12", "Đại học"]),
    )
    return rng.choice(kinds)()


def number(rng: random.Random, digits: int) -> str:
    """A number of so many digits, sometimes in groups."""
    text = "".join(rng.choices(string.digits, k=digits))
    if rng.random() < 0.2:
        text = " ".join(text[start : start + 3] for start in range(0, digits, 3))
    return text


def card(rng: random.Random) -> str:
    """A line of an identity card, a licence, a student's or an employee's card."""
    name = phrases.full_name(rng)
    kinds = (
        (0.34, lambda: name.upper()),
        (0.06, lambda: name),
        (0.03, lambda: strip_diacritics(name).upper()),
        (0.12, lambda: number(rng, rng.choice([8, 9, 9, 12, 12]))),
        (0.10, lambda: phrases.date(rng)),
        (0.13, lambda: _labelled(rng)),
        (0.14, lambda: _residence(rng)),
        (0.08, lambda: rng.choice(_CARDS)),
    )
    (kind,) = rng.choices([kind for _, kind in kinds], [share for share, _ in kinds])
    return kind()


def _labelled(rng: random.Random) -> str:
    label = rng.choice(list(_ENGLISH))
    both = rng.choice([f"{label} / {_ENGLISH[label]}:", f"{label}/{_ENGLISH[label]}:", f"{label}:"])
    return both if rng.random() < 0.4 else f"{both} {_value(rng)}"


def _residence(rng: random.Random) -> str:
    parts = [rng.choice(_PLACES) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        parts.insert(0, f"{rng.choice(['Thôn', 'Tổ', 'Xóm', 'Khu', 'Ấp'])} {rng.randint(1, 20)}")
    return rng.choice([", ", ", ", " - ", ","]).join(parts)


def exam(rng: random.Random, sentence: str) -> str:
    """A line of an exam paper: a question, its answers, a little arithmetic, the paper's head."""
    kinds = (
        lambda: (
            f"{rng.choice(['Câu', 'Bài', 'CÂU', 'Câu hỏi'])} {rng.randint(1, 50)}"
            f"{rng.choice([': ', '. ', ' (1,0 điểm): ', ' (2 điểm). ', '.'])}{sentence}"
        ),
        lambda: f"{rng.choice('ABCD')}{rng.choice(['. ', '. ', ') ', '.'])}{sentence}",
        lambda: _answers(rng),
        lambda: _answers(rng),
        lambda: formula(rng),
        lambda: f"{rng.choice('abcd')}) {sentence} {formula(rng)}",
        lambda: _exam_head(rng),
        lambda: sentence,
    )
    return rng.choice(kinds)()


def _answers(rng: random.Random) -> str:
    drawn = rng.choice([formula, lambda r: str(r.randint(1, 999)), phrases.goods_word, _quantity])
    mark = rng.choice([". ", ". ", ") ", "."])
    letters = "ABCD" if rng.random() < 0.6 else rng.choice(["AB", "CD", "A", "B", "C", "D"])
    return " ".join(f"{letter}{mark}{drawn(rng)}{rng.choice(['', '.'])}" for letter in letters)


def _quantity(rng: random.Random) -> str:
    unit = rng.choice(["cm", "m", "kg", "g", "m/s", "m²", "cm²", "V", "A", "J", "N", "°C", "%"])
    return f"{rng.randint(1, 999)}{rng.choice(['', ',5', '.2'])} {unit}"


def formula(rng: random.Random) -> str:
    """Simple arithmetic on one line."""
    x = rng.choice("xyzabtnm")
    a, b, c = (rng.randint(1, 99) for _ in range(3))
    return rng.choice(
        [
            f"{x}² {rng.choice('+-')} {a}{x} {rng.choice('+-–')} {b} = 0",
            f"{a} + {b} = {a + b}",
            f"{a} × {b} : {c}",
            f"{x} = {a}",
            f"{x} ≥ {a}",
            f"({x} - {a})({x} + {b}) = {c}",
            f"y = {a}{x} + {b}",
            f"{a}/{b}",
            f"S = {a} cm²",
            f"{a},{b} ± {c}",
            f"f({x}) = {x}³ - {a}{x}" if rng.random() < 0.3 else f"f({x}) = {x}² - {a}",
            f"AB = {a}cm, AC = {b}cm",
            f"{a} < {x} ≤ {b}",
        ]
    )


def _exam_head(rng: random.Random) -> str:
    year = rng.randint(2005, 2025)
    subject = rng.choice(_SUBJECTS)
    return rng.choice(
        [
            f"ĐỀ THI HỌC KÌ {rng.choice(['I', 'II'])} NĂM HỌC {year} - {year + 1}",
            f"ĐỀ KIỂM TRA {rng.choice([15, 45, 60, 90])} PHÚT",
            f"Môn thi: {subject.upper()}",
            f"Môn: {subject} {rng.randint(1, 12)}",
            f"Thời gian làm bài: {rng.choice([45, 60, 90, 120])} phút, không kể thời gian phát đề",
            f"(Thời gian làm bài: {rng.choice([45, 60, 90, 120, 180])} phút)",
            f"Mã đề thi {rng.randint(100, 999)}",
            f"Mã đề: {rng.randint(100, 999)}",
            f"Trang {rng.randint(1, 6)}/{rng.randint(1, 8)}",
            f"(Đề thi có {rng.randint(1, 8):02} trang)",
            f"Họ, tên thí sinh: {leader(rng)}",
            f"Số báo danh: {leader(rng)}",
            "----- HẾT -----",
            "Cán bộ coi thi không giải thích gì thêm.",
            f"TRƯỜNG THPT {phrases.goods_word(rng).upper()}",
            f"KỲ THI {rng.choice(['TUYỂN SINH', 'TỐT NGHIỆP', 'CHỌN HỌC SINH GIỎI'])} NĂM {year}",
        ]
    )
