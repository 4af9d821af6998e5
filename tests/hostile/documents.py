"""Documents that are small and ask for much."""

from __future__ import annotations

import json
import random
import zlib

from tests.loading.samples import join_pdf, pdf, stream

_CURVES, _TIMES = 200, 25
"""Some seconds a page: each curve is drawn over the others, as often as that."""
DEEP = (33, 256, 5000)
"""How deep metadata is nested that is to be refused."""


def thin_page() -> bytes:
    """A PDF whose page is a strip a pixel wide and forty thousand long."""
    return pdf(size=(0.0001, 14400), content=b"0 0 m 9 9 l S")


def heavy_pages(num_pages: int) -> bytes:
    """A PDF of a few kilobytes whose pages all take seconds to draw."""
    rng = random.Random(num_pages)
    curves = [
        b"%d %d m %d %d %d %d %d %d c %d w S\n"
        % (*(rng.randrange(600) for _ in range(8)), rng.randrange(1, 9))
        for _ in range(_CURVES)
    ]
    drawn = stream(zlib.compress(b"".join(curves) * _TIMES, 9), b"/Filter /FlateDecode")
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R >>"
    kids = b" ".join(b"%d 0 R" % (4 + number) for number in range(num_pages))
    pages = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, num_pages)
    return join_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", pages, drawn, *[page] * num_pages], b"")


def nested(depth: int) -> str:
    """Metadata, as JSON, with objects in objects."""
    return '{"a":' * depth + "1" + "}" * depth


def lines(url: str) -> bytes:
    """NDJSON whose lines have metadata of all depths, and one that is sound."""
    document = json.dumps({"custom_id": "sound", "url": url})
    deep = [
        f'{{"custom_id": "{depth}", "url": "{url}", "metadata": {nested(depth)}}}' for depth in DEEP
    ]
    return "\n".join([*deep, document, ""]).encode()
