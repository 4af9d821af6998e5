"""Zips: every document becomes a job under its own name, and nothing hostile gets any further."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable

import pytest

from tests.keeper.unpacking.stories import Raw, Story, png, raw_zip, zipped

GOOD = Raw(b"good.png", png("good"))


def refused(story: Story, *entries: Raw) -> list[str]:
    """Unpack them before a good one, which must be taken; why each of them was not."""
    before = story.files()
    batch_id = story.submit(raw_zip(*entries, GOOD))
    story.unpack()
    *items, good = story.items(batch_id)
    assert good.custom_id == "good.png" and good.status == "queued"
    batch = story.batch(batch_id)
    assert not batch.unpacking and batch.problem is None
    assert batch.counts.failed == len(entries) == len(items)
    assert len(batch.first_errors) == min(len(entries), 10)
    assert story.files() - before == {f"{good.job_id}/input"}, "something else was left on disk"
    return [str(item.detail) for item in items]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_document_becomes_a_job_under_its_path(story: Story, method: int) -> None:
    names = ["a.png", "hồ sơ/1999/b.png", "hồ sơ/c.png"]
    batch_id = story.submit(zipped({name: png(name) for name in names}, method), pages="1")
    assert story.batch(batch_id).unpacking
    story.unpack()
    items = story.items(batch_id)
    assert [(i.position, i.custom_id) for i in items] == list(enumerate(names, 1))
    assert [story.document(i) for i in items] == [png(name) for name in names]
    batch = story.batch(batch_id)
    assert batch.counts.queued == 3 and not batch.unpacking
    job = story.jobs.get("acme", items[1].job_id)
    assert job.document.name == names[1] and job.options.priority == "bulk"
    assert job.options.pages == "1"
    assert story.files() == {f"{i.job_id}/input" for i in items}, "the upload was not erased"


def test_folders_and_litter_are_left_out(story: Story) -> None:
    litter = ["__MACOSX/._a.png", "x/.DS_Store", "x/Thumbs.db", "y\\desktop.ini", "x/._b.png"]
    entries = {"x/": b"", "x/y/": b"", **dict.fromkeys(litter, b"junk"), "x/a.png": png(1)}
    batch_id = story.submit(zipped(entries))
    story.unpack()
    assert story.outcomes(batch_id) == {"x/a.png": "queued"}


def test_names_are_read_as_what_they_were_meant_to_be(story: Story) -> None:
    nfd = unicodedata.normalize("NFD", "điện.png")
    told = b"\x01" + zlib.crc32(b"?.png").to_bytes(4, "little") + "ế.png".encode()
    batch_id = story.submit(
        raw_zip(
            Raw("ổ/utf-8.png".encode(), png(1)),
            Raw("ổ/untold.png".encode(), png(2), flags=0),
            Raw("é/cp437.png".encode("cp437"), png(3), flags=0),
            Raw(nfd.encode(), png(4)),
            Raw(b"windows\\path.png", png(5), made_on=0, attributes=0),
            Raw(b"?.png", png(6), flags=0, extra=struct.pack("<2H", 0x7075, len(told)) + told),
        )
    )
    story.unpack()
    assert [i.custom_id for i in story.items(batch_id)] == [
        "ổ/utf-8.png",
        "ổ/untold.png",
        "é/cp437.png",
        "điện.png",
        "windows/path.png",
        "ế.png",
    ]


TRICKS = [
    (b"../good.png", "leads out"),
    (b"a/../../good.png", "leads out"),
    (b"..\\good.png", "leads out"),
    (b"a/.. /good.png", "leads out"),
    (b"/good.png", "absolute"),
    (b"\\\\host\\share\\good.png", "absolute"),
    (b"C:\\good.png", "drive"),
    (b"c:good.png", "drive"),
    (b"good.png\x00.txt", "control"),
    (b"good\x1b[2J.png", "control"),
    (b"x" * 600 + b".png", "longer than 512"),
]
WRONGS = [
    (Raw(b"link", b"/etc/passwd", attributes=(stat.S_IFLNK | 0o777) << 16), "symbolic link"),
    (Raw(b"pipe", png(1), attributes=(stat.S_IFIFO | 0o666) << 16), "no plain file"),
    (Raw(b"folder/", png(1), attributes=(stat.S_IFDIR | 0o755) << 16), "no plain file"),
    (Raw(b"locked.png", png(1), flags=0x1), "encrypted"),
    (Raw(b"masked.png", png(1), flags=0x2041), "encrypted"),
    (Raw(b"odd.png", png(1), method=14), "packed in a way"),
    (Raw(b"crc.png", png(1), crc=1), "checksum"),
    (Raw(b"more.png", png(1), size=len(png(1)) - 1), "more than the archive says"),
    (Raw(b"less.png", png(1), size=len(png(1)) + 1), "less than the archive says"),
    (Raw(b"noise.png", png(1), packed=b"\xff" * 99), "cannot be unpacked"),
    (Raw(b"cut.png", png(1), packed=zlib.compress(png(1), wbits=-15)[:-9]), "less than"),
    (Raw(b"a.png", png(1), local_name=b"b.png"), "header says another thing"),
    (Raw(b"off.png", png(1), signature=b"PK\x03\x05"), "header is missing"),
    (Raw(b"far.png", png(1), offset=0xFFFFFFF0), "not where the archive says"),
    (Raw(b"deep.zip", zipped({"a.png": png(1)})), "archive itself"),
    (Raw(b"deep.docx", zipped({"a.txt": bytes(9999)}), method=0), "archive itself"),
    (Raw(b"a.tar", bytes(257) + b"ustar" + bytes(2000)), "archive itself"),
    (Raw(b"a.txt", b"just some words"), "no PNG"),
    (Raw(b"long.txt", b"just some words " * 999), "no PNG"),
    (Raw(b"empty.png", b""), "is empty"),
    (Raw(b"big.png", png(1) + bytes(100_000)), "larger than"),
]


def test_a_path_with_a_trick_is_refused(story: Story) -> None:
    reasons = refused(story, *(Raw(name, png(1)) for name, _ in TRICKS))
    for (name, expected), reason in zip(TRICKS, reasons, strict=True):
        assert expected in reason, name


def test_a_bad_entry_is_reported_and_the_others_go_on(story: Story) -> None:
    reasons = refused(story, *(entry for entry, _ in WRONGS))
    for (entry, expected), reason in zip(WRONGS, reasons, strict=True):
        assert expected in reason, entry.name


def test_a_bomb_stops_at_what_one_document_may_be(make: Callable[..., Story]) -> None:
    story = make(max_upload_bytes=100_000_000, max_batch_bytes=10**11)
    # A megabyte of nothing that ends where it began, so that it can be repeated: 10 GB in 11 MB.
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = zeros.compress(bytes(1 << 20)) + zeros.flush(zlib.Z_FULL_FLUSH)
    head = zeros.compress(png(1)) + zeros.flush(zlib.Z_FULL_FLUSH)
    bomb = head + block * 10_240 + zeros.flush()
    wide = struct.pack("<2HQ", 1, 8, 10 << 30)
    small = Raw(b"small.png", b"", crc=0, size=5000, packed=bomb)
    grown = Raw(b"grown.png", b"", crc=0, size=20_000_000, packed=bomb)
    honest = Raw(b"honest.png", b"", crc=0, size=0xFFFFFFFF, packed=bomb, extra=wide)
    dense = Raw(b"dense.png", b"", crc=0, size=90_000_000, packed=block * 90)
    reasons = refused(story, small, grown, honest, dense)
    assert all("more than the archive says" in reason for reason in reasons[:2])
    assert "larger than" in reasons[2] and "200 times" in reasons[3]


def test_an_archive_that_unpacks_to_too_much_is_cut_there(make: Callable[..., Story]) -> None:
    story = make(max_batch_bytes=3 * 50_000)
    sizes = {f"{n}.png": png(n) + bytes(50_000 - len(png(n))) for n in range(5)}
    batch_id = story.submit(zipped(sizes))
    story.unpack()
    outcomes = list(story.outcomes(batch_id).values())
    assert outcomes[:3] == ["queued"] * 3
    assert all("unpacks to more than this service takes" in one for one in outcomes[3:])


def test_entries_that_share_bytes_are_refused(story: Story) -> None:
    """As in D. Fifield's bombs: many entries, one kernel."""
    kernel = Raw(b"0.png", png(1))
    others = [Raw(b"%d.png" % n, png(1), offset=0) for n in range(1, 9)]
    assert all("shares its bytes" in reason for reason in refused(story, kernel, *others))


def test_quoted_entries_are_refused(story: Story) -> None:
    """The same, with each entry's data beginning with the next one's header as a stored block."""
    inner = raw_zip(Raw(b"inner.png", png(1)))
    inner = inner[: inner.index(b"PK\x01\x02")]
    outer = Raw(
        b"outer.png",
        inner,
        packed=b"\x00" + struct.pack("<2H", len(inner), ~len(inner) & 0xFFFF) + inner,
    )
    at = 30 + len(outer.name) + 5
    reasons = refused(story, outer, Raw(b"inner.png", png(1), offset=at))
    assert all("shares its bytes" in reason for reason in reasons)


def test_a_second_entry_of_a_name_is_reported(story: Story) -> None:
    entries = [Raw(b"a.png", png(1)), Raw(b"./a.png", png(2)), Raw(b"A.png", png(3))]
    batch_id = story.submit(raw_zip(*entries))
    story.unpack()
    outcomes = story.outcomes(batch_id)
    assert outcomes["a.png"] == outcomes["A.png"] == "queued"
    assert "same name" in outcomes["a.png #2"]
    assert story.document(story.items(batch_id)[0]) == png(1)


@pytest.mark.parametrize("keep", [0, 1, 21, 0.3, 0.9, -1])
def test_a_zip_that_is_cut_short_is_the_batchs_problem(story: Story, keep: float) -> None:
    data = zipped({f"{n}.png": png(n) for n in range(9)})
    end = int(len(data) * keep) if isinstance(keep, float) else keep
    batch_id = story.submit(data[:end])
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "archive_unreadable"
    assert batch.status == "finished" and batch.num_jobs == 0
    assert story.files() == set()


def test_an_archive_behind_something_else_is_an_archive(story: Story) -> None:
    batch_id = story.submit(b"MZ a program that unpacks itself" + zipped({"a.png": png(1)}))
    story.unpack()
    assert story.outcomes(batch_id) == {"a.png": "queued"}


def test_a_damaged_directory_ends_the_upload_where_it_is_damaged(story: Story) -> None:
    data = bytearray(raw_zip(*(Raw(b"%d.png" % n, png(n)) for n in range(4))))
    at = data.rindex(b"PK\x01\x02")
    data[at] ^= 1
    batch_id = story.submit(bytes(data))
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "archive_unreadable" and batch.num_jobs == 0


def test_a_zip64_is_a_zip(story: Story) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a.png", "w", force_zip64=True) as one:
        one.write(png(1))
    plain = file.getvalue()
    wide = _as_zip64(plain)
    for data in (plain, wide, b"in front" + wide):
        batch_id = story.submit(data)
        story.unpack()
        assert story.outcomes(batch_id) == {"a.png": "queued"}


def _as_zip64(data: bytes) -> bytes:
    """The same archive with its sizes and places in zip64 fields alone."""
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    fields = list(struct.unpack("<4s6H3L5H2L", data[start : start + 46]))
    wide = struct.pack("<2H3Q", 1, 24, fields[9], fields[8], fields[16])
    fields[8] = fields[9] = fields[16] = 0xFFFFFFFF
    fields[11] = len(wide)
    entry = struct.pack("<4s6H3L5H2L", *fields) + b"a.png" + wide
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(entry), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, *[0xFFFFFFFF] * 2, 0)
    assert end > start
    return data[:start] + entry + end64 + locator + last


def test_more_entries_than_a_batch_may_have_are_the_batchs_problem(story: Story) -> None:
    batch_id = story.submit(raw_zip(*(Raw(b"%d.png" % n, b"") for n in range(201))))
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "too_many_documents" and batch.num_jobs == 0


def test_a_hundred_thousand_entries_take_their_time_and_no_more(make: Callable[..., Story]) -> None:
    story = make(max_batch_jobs=99_999)
    data = raw_zip(Raw(b"a", b"", method=0))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    directory = data[start:end] * 100_000
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 34464, 34464, len(directory), start, 0)
    batch_id = story.submit(data[:start] + directory + last)
    story.unpack()
    batch = story.batch(batch_id)
    assert batch.problem and batch.problem.code == "too_many_documents"
