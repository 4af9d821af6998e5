"""Identity cards, the machine-readable page of a passport, and slips of bank transfers."""

from __future__ import annotations

import random
import string
import unicodedata

from training.documents.sheet import SANS, Made, Sheet
from training.documents.vocabulary import PLACES, address, day, in_words, iso, person

_WEIGHTS = (7, 3, 1)
_ALPHABET = string.digits + string.ascii_uppercase
_BANKS = ["Vietcombank", "BIDV", "Agribank", "Techcombank", "MB", "ACB", "VPBank"]


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(char for char in bare if not unicodedata.combining(char)).upper()


def _check(text: str) -> str:
    values = (_ALPHABET.index(char) if char in _ALPHABET else 0 for char in text)
    return str(sum(value * _WEIGHTS[index % 3] for index, value in enumerate(values)) % 10)


def _slashed(date: tuple[int, int, int]) -> str:
    return "{:02d}/{:02d}/{}".format(*date)


def identity_card(rng: random.Random) -> Made:
    """The front of a citizen's card."""
    sheet = Sheet(1010, 640, rng.choice(SANS), rng.randint(25, 28))
    tint = tuple(rng.randint(205, 240) for _ in range(3))
    sheet.picture.paste(tint, (0, 0, sheet.width, sheet.height))
    middle, size = 600, sheet.size
    sheet.write(middle, 25, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "bold", None, "center")
    sheet.write(middle, 58, "Độc lập - Tự do - Hạnh phúc", "bold", None, "center")
    sheet.write(middle, 115, "CĂN CƯỚC CÔNG DÂN", "bold", round(size * 1.5), "center", "#a02020")
    sheet.write(middle, 162, "Citizen Identity Card", "regular", None, "center")
    born = day(rng, 1960, 2004)
    expiry = (born[0], born[1], 2030 + rng.randint(0, 9))
    name, home, lives = person(rng), rng.choice(PLACES), address(rng)
    number = f"0{rng.randint(10, 96):02d}" + "".join(rng.choice(string.digits) for _ in range(9))
    sex = rng.choice(["Nam", "Nữ"])
    sheet.picture.paste((180, 180, 190), (50, 220, 270, 510))
    small = round(size * 0.85)
    x = 310
    after = sheet.write(x, 208, "Số / No.: ", "regular", small)
    sheet.write(after, 202, number, "bold", round(size * 1.3))
    sheet.write(x, 252, "Họ và tên / Full name:", "regular", small)
    sheet.write(x, 284, name.upper(), "bold", round(size * 1.1))
    after = sheet.write(x, 326, "Ngày sinh / Date of birth: ", "regular", small)
    sheet.write(after, 324, _slashed(born), "bold")
    after = sheet.write(x, 362, "Giới tính / Sex: ", "regular", small)
    after = sheet.write(after, 360, sex, "bold")
    after = sheet.write(after + 50, 362, "Quốc tịch / Nationality: ", "regular", small)
    sheet.write(after, 360, "Việt Nam", "bold")
    sheet.write(x, 400, "Quê quán / Place of origin:", "regular", small)
    origin = f"Phường {rng.choice(['1', 'Tân An', 'Hòa Lạc'])}, {home}"
    sheet.write(x, 432, origin, "bold")
    sheet.write(x, 470, "Nơi thường trú / Place of residence:", "regular", small)
    sheet.write(x, 502, lives, "bold")
    sheet.write(50, 540, "Có giá trị đến:", "regular", small)
    sheet.write(50, 568, "Date of expiry: ", "regular", small)
    sheet.write(235, 552, _slashed(expiry), "bold", small)
    fields = {
        "number": number, "name": name.upper(), "birth_date": iso(born), "sex": sex,
        "nationality": "Việt Nam", "origin": origin, "residence": lives, "expiry_date": iso(expiry),
    }  # fmt: skip
    return Made(sheet.picture, fields)


def passport(rng: random.Random) -> Made:
    """The page of a passport that machines read."""
    sheet = Sheet(1250, 880, rng.choice(SANS), 28)
    born, expiry = day(rng, 1960, 2004), day(rng, 2027, 2034)
    number = f"{rng.choice('BCKNP')}{rng.randint(10**6, 10**7 - 1)}"
    name, sex = _plain(person(rng)), rng.choice("MF")
    surname, given = name.split(" ", 1)
    short = [
        "{2:02d}{1:02d}{0:02d}".format(*(date[0], date[1], date[2] % 100))
        for date in (born, expiry)
    ]
    top = f"P<VNM{surname}<<{given.replace(' ', '<')}".ljust(44, "<")
    padded = number.ljust(9, "<")
    low = (
        f"{padded}{_check(padded)}VNM{short[0]}{_check(short[0])}{sex}{short[1]}{_check(short[1])}"
    )
    personal = "<" * 14
    low += personal + _check(personal)
    low += _check(low[0:10] + low[13:20] + low[21:43])
    sheet.write(
        60, 40, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM / SOCIALIST REPUBLIC OF VIET NAM", "bold", 22
    )
    sheet.write(60, 80, "HỘ CHIẾU / PASSPORT", "bold")
    sheet.picture.paste((190, 190, 200), (60, 150, 350, 540))
    rows = [
        ("Họ và tên / Full name", name), ("Quốc tịch / Nationality", "VIỆT NAM / VIETNAMESE"),
        ("Ngày sinh / Date of birth", _slashed(born)), ("Số hộ chiếu / Passport No", number),
        ("Có giá trị đến / Date of expiry", _slashed(expiry)),
    ]  # fmt: skip
    for index, (label, value) in enumerate(rows):
        sheet.write(420, 150 + 80 * index, label, "regular", 20)
        sheet.write(420, 178 + 80 * index, value, "bold", 26)
    sheet.family = rng.choice(("Cousine", "Inconsolata"))
    for index, line in enumerate((top, low)):
        for at, char in enumerate(line):
            sheet.write(50 + at * 26, 740 + 60 * index, char, "regular", 38)
    fields = {
        "number": number, "name": f"{surname} {given}", "birth_date": iso(born),
        "expiry_date": iso(expiry), "sex": sex, "nationality": "VNM",
    }  # fmt: skip
    return Made(sheet.picture, fields)


def bank_slip(rng: random.Random) -> Made:
    """What a bank says of a transfer."""
    sheet = Sheet(1240, 1000, rng.choice(SANS), rng.randint(25, 28))
    amount, date = rng.randint(10, 90_000) * 1000, day(rng, 2019)
    from_account, to_account = (str(rng.randint(10**9, 10**13)) for _ in range(2))
    number = f"FT{rng.randint(10**9, 10**10)}"
    sender, receiver = _plain(person(rng)), _plain(person(rng))
    note = f"{sender} chuyen tien"
    sheet.write(60, 40, rng.choice(_BANKS).upper(), "bold", 40)
    title = rng.choice(["ỦY NHIỆM CHI", "BIÊN LAI CHUYỂN TIỀN", "GIẤY BÁO NỢ"])
    sheet.write(620, 110, title, "bold", 38, "center")
    rows = [
        ("Mã giao dịch", number), ("Ngày giao dịch", _slashed(date)), ("Tên người chuyển", sender),
        ("Tài khoản chuyển", from_account), ("Tên người hưởng", receiver),
        ("Tài khoản hưởng", to_account), ("Ngân hàng hưởng", rng.choice(_BANKS)),
        ("Số tiền", f"{amount:,} VND"), ("Số tiền bằng chữ", in_words(amount)), ("Nội dung", note),
    ]  # fmt: skip
    far = rng.random() < 0.5
    for index, (label, value) in enumerate(rows):
        y = 200 + 66 * index
        after = sheet.write(80, y, f"{label}:")
        sheet.write(420 if far else after + 12, y, value, "bold")
    fields = {
        "number": number, "date": iso(date), "sender": sender, "sender_account": from_account,
        "receiver": receiver, "receiver_account": to_account, "bank": rows[6][1],
        "amount": amount, "amount_in_words": amount, "note": note,
    }  # fmt: skip
    return Made(sheet.picture, fields)
