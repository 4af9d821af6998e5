"""Letters, decisions and notices as Decree 30/2020/NĐ-CP lays them out."""

# ruff: noqa: E501, rows of texts are easier to compare unbroken

from __future__ import annotations

import random

from training.documents.sheet import SANS, SERIF, Made, Sheet
from training.documents.vocabulary import PLACES, day, iso, person

_COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
_SPACE = 0.3  # of the letters' size, between two blocks
_BODIES = [
    ("ỦY BAN NHÂN DÂN", "SỞ {}", "S{}"), ("BỘ {}", "CỤC {}", "C{}"), ("UBND TỈNH {P}", "SỞ {}", "S{}"),
    ("SỞ {}", "TRUNG TÂM {}", "TT{}"), ("", "BỘ {}", "B{}"), ("TỔNG CỤC {}", "CHI CỤC {}", "CC{}"),
    ("SỞ Y TẾ {P}", "BỆNH VIỆN ĐA KHOA {P}", "BV"), ("BỘ GIÁO DỤC VÀ ĐÀO TẠO", "TRƯỜNG ĐẠI HỌC {P}", "ĐH"),
]  # fmt: skip
_SUBJECTS = [
    ("TƯ PHÁP", "TP"), ("TÀI CHÍNH", "TC"), ("Y TẾ", "YT"), ("NỘI VỤ", "NV"), ("XÂY DỰNG", "XD"),
    ("CÔNG THƯƠNG", "CT"), ("VĂN HÓA", "VH"), ("KHOA HỌC VÀ CÔNG NGHỆ", "KHCN"), ("THUẾ", "T"),
]  # fmt: skip
_KINDS = [("QUYẾT ĐỊNH", "QĐ"), ("THÔNG BÁO", "TB"), ("KẾ HOẠCH", "KH"), ("BÁO CÁO", "BC"), ("TỜ TRÌNH", "TTr")]  # fmt: skip
_VERBS = ["Ban hành Quy chế", "Phê duyệt phương án", "Triển khai công tác", "Tăng cường quản lý", "Kiểm tra việc thực hiện", "Tổ chức hội nghị về"]  # fmt: skip
_MATTERS = [
    "cung cấp thông tin cho công dân", "phòng, chống dịch bệnh năm 2021", "thanh lý tài sản cố định",
    "đào tạo, bồi dưỡng cán bộ, công chức", "chuyển đổi số trong cơ quan nhà nước",
    "thu hồi đất để xây dựng trường học", "mua sắm trang thiết bị văn phòng",
]  # fmt: skip
_OFFICES = ["GIÁM ĐỐC", "CỤC TRƯỞNG", "CHỦ TỊCH", "HIỆU TRƯỞNG", "TRƯỞNG BAN"]
_BODY = [
    "Thực hiện chỉ đạo của cấp trên về nội dung nêu trên, cơ quan đề nghị các đơn vị trực thuộc phối hợp "
    "triển khai theo đúng quy định, báo cáo kết quả trước ngày 15 hằng tháng.",
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, đề nghị phản ánh kịp thời để được xem xét, "
    "hướng dẫn giải quyết theo thẩm quyền.",
    "Kinh phí thực hiện được bố trí trong dự toán chi ngân sách đã được giao trong năm.",
]  # fmt: skip


def official_document(rng: random.Random) -> Made:
    """One of them, on one page."""
    family = rng.choice(SERIF if rng.random() < 0.8 else SANS)
    size = rng.randint(25, 29)
    sheet = Sheet(1240, 1754, family, size)
    page = _Official(rng, sheet)
    y = page.head(rng.uniform(70, 120))
    y = page.title(y)
    y = page.body(y)
    page.foot(y)
    return Made(sheet.picture, page.fields)


class _Official:
    def __init__(self, rng: random.Random, sheet: Sheet) -> None:
        self._rng, self._sheet = rng, sheet
        self._step = sheet.size * rng.uniform(1.25, 1.45)
        self._kind = rng.choice([None, *_KINDS])
        self._office = rng.choice(_OFFICES)
        self.fields: dict[str, str] = {}

    def head(self, y: float) -> float:
        """Both blocks on top."""
        rng, sheet, step = self._rng, self._sheet, self._step
        left, right = sheet.width * 0.27, sheet.width * 0.7
        over, body, symbol = rng.choice(_BODIES)
        subject, short = rng.choice(_SUBJECTS)
        place = rng.choice(PLACES)
        over, body = (text.format(subject, P=place.upper()) for text in (over, body))
        row = y
        small = self._head_size(over or body, "regular" if over else "bold", right - left)
        for text, style in ((over, "regular"), (body, "bold")):
            if text:
                sheet.write(left, row, text, style, small, "center")
                row += step
        sheet.rule(left - 60, row + 4, left + 60, row + 4)
        sheet.write(right, y, _COUNTRY, "bold", small, "center")
        sheet.write(right, y + step, "Độc lập - Tự do - Hạnh phúc", "bold", None, "center")
        sheet.rule(right - 150, y + 2.15 * step, right + 150, y + 2.15 * step)
        row = max(row, y + 2 * step) + step * rng.uniform(0.5, 0.9)
        date = day(rng)
        written = (
            f"ngày {date[0]:02d} tháng {date[1] if date[1] > 2 else f'0{date[1]}'} năm {date[2]}"
        )
        kind = f"{self._kind[1]}-" if self._kind else ""
        unit = symbol.format(short)
        number = f"{rng.randint(1, 9999)}/{kind}{unit}" + (
            "" if kind else rng.choice(["-VP", "-TH"])
        )
        sheet.write(left, row, f"Số: {number}", "regular", None, "center")
        sheet.write(right, row, f"{place}, {written}", "italic", None, "center")
        self.fields |= {"number": number, "place": place, "date": iso(date), "issuing_body": body}
        return row + step

    def _head_size(self, beside: str, style: str, apart: float) -> int:
        """Letters with which what stands beside the country's name does not run into it."""
        sheet, size = self._sheet, round(self._sheet.size * 0.92)
        while sheet.wide(beside, style, size) + sheet.wide(_COUNTRY, "bold", size) > 2 * (
            apart - _SPACE * size
        ):
            size -= 1
        return size

    def title(self, y: float) -> float:
        """The kind with its subject, or the subject and the addressee of a letter."""
        rng, sheet, step = self._rng, self._sheet, self._step
        subject = f"{rng.choice(_VERBS)} {rng.choice(_MATTERS)}"
        if self._kind:
            y += step
            middle = sheet.width / 2
            sheet.write(middle, y, self._kind[0], "bold", round(sheet.size * 1.1), "center")
            y += 1.1 * step
            for line in sheet.wrapped(subject, sheet.width * 0.55, "bold"):
                sheet.write(middle, y, line, "bold", None, "center")
                y += step
            self.fields |= {"kind": self._kind[0], "subject": subject}
            return y + step
        subject = f"V/v {subject[0].lower()}{subject[1:]}"
        for line in sheet.wrapped(subject, sheet.width * 0.33):
            sheet.write(sheet.width * 0.27, y, line, "regular", round(sheet.size * 0.9), "center")
            y += step
        self.fields["subject"] = subject
        y += 1.2 * step
        some = rng.sample(_SUBJECTS, 2)
        names = [f"Sở {name.capitalize()} tỉnh {rng.choice(PLACES)}" for name, _ in some]
        names = names[: rng.randint(1, 2)]
        if len(names) == 1:
            sheet.write(sheet.width / 2, y, f"Kính gửi: {names[0]}", "regular", None, "center")
            self.fields["addressee"] = names[0]
            return y + 2 * step
        x = sheet.write(sheet.width * 0.25, y, "Kính gửi: ")
        dashed = [f"- {name};" if name != names[-1] else f"- {name}." for name in names]
        for line in dashed:
            sheet.write(x, y, line)
            y += step
        self.fields["addressee"] = " ".join(dashed)
        return y + step

    def body(self, y: float) -> float:
        """Some paragraphs."""
        sheet, margin = self._sheet, 130
        for text in self._rng.sample(_BODY, self._rng.randint(1, 3)):
            for number, line in enumerate(sheet.wrapped(text, sheet.width - 2 * margin - 70)):
                sheet.write(margin + (70 if number == 0 else 0), y, line)
                y += self._step
            y += self._step * 0.3
        return y + self._step

    def foot(self, y: float) -> None:
        """Who gets it, and who signs."""
        rng, sheet, step = self._rng, self._sheet, self._step
        right = sheet.width * 0.72
        offices = [self._office]
        if rng.random() < 0.5:
            offices = [f"KT. {self._office}", f"PHÓ {self._office}"]
        signer = person(rng)
        for number, office in enumerate(offices):
            sheet.write(right, y + number * step, office, "bold", None, "center")
        signed = y + (len(offices) + rng.uniform(3, 5)) * step
        if rng.random() < 0.6:
            sheet.seal(rng, right - 130, (y + signed) / 2 + step)
        sheet.write(right, signed, signer, "bold", None, "center")
        small = round(sheet.size * 0.85)
        lines = ["- Như trên;" if not self._kind else "- Như Điều 3;", "- Lưu: VT."]
        if rng.random() < 0.5:
            lines.insert(1, "- Ban Giám đốc (để b/c);")
        sheet.write(130, y, "Nơi nhận:", "italic", small)
        for number, line in enumerate(lines, 1):
            sheet.write(130, y + number * step, line, "regular", small)
        self.fields |= {
            "signer_office": " ".join(offices),
            "signer": signer,
            "recipients": " ".join(lines),
        }
