"""What tills print: shops, goods with their codes and prices, sums, times, thanks, rules."""

from __future__ import annotations

import random

from training.labels import phrases
from training.labels.vocabulary import WORDS

_GOODS, _BRANDS, _SHOPS, _THANKS, _SUMS, _STAFF = (
    WORDS[key] for key in ("goods", "brands", "shops", "thanks", "sums", "staff")
)
_PACKS = ("g", "G", "kg", "KG", "ml", "ML", "l", "L", "gói", "hộp", "lon", "chai", "Túi", "cái")


def receipt(rng: random.Random) -> str:
    """One line of a receipt."""
    kinds = (good, good, _row, _row, _sum, _sum, _head, _head, shop, place, _thanks, _rule)
    return rng.choice(kinds)(rng)


def good(rng: random.Random) -> str:
    """Goods as a till knows them: shortened, in capitals, with size and code."""
    words = [rng.choice(_GOODS)]
    if rng.random() < 0.6:
        words.append(rng.choice(_BRANDS))
    if rng.random() < 0.3:
        words.append(phrases.goods_word(rng))
    if rng.random() < 0.5:
        many = f"{rng.randint(2, 48)}{rng.choice('xX*')}" if rng.random() < 0.15 else ""
        size = f"{rng.choice([rng.randint(1, 999), rng.randint(1, 20) * 50])}"
        words.append(many + size + rng.choice(_PACKS))
    text = " ".join(words)
    style = rng.random()
    if style < 0.45:
        text = text.upper()
    elif style < 0.55:
        text = text.title()
    if rng.random() < 0.2:
        text = f"{rng.randint(1, 30)}{rng.choice(['. ', ' ', '.'])}{text}"
    if rng.random() < 0.15:
        text = f"{code(rng)} {text}"
    return text


def _row(rng: random.Random) -> str:
    """Number, price and sum of one good."""
    number, price, total = rng.randint(1, 20), money(rng), money(rng)
    weight = f"{rng.uniform(0, 9):.3f}".replace(".", rng.choice(".,"))
    return rng.choice(
        [
            f"{number} {price} {total}",
            f"{number} x {price} {total}",
            f"{number} x {price} = {total}",
            f"{number} X {price}",
            f"{number}x{price}",
            f"SL: {number} ĐG: {price}",
            f"{weight} {price} {total}",
            f"{weight} KG x {price}",
            f"{code(rng)} {number} {price} {total}",
            f"{code(rng)}",
            f"{good(rng)} {number} {total}",
            f"{good(rng)} {total}",
            f"{price}",
            f"-{price}",
            f"VAT{rng.choice(['', ' '])}{rng.choice([0, 5, 8, 10])}%",
            f"(VAT {rng.choice([5, 8, 10])}%) {price}",
            f"{number} {rng.choice(_PACKS)} {price}",
        ]
    )


def _sum(rng: random.Random) -> str:
    text = rng.choice(_SUMS)
    if rng.random() < 0.4:
        text = text.upper()
    mark = rng.choice([": ", ": ", " ", " : ", ":", ":  ", " = "])
    return text if rng.random() < 0.3 else text + mark + money(rng)


def money(rng: random.Random) -> str:
    """An amount as tills print it: mostly round thousands."""
    value = rng.choice([rng.randint(1, 99) * 500, rng.randint(1, 2500) * 1000, rng.randint(1, 999)])
    text = f"{value:,}".replace(",", rng.choice([",", ",", ".", ".", ""]))
    tail = rng.choice(["", "", "", "", ".00", ",00", "đ", " đ", " VND", " VNĐ", "₫", "d", " vnd"])
    return text + tail


def code(rng: random.Random) -> str:
    """A bar code, a number of goods, of a table or of the paper itself."""
    digits = "".join(rng.choices("0123456789", k=rng.choice([4, 5, 6, 8, 10, 12])))
    letters = "".join(rng.choices("ABCDEGHIKLMNOPQRSTVX", k=rng.randint(1, 4)))
    return rng.choice(
        [
            "893" + digits.zfill(10)[:10],
            digits,
            letters + digits,
            f"{letters}-{digits}",
            f"{letters}.{digits}",
            f"#{digits}",
            f"{digits[:3]}-{letters}{digits[3:]}",
            digits.replace("1", "0"),
        ]
    )


def _head(rng: random.Random) -> str:
    """Who sold when: the lines between the shop's name and the goods."""
    label = rng.choice(_STAFF)
    value = rng.choice([phrases.moment, phrases.moment, code, _name, _name])(rng)
    text = label + rng.choice([": ", ": ", ":", " : ", " "]) + value
    if rng.random() < 0.2:
        text += f" {rng.choice(_STAFF)}: {code(rng)}"
    return text


def _name(rng: random.Random) -> str:
    name = phrases.full_name(rng)
    return name.upper() if rng.random() < 0.4 else name


def shop(rng: random.Random) -> str:
    """What the shop is called."""
    name = rng.choice(_SHOPS)
    text = rng.choice(
        [
            name,
            f"{name} {phrases.goods_word(rng).title()}",
            f"{name} {phrases.goods_word(rng)}".upper(),
            f"{name} {rng.choice(_BRANDS)}",
            rng.choice(_BRANDS) + rng.choice(["", "+", " Mart", " Coffee", " MINI", " FOOD"]),
        ]
    )
    return text.upper() if rng.random() < 0.3 else text


def place(rng: random.Random) -> str:
    """Where the shop is, shortened as the narrow paper wants it."""
    number = f"{rng.randint(1, 999)}{rng.choice(['', 'A', 'B', '/12', '-14', ' bis'])}"
    where = [f"{rng.choice(['', 'Số ', 'Lô ', 'Tổ ', 'Kiốt '])}{number} {phrases.street(rng)}"]
    short = [("P.", "P ", "Phường "), ("Q.", "Q ", "H.", "TX.", "Quận "), ("TP.", "TP ", "T.", "")]
    for titles in short[: rng.randint(1, 3)]:
        word = rng.choice([str(rng.randint(1, 12)), phrases.goods_word(rng).title()])
        where.append(rng.choice(titles) + word)
    text = rng.choice([", ", ", ", ",", " - ", " "]).join(where)
    text = rng.choice(["", "", "ĐC: ", "Đ/c: ", "Địa chỉ: ", "DC: "]) + text
    return text.upper() if rng.random() < 0.25 else text


def _thanks(rng: random.Random) -> str:
    text = rng.choice(_THANKS)
    if rng.random() < 0.4:
        text = text.upper()
    return text + rng.choice(["", "", "!", ".", "!!!", " !"])


def _rule(rng: random.Random) -> str:
    """A word between signs. Rows of equal signs alone are no use: CTC has no room for them."""
    around = (rng.choice("-=*_.+") * rng.randint(1, 3)).strip()
    return f"{around} {rng.choice(_THANKS + _SUMS)} {around}"
