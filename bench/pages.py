"""Pages to measure with, drawn on the spot: a letter, a photo of it, a receipt, a screenshot.

And photos of letters of one size, as many as are wanted, for what is measured in pages per second.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
TITLE = "BIÊN BẢN BÀN GIAO TÀI LIỆU"
SENTENCES = (
    "Hôm nay, tại phòng lưu trữ, hai bên đã kiểm đếm và bàn giao toàn bộ hồ sơ của năm trước.",
    "Mỗi tập hồ sơ được đánh số, ghi rõ ngày lập, người giữ và số trang có trong đó.",
    "Những trang bị ố, rách hoặc mờ chữ được quét lại ở độ phân giải cao hơn.",
    "Bên nhận có trách nhiệm giữ gìn, không tẩy xoá, không cho mượn khi chưa được đồng ý.",
    "Số liệu trong bảng kèm theo đã được đối chiếu: 1.284 trang, 37 tập, 5 hộp.",
    "Nếu phát hiện thiếu sót, hai bên sẽ lập biên bản bổ sung trong vòng 07 ngày làm việc.",
)
GOODS = ("Cà phê sữa đá", "Bánh mì thịt nguội", "Nước suối", "Phở bò tái", "Trà đào cam sả")
_PAPER = np.array((1.0, 0.98, 0.93))  # red, green, blue of the paper under a lamp
BUTTONS = ("Tệp", "Chỉnh sửa", "Xem", "Trang trước", "Trang sau", "Tải xuống", "Trợ giúp")


def draw_pages(folder: Path) -> list[Path]:
    """Draw all of them into a folder; the same ones each time."""
    letter = _letter()
    pages = {"letter.png": letter, "photo.jpg": _photo(letter)}
    pages |= {"receipt.png": _receipt(), "screenshot.png": _screenshot()}
    for name, picture in pages.items():
        picture.save(folder / name)
    return [folder / name for name in pages]


def images_in(folder: Path) -> list[Path]:
    """The images of a folder; other files are passed over. SystemExit where there is none."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise SystemExit(f"bench: there is no image in {folder}")
    return paths


def draw_photos(
    folder: Path, num_photos: int = 12, *, size: tuple[int, int] = (770, 991)
) -> list[Path]:
    """Draw photos, each with words of its own: 26 lines where they are 991 pixels high."""
    paths = [folder / f"photo-{number:02}.jpg" for number in range(num_photos)]
    for number, path in enumerate(paths):
        _photo_of_letter(random.Random(number), size).save(path, quality=90)
    return paths


def _photo_of_letter(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    page = Image.new("L", size, 246)
    draw, body = ImageDraw.Draw(page), _font(19)
    words = " ".join(chance.choices(SENTENCES, k=40)).split()
    rows = range(42, size[1] - 60, 35)
    for top, line in zip(rows, _lines(words, body, size[0] - 104), strict=False):
        draw.text((52, top), line, 20, body)
    page = page.rotate(chance.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor=246)
    page = page.filter(ImageFilter.GaussianBlur(0.5))
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(0, 5, (page.height, page.width))
    light = np.linspace(1.0, 0.75, page.width)
    grey = (np.asarray(page) * light + noise).clip(0, 255)
    return Image.fromarray((grey[..., None] * _PAPER).astype(np.uint8))


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)


def _letter() -> Image.Image:
    """An A4 page at 150 dpi."""
    page = Image.new("L", (1240, 1754), 255)
    draw, body = ImageDraw.Draw(page), _font(24)
    draw.text((620, 150), TITLE, 0, _font(34), anchor="ma")
    words = " ".join(SENTENCES * 4).split()
    for row, line in enumerate(_lines(words, body, 980)):
        draw.text((130, 270 + 40 * row), line, 0, body)
    return page


def _lines(words: Sequence[str], font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and font.getlength(f"{line} {word}") > width:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line


def _photo(page: Image.Image) -> Image.Image:
    """The page as it lies on a table: askew, a little blurred, darker to one side."""
    photo = page.rotate(2.5, Image.Resampling.BICUBIC, expand=True, fillcolor=90)
    photo = photo.filter(ImageFilter.GaussianBlur(0.7))
    light = np.linspace(1.0, 0.7, photo.width)
    noise = np.random.default_rng(1).normal(0, 6, (photo.height, photo.width))
    return Image.fromarray((np.asarray(photo) * light + noise).clip(0, 255).astype(np.uint8))


def _receipt() -> Image.Image:
    page = Image.new("L", (560, 1500), 255)
    draw, font, chance = ImageDraw.Draw(page), _font(22), random.Random(1)
    draw.text((280, 40), "QUÁN HOA SỮA", 0, _font(30), anchor="ma")
    total = 0
    for row in range(30):
        number, price = chance.randint(1, 4), 1000 * chance.randint(8, 75)
        total += number * price
        top = 120 + 42 * row
        draw.text((30, top), f"{number} {GOODS[row % len(GOODS)]}", 0, font)
        draw.text((530, top), f"{number * price:,}".replace(",", "."), 0, font, anchor="ra")
    draw.text((530, 1410), f"TỔNG CỘNG {total:,}đ".replace(",", "."), 0, font, anchor="ra")
    return page


def _screenshot() -> Image.Image:
    page = Image.new("RGB", (1280, 800), (246, 248, 250))
    draw, small, body = ImageDraw.Draw(page), _font(13), _font(16)
    draw.rectangle((0, 0, 1280, 40), (36, 41, 47))
    for at, name in enumerate(BUTTONS):
        draw.text((20 + 130 * at, 12), name, "white", small)
    for row, sentence in enumerate(SENTENCES * 3):
        draw.text((40, 70 + 38 * row), sentence, (36, 41, 47), body)
    return page
