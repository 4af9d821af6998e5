"""Does `docchu ingest` lose or repeat anything when it and the worker are killed?

`python -m bench.ingest --documents 10000 --kills 3 --worker-kills 2 [--reader null|real]`
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.crew import Crew, running_crew
from bench.workers.marked import picture_of
from shared.jobs import Status
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.jobs.records import attempts
from shared.store.lists import everything
from shared.store.scripts import connect

_FOLDERS = ("Hồ sơ", "Công văn đến", "Quyết định", "Biên bản họp", "Đơn từ", "Hợp đồng lao động")
_NAMES = ("trang", "giấy tờ", "ảnh chụp", "bản quét", "đơn xin nghỉ phép", "tờ khai")
# So many documents have a twin of another name, which is to get the same text and no reading.
_TWINS = 0.02
_LOOK_S = 0.02


@dataclass(frozen=True)
class Archive:
    """A folder of documents, and the number that each bears, by name."""

    root: Path
    numbers: dict[str, int]

    @property
    def num_different(self) -> int:
        """How many documents there are by their content."""
        return len(set(self.numbers.values()))


@dataclass(frozen=True)
class Verdict:
    """What came of it; everything but the first three is to be nothing."""

    num_documents: int
    num_right: int
    num_jobs: int
    wrong: list[str]
    missing: list[str]
    read_twice: list[str]
    never_read: list[str]
    num_attempts_lost: int

    @property
    def is_good(self) -> bool:
        """Whether each document has its own text and was read once."""
        return not (self.wrong or self.missing or self.read_twice or self.never_read)


def make_archive(root: Path, num_documents: int, picture: Callable[[int], bytes]) -> Archive:
    """Write documents into nested folders with Vietnamese names; the same each time."""
    rng = random.Random(20_261_122)
    numbers: dict[str, int] = {}
    for index in range(num_documents):
        is_twin = index > 0 and rng.random() < _TWINS
        number = rng.choice(tuple(numbers.values())) if is_twin else index
        folders = [rng.choice(_FOLDERS), f"Năm {2000 + rng.randrange(20)}", rng.choice(_FOLDERS)]
        folder = "/".join(folders[: rng.randrange(4)])
        name = f"{folder}/{rng.choice(_NAMES)} {index:05}.png".lstrip("/")
        numbers[name] = number
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture(number))
    return Archive(root, numbers)


def printed_line(number: int) -> bytes:
    """A picture of one printed line with a number, for the real reader.

    Its digits stand apart: how well the reader counts equal ones is not the question here.
    """
    picture = Image.new("L", (420, 56), 255)
    font = ImageFont.load_default(28)
    digits = "-".join(f"{number:05}")
    ImageDraw.Draw(picture).text((16, 10), f"Page {digits}", font=font, fill=0)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def ingest(crew: Crew, archive: Archive, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start `docchu ingest` on the archive."""
    command = ["ingest", str(archive.root), "--out", str(out), *options]
    return subprocess.Popen(
        [sys.executable, "-m", "docchu.commands.cli", *command],
        env={**os.environ, "DOCCHU_URL": crew.url},
    )


def num_written(out: Path) -> int:
    """How many results are there."""
    return sum(1 for path in out.rglob("*.txt") if path.is_file())


def torment(crew: Crew, archive: Archive, out: Path, kills: int, worker_kills: int) -> int:
    """Run `docchu ingest` to its end, killed and started again on the way, the worker killed in
    between. Gives the last exit code."""
    rng = random.Random(kills)
    steps = ["ingest"] * kills + ["worker"] * worker_kills
    rng.shuffle(steps)
    process = ingest(crew, archive, out)
    for index, step in enumerate(steps, start=1):
        goal = len(archive.numbers) * index // (len(steps) + 1)
        while _counted(out) < goal and process.poll() is None:
            pass
        time.sleep(rng.random() * 0.2)
        print(f"{num_written(out):6} results: {step} is killed", flush=True)
        if step == "worker":
            crew.kill("worker")
            continue
        process.kill()
        process.wait()
        process = ingest(crew, archive, out)
    return process.wait()


def _counted(out: Path) -> int:
    began = time.monotonic()
    count = num_written(out)
    # Counting ten thousand files takes a core's time that the service is to have.
    time.sleep(max(_LOOK_S, 9 * (time.monotonic() - began)))
    return count


def judge(crew: Crew, archive: Archive, out: Path) -> Verdict:
    """Compare results with documents, and look in the store how often each was read."""
    wrong, missing = [], []
    for name, number in archive.numbers.items():
        try:
            text = (out / f"{name}.txt").read_text(encoding="utf-8")
        except FileNotFoundError:
            missing.append(name)
            continue
        if not (digits := re.sub(r"\D", "", text)) or int(digits) != number:
            wrong.append(f"{name}: {text!r}, not {number}")
    readings, num_jobs, num_lost = _readings(crew)
    return Verdict(
        num_documents=len(archive.numbers),
        num_right=len(archive.numbers) - len(wrong) - len(missing),
        num_jobs=num_jobs,
        wrong=wrong,
        missing=missing,
        read_twice=[f"{sha}: {n} times" for sha, n in readings.items() if n > 1],
        never_read=[sha for sha, n in readings.items() if n < 1],
        num_attempts_lost=num_lost,
    )


def _readings(crew: Crew) -> tuple[Counter[str], int, int]:
    """How often each content was read to its end, by its sha256; jobs; attempts that died."""
    client = connect(crew.settings.store_url)
    done: Counter[str] = Counter()
    num_lost = 0
    ids = everything(client, keys.parts(f"jobs:{DEFAULT_TENANT}", Status))
    for job_id in ids:
        record = client.hgetall(keys.job(job_id))
        if "document" not in record:
            continue  # erased: a tombstone says nothing of what it was
        sha256 = re.findall(r'"sha256": ?"(\w+)"', record["document"])[0]
        tried = attempts(client.lrange(keys.timeline(job_id), 0, -1), {})
        done[sha256] += sum(attempt.outcome == "finished" for attempt in tried)
        num_lost += sum(attempt.outcome != "finished" for attempt in tried)
    client.close()
    return done, len(ids), num_lost


def show(verdict: Verdict, archive: Archive) -> None:
    """Print the verdict."""
    print(
        f"{verdict.num_documents} documents, {archive.num_different} different: "
        f"{verdict.num_right} results right by name, {len(verdict.missing)} missing, "
        f"{len(verdict.wrong)} wrong"
    )
    print(
        f"the store: {verdict.num_jobs} jobs, {len(verdict.read_twice)} documents read twice, "
        f"{len(verdict.never_read)} never, {verdict.num_attempts_lost} attempts died with a worker"
    )
    for complaint in (verdict.wrong + verdict.missing + verdict.read_twice)[:20]:
        print(f"  {complaint}")
    print("good" if verdict.is_good else "NOT GOOD")


def main() -> None:
    """Make the archive, torment, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3, help="of docchu ingest")
    parser.add_argument("--worker-kills", type=int, default=2)
    parser.add_argument("--reader", choices=("null", "real"), default="null")
    asked = parser.parse_args()
    is_real = asked.reader == "real"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = make_archive(
            folder / "kho lưu trữ", asked.documents, printed_line if is_real else picture_of
        )
        worker = "worker" if is_real else "bench.workers.marked"
        with running_crew(folder / "service", worker, DOCCHU_LEASE_S="4") as crew:
            began = time.monotonic()
            out = folder / "kết quả"
            code = torment(crew, archive, out, asked.kills, asked.worker_kills)
            took_s = time.monotonic() - began
            verdict = judge(crew, archive, out)
    print(f"{asked.reader} reader, {took_s:.0f} s, {asked.documents / took_s:.1f} documents/s")
    show(verdict, archive)
    if code or not verdict.is_good:
        sys.exit(f"docchu ingest ended with {code}" if code else 1)


if __name__ == "__main__":
    main()
