"""`docchu ingest` around its run: errors told, a summary, a list of failures, an exit code."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from docchu.client import Docchu
from docchu.commands.messages import (
    ALL_READ,
    INTERRUPTED,
    NO_SERVICE,
    SOME_FAILED,
    USAGE,
    tell,
    why_hopeless,
)
from docchu.errors import DocchuError, InvalidAddress, InvalidOption
from docchu.files.database import JournalInUse, JournalUnusable
from docchu.files.objects import NoObjectStores, ObjectFolder, is_address
from docchu.files.outputs import write_whole
from docchu.files.walking import UnusablePaths
from docchu.ingest.run import Ingest, Wish

# How long pauses before one request may last together: a service that is started anew, a night's
# outage of the line. What was done stays done when it is over.
_PATIENCE_S = 3600
_UPLOAD_PATIENCE_S = 20
_FAILURES = "failures.csv"


def ingest(wish: Wish, url: str, key: str | None) -> int:
    """Read all files as `docchu ingest` does and give its exit code."""
    try:
        run = Ingest(wish)
    except (UnusablePaths, JournalUnusable, NoObjectStores) as error:
        tell(str(error))
        return USAGE
    except JournalInUse:
        tell(f"Another docchu works in {wish.journal_folder}: let it end first")
        return USAGE
    except OSError as error:
        tell(f"{error.filename or wish.out}: {error.strerror or error}")
        return USAGE
    try:
        with (
            Docchu(url, key, patience_s=_PATIENCE_S, sleep=run.pause) as service,
            Docchu(url, key, patience_s=_UPLOAD_PATIENCE_S, sleep=run.pause) as impatient,
        ):
            code = _run(run, service, impatient, url, key)
    except InvalidAddress as error:
        tell(f"{error.code}: {error.detail}")
        code = USAGE
    if code not in (ALL_READ, SOME_FAILED):
        return code
    return _sum_up(run, wish)


def _run(run: Ingest, service: Docchu, impatient: Docchu, url: str, key: str | None) -> int:
    try:
        run.run(service, impatient)
        return ALL_READ
    except KeyboardInterrupt:
        tell("interrupted; the same command goes on where it stopped")
        _leave(INTERRUPTED)
    except InvalidOption as error:
        tell(f"{error.code}: {error.detail}")
        _leave(USAGE)
    except DocchuError as error:
        tell(f"{why_hopeless(error, url, key)}; the same command goes on where it stopped")
        _leave(NO_SERVICE)
    except OSError as error:
        tell(f"{error.filename or 'results'} cannot be written: {error.strerror or error}")
        _leave(SOME_FAILED)
    except sqlite3.Error as error:
        tell(f"The journal in {run.folder} cannot be written: {error}")
        _leave(SOME_FAILED)


def _sum_up(run: Ingest, wish: Wish) -> int:
    counts = run.findings.counts()
    skipped = counts.pop("skipped", 0)
    failures = [(f.name, f.status, f.code, f.detail) for f in run.findings.failures()]
    num_read = counts.get("succeeded", 0) + counts.get("partial", 0)
    total = sum(counts.values())
    parts = [f"{total} documents ({run.findings.num_contents()} different): {num_read} read"]
    if partial := counts.get("partial"):
        parts.append(f"{partial} of them not all of their pages")
    parts.append(f"{total - num_read} failed")
    parts.append(f"{skipped} files are no documents")
    tell(", ".join(parts))
    _list_failures(wish, failures)
    run.journal.close()
    return SOME_FAILED if failures else ALL_READ


def _list_failures(wish: Wish, failures: list[tuple[str, str, str, str]]) -> None:
    target = f"{wish.out.rstrip('/')}/{_FAILURES}"
    if not failures:
        _erase(wish.out)
        return
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("name", "status", "code", "detail"))
    writer.writerows(failures)
    data = text.getvalue().encode()
    if is_address(wish.out):
        ObjectFolder(wish.out).write(_FAILURES, data)
    else:
        write_whole(Path(target), data, wish.journal_folder / _FAILURES)
    tell(f"What failed is listed in {target}; --retry-failed reads it again")


def _erase(out: str) -> None:
    if not is_address(out):
        (Path(out) / _FAILURES).unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError):
        ObjectFolder(out).delete(_FAILURES)


def _leave(code: int) -> NoReturn:
    """End now, whatever the other threads wait for: what they have done is in the journal, and
    what they were about to do is done by the next run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
