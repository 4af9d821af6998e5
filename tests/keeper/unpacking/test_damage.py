"""Uploads that were damaged anyhow: only errors that somebody thought of come out of them."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from keeper.unpacking.archives import ZipSource
from keeper.unpacking.items import Described, Source
from keeper.unpacking.limits import UploadLimits
from keeper.unpacking.lines import Allowed, LineSource
from shared.errors import TooManyDocuments
from shared.errors.documents import ArchiveUnreadable
from tests.keeper.unpacking.stories import Raw, png, raw_zip, zipped
from tests.keeper.unpacking.test_lines import line

LIMITS = UploadLimits(max_upload_bytes=50_000, max_batch_jobs=20, max_batch_bytes=500_000)
NAMES = ("a.png", "hồ sơ/b.png", "x/y/c.png")
SOUND = (
    zipped({name: png(name) for name in NAMES}),
    zipped({name: png(name) for name in NAMES}, zipfile.ZIP_STORED),
    raw_zip(*(Raw(name.encode(), png(name)) for name in NAMES), comment=b"PK\x05\x06 is no end"),
    b"\n".join(line(png(name), custom_id=name) for name in NAMES),
)


class Counting:
    """Takes bytes and keeps none."""

    def __init__(self) -> None:
        self.num_bytes = 0

    def write(self, data: bytes, /) -> None:
        self.num_bytes += len(data)

    def close(self) -> None:
        pass


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The same with something wrong in it."""
    changed = bytearray(data)
    at = rng.randrange(len(data))
    match rng.randrange(4):
        case 0:
            return data[:at]
        case 1:
            for _ in range(rng.choice((1, 5, 50))):
                changed[rng.randrange(len(data))] = rng.randrange(256)
        case 2:
            changed[at : at + rng.randrange(40)] = rng.randbytes(rng.randrange(40))
        case _:
            # Where the headers are: the likeliest place for a trick.
            start = max(data.find(b"PK\x01\x02"), 0)
            for _ in range(rng.choice((1, 2, 4))):
                where = rng.randrange(start, len(data))
                changed[where] = rng.choice((0, 1, 0x7F, 0xFF))
    return bytes(changed)


def taken(source: Source) -> list[tuple[Described, int]]:
    """All documents, with how many bytes came of each."""
    found = []
    for item in source.items(0):
        sink = Counting()
        found.append((item.take(sink), sink.num_bytes))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_damaged_only_known_errors_come_of_it(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "upload"
    for _ in range(250):
        sound = rng.choice(SOUND)
        path.write_bytes(damaged(sound, rng))
        source: Source | None = None
        try:
            source = (
                LineSource(path, LIMITS, Allowed((), 60, lambda model: None))
                if sound is SOUND[-1]
                else ZipSource(path, LIMITS)
            )
            for described, num_bytes in taken(source):
                assert described.problem or num_bytes <= LIMITS.max_upload_bytes
                assert described.custom_id.isprintable()
                assert 1 <= len(described.custom_id) <= 512
        except (ArchiveUnreadable, TooManyDocuments):
            continue
        finally:
            if source:
                source.close()
