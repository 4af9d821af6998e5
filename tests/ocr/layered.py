"""Made pages with a text layer, and what came out of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.result import Page
from tests.formats.documents import DECREE, Letters, document, written

ENGLISH = (
    "The office staff found a sufficient flow of different files.",
    "Please pay the sum of 1,250.00 euros within thirty days.",
    "Late payments are charged with interest from the due date.",
)
BOX = b"/MediaBox [0 0 460 300] "
LETTERS = Letters("".join((*DECREE, *ENGLISH)))
TOP = 250
See = Callable[..., Page]


def of_layer(page: Page) -> list[str]:
    return [line.text for line in page.lines if line.source == "text_layer"]


def was_read(page: Page) -> str:
    return " ".join(line.text for line in page.lines if line.source == "ocr")


def pdf(*contents: bytes, font: Letters = LETTERS, entries: bytes = b"", **more: object) -> bytes:
    return document([b"".join(contents)], font, entries=BOX + entries, **more)  # type: ignore[arg-type]


def lines(*texts: str, font: Letters = LETTERS, top: float = TOP, **more: object) -> bytes:
    return written(texts, font, top=top, **more)  # type: ignore[arg-type]


# The suite has an hour: what is told twice is told in Vietnamese, and by `make acceptance` in both.
both_languages = pytest.mark.parametrize(
    "text",
    [
        pytest.param(DECREE, id="Vietnamese"),
        pytest.param(ENGLISH, id="English", marks=pytest.mark.acceptance),
    ],
)


def permuted(text: str, by: int) -> str:
    """Every letter another one, as where glyph numbers were taken for codes."""
    return "".join(chr(33 + (ord(c) - 33 + by) % 90) if c != " " else c for c in text)


class Lying(Letters):
    """A font by pairs of what a code means and what it draws, and their codes."""

    def __init__(self, codes: dict[tuple[str, str], str]) -> None:
        super().__init__("".join(codes.values()))
        self._drawn = {" ": " "} | {code: drawn for (drawn, _), code in codes.items()}
        self._means = {" ": " "} | {code: meant for (_, meant), code in codes.items()}

    def _meaning(self) -> str:
        return super()._meaning() if not hasattr(self, "_means") else self._mapped()

    def _mapped(self) -> str:
        codes, self._codes = self._codes, {}
        text = ""
        for code, number in codes.items():
            meant = self._means[code].encode("utf-16-be").hex()
            text += f"1 beginbfchar\n<{number:02x}> <{meant}>\nendbfchar\n"
        self._codes = codes
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
            f"1 begincodespacerange <00> <ff> endcodespacerange\n{text}endcmap end end"
        )


def lying(shown: list[str], meant: list[str]) -> bytes:
    """Lines that show one text and say another, glyph by glyph of what is shown."""
    codes: dict[tuple[str, str], str] = {}
    private = iter(range(0x4E00, 0x4FFF))
    rows = []
    for line, other in zip(shown, meant, strict=True):
        padded = other.ljust(len(line))[: len(line)] if len(other) != len(line) else other
        rows.append(
            "".join(
                codes.setdefault(pair, chr(next(private)))
                for pair in zip(line, padded, strict=True)
            )
        )
    font = Lying(codes)
    return pdf(lines(*rows, font=font), font=font)


def with_catalogue(made: bytes, entries: bytes) -> bytes:
    """The same with more in its catalogue; its offsets are found anew."""
    start = b"<< /Type /Catalog /Pages 2 0 R"
    return made.replace(start, start + b" " + entries, 1)
