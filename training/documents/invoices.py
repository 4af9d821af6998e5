"""Value-added tax invoices and the receipts of tills."""

# ruff: noqa: E501, rows of texts are easier to compare unbroken

from __future__ import annotations

import random
from typing import Any

from training.documents.sheet import MONO, SANS, SERIF, Made, Sheet
from training.documents.vocabulary import address, day, in_words, iso, person, tax_code

_GOODS = [
    ("Giấy in A4", "Ram"), ("Mực in laser", "Hộp"), ("Bàn phím máy tính", "Cái"), ("Cà phê rang xay", "Kg"),
    ("Nước khoáng 500ml", "Chai"), ("Dịch vụ bảo trì máy chủ", "Tháng"), ("Ghế xoay văn phòng", "Cái"),
    ("Bánh gạo ngọt 230g", "Gói"), ("Sữa tươi không đường", "Hộp"), ("Kẹo dừa Bến Tre", "Gói"),
    ("Xà phòng thơm", "Bánh"), ("Dầu ăn 1 lít", "Chai"), ("Bút bi xanh", "Cái"), ("Sổ tay bìa da", "Quyển"),
]  # fmt: skip
_FIRMS = ["An Phú", "Minh Long", "Sao Mai", "Đại Thành", "Hòa Bình", "Tân Việt", "Phương Nam"]
_LINES = ["Thương mại", "Xây dựng", "Công nghệ", "Dịch vụ", "Sản xuất"]
_LEFT = 90


def _firm(rng: random.Random) -> str:
    return f"CÔNG TY {rng.choice(['TNHH', 'CỔ PHẦN'])} {rng.choice(_LINES)} {rng.choice(_FIRMS)}".upper()


def _goods(rng: random.Random, most: int) -> list[dict[str, Any]]:
    some = rng.sample(_GOODS, rng.randint(1, most))
    items = []
    for name, unit in some:
        quantity, price = rng.randint(1, 20), rng.randint(2, 900) * 1000
        items.append(
            {
                "name": name,
                "unit": unit,
                "quantity": quantity,
                "price": price,
                "amount": quantity * price,
            }
        )
    return items


def vat_invoice(rng: random.Random) -> Made:
    """A value-added tax invoice after Circular 78/2021/TT-BTC."""
    sheet = Sheet(1240, 1754, rng.choice(SERIF + SANS), rng.randint(24, 27))
    dots = rng.random() < 0.6

    def amount(number: int) -> str:
        return f"{number:,}".replace(",", "." if dots else ",")

    step = sheet.size * rng.uniform(1.45, 1.7)
    items = _goods(rng, 6)
    subtotal = sum(item["amount"] for item in items)
    rate = rng.choice([5, 8, 10])
    vat = round(subtotal * rate / 100)
    date, number = day(rng, 2021), f"{rng.randint(1, 99999999):08d}"
    symbol = f"1C{date[2] % 100}T{rng.choice('ABDHKLMNPSTVXY')}{rng.choice('ABDHKLMNPSTVXY')}"
    fields: dict[str, Any] = {
        "seller": _firm(rng), "seller_tax_code": tax_code(rng), "buyer": _firm(rng),
        "buyer_tax_code": tax_code(rng), "symbol": symbol, "number": number, "date": iso(date),
        "subtotal": subtotal, "vat_rate": f"{rate}%", "vat_amount": vat, "total": subtotal + vat,
        "amount_in_words": subtotal + vat,
    }  # fmt: skip
    y = _heading(sheet, rng.uniform(60, 120), step, date, symbol, number)
    y = _parties(sheet, rng, y, step, fields)
    y = _table(sheet, rng, y + 10, items, amount, step)
    sums = [
        ("Cộng tiền hàng:", amount(subtotal)),
        (f"Thuế suất GTGT: {rate}%      Tiền thuế GTGT:", amount(vat)),
        ("Tổng cộng tiền thanh toán:", amount(subtotal + vat)),
    ]
    _ending(sheet, y, step, sums, in_words(subtotal + vat))
    return Made(sheet.picture, fields, items)


def _heading(
    sheet: Sheet, y: float, step: float, date: tuple[int, int, int], symbol: str, number: str
) -> float:
    middle = sheet.width / 2
    sheet.write(middle, y, "HÓA ĐƠN GIÁ TRỊ GIA TĂNG", "bold", round(sheet.size * 1.3), "center")
    sheet.write(
        middle,
        y + 1.3 * step,
        "Ngày {:02d} tháng {:02d} năm {}".format(*date),
        "italic",
        None,
        "center",
    )
    sheet.write(930, y + 1.3 * step, f"Ký hiệu: {symbol}")
    sheet.write(930, y + 2.2 * step, f"Số: {number}")
    return y + 3.6 * step


def _parties(
    sheet: Sheet, rng: random.Random, y: float, step: float, fields: dict[str, Any]
) -> float:
    for label, value in (
        ("Đơn vị bán hàng: ", fields["seller"]), ("Mã số thuế: ", fields["seller_tax_code"]),
        ("Địa chỉ: ", address(rng)), ("Họ tên người mua hàng: ", person(rng)),
        ("Tên đơn vị: ", fields["buyer"]), ("Mã số thuế: ", fields["buyer_tax_code"]),
        ("Địa chỉ: ", address(rng)), ("Hình thức thanh toán: ", rng.choice(["TM/CK", "Chuyển khoản"])),
    ):  # fmt: skip
        style = "bold" if value.isupper() else "regular"
        sheet.write(sheet.write(_LEFT, y, label), y, value, style)
        y += step
    return y


def _ending(sheet: Sheet, y: float, step: float, sums: list[tuple[str, str]], words: str) -> None:
    for label, value in sums:
        sheet.write(860, y, label, "regular", None, "right")
        sheet.write(1140, y, value, "bold", None, "right")
        y += step
    for line in sheet.wrapped(f"Số tiền viết bằng chữ: {words}.", 1040):
        sheet.write(_LEFT, y, line, "italic")
        y += step
    sheet.write(300, y + step, "Người mua hàng", "bold", None, "center")
    sheet.write(930, y + step, "Người bán hàng", "bold", None, "center")


def _table(
    sheet: Sheet, rng: random.Random, y: float, items: list[Any], amount: Any, step: float
) -> float:
    edges = [90, 160, 520, 640, 770, 940, 1150]
    heads = ["STT", "Tên hàng hóa, dịch vụ", "ĐVT", "Số lượng", "Đơn giá", "Thành tiền"]
    top, small = y, round(sheet.size * 0.9)
    ruled = rng.random() < 0.8
    rows = [(heads, "bold")]
    for number, item in enumerate(items, 1):
        figures = [str(item["quantity"]), amount(item["price"]), amount(item["amount"])]
        rows.append(([str(number), item["name"], item["unit"], *figures], "regular"))
    for cells, style in rows:
        if ruled or style == "bold":
            sheet.rule(edges[0], y, edges[-1], y)
        for index, text in enumerate(cells):
            left, right = edges[index] + 8, edges[index + 1] - 8
            if style == "bold" or index in (0, 2):
                sheet.write((left + right) / 2, y + 8, text, style, small, "center")
            elif index == 1:
                sheet.write(left, y + 8, text, style, small)
            else:
                sheet.write(right, y + 8, text, style, small, "right")
        y += step * 1.15
    sheet.rule(edges[0], y, edges[-1], y)
    if ruled:
        for edge in edges:
            sheet.rule(edge, top, edge, y)
    return y + 14


def receipt(rng: random.Random) -> Made:
    """What a till prints."""
    size = rng.randint(24, 28)
    sheet = Sheet(640, 1250, rng.choice(MONO + SANS), size)
    step = size * rng.uniform(1.35, 1.6)
    items = _goods(rng, 7)
    for item in items:
        item.pop("unit")
    total, date = sum(item["amount"] for item in items), day(rng, 2019)
    number = f"{rng.choice(['HD', 'AB', 'GD'])}{rng.randint(10**7, 10**8)}"
    seller = f"{rng.choice(['SIÊU THỊ', 'CỬA HÀNG', 'MINIMART', 'NHÀ SÁCH'])} {rng.choice(_FIRMS).upper()}"
    fields: dict[str, Any] = {"seller": seller, "number": number, "date": iso(date), "total": total}
    y = _till_heading(sheet, rng, step, seller, number, date)
    y = _till_items(sheet, rng, y, step, items)
    y = _till_sums(sheet, rng, y, step, total)
    picture = sheet.picture.crop((0, 0, 640, int(y + 3 * step)))
    return Made(picture, fields, items)


def _till_heading(
    sheet: Sheet,
    rng: random.Random,
    step: float,
    seller: str,
    number: str,
    date: tuple[int, int, int],
) -> float:
    y, size = 40.0, sheet.size
    sheet.write(320, y, seller, "bold", round(size * 1.15), "center")
    y += 1.3 * step
    sheet.write(320, y, address(rng), "regular", round(size * 0.85), "center")
    y += 1.4 * step
    title = rng.choice(["HÓA ĐƠN BÁN HÀNG", "PHIẾU THANH TOÁN", "HÓA ĐƠN BÁN LẺ"])
    sheet.write(320, y, title, "bold", round(size * 1.15), "center")
    y += 1.5 * step
    sheet.write(30, y, f"Số HĐ: {number}")
    y += step
    sheet.write(
        30,
        y,
        "Ngày: {:02d}/{:02d}/{}  {:02d}:{:02d}".format(
            *date, rng.randint(7, 21), rng.randint(0, 59)
        ),
    )
    return y + 1.3 * step


def _till_items(
    sheet: Sheet, rng: random.Random, y: float, step: float, items: list[dict[str, Any]]
) -> float:
    name_above = rng.random() < 0.7
    ends = [300, 340, 460, 610]
    heads = ["Tên hàng", "SL", "Đơn giá", "T.Tiền" if rng.random() < 0.4 else "Thành tiền"]
    small = round(sheet.size * 0.88)
    sheet.write(30, y, heads[0], "bold", small)
    for head, end in zip(heads[1:], ends[1:], strict=True):
        sheet.write(end, y, head, "bold", small, "right")
    y += step
    sheet.rule(30, y, 610, y)
    y += 6
    for item in items:
        sheet.write(30, y, item["name"], "regular", small)
        y += step if name_above or sheet.wide(item["name"], "regular", small) > 260 else 0
        for key, end in zip(("quantity", "price", "amount"), ends[1:], strict=True):
            sheet.write(end, y, f"{item[key]:,}", "regular", small, "right")
        y += step
    sheet.rule(30, y + 4, 610, y + 4)
    return y + 14


def _till_sums(sheet: Sheet, rng: random.Random, y: float, step: float, total: int) -> float:
    sheet.write(30, y, rng.choice(["Tổng cộng:", "Tổng tiền:", "Tổng thanh toán:"]), "bold")
    sheet.write(610, y, f"{total:,}", "bold", None, "right")
    y += step
    paid = (total // 100_000 + 1) * 100_000
    for label, value in (("Tiền khách đưa:", paid), ("Tiền thối lại:", paid - total)):
        sheet.write(30, y, label)
        sheet.write(610, y, f"{value:,}", "regular", None, "right")
        y += step
    sheet.write(320, y + step, "Xin cảm ơn quý khách!", "italic", None, "center")
    return y
