"""`docchu watch`: looks at a folder, takes what has settled, and tells what became of it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from docchu.client import Docchu
from docchu.commands.messages import INTERRUPTED, NO_SERVICE, USAGE, tell, why_hopeless
from docchu.errors import DocchuError, InvalidAddress, InvalidOption, Unauthorized
from docchu.files.database import JournalInUse, JournalUnusable
from docchu.files.walking import Found, walk
from docchu.steps.options import ReadingOptions
from docchu.watch.intake import Changed, Fate, Intake
from docchu.watch.ledger import Ledger
from docchu.watch.places import Places
from docchu.watch.settling import Settling, Signature, ignore_breaks
from docchu.watch.waking import wakes

# Documents being read at the same time.
_HANDS = 4
# How long before what could not be done is tried again.
_AGAIN_S = 5.0


@dataclass(frozen=True)
class Wish:
    """What `docchu watch` was asked for."""

    folder: Path
    out: Path | None
    forms: Sequence[str]
    settle_s: float
    polling: bool
    options: ReadingOptions = field(default_factory=ReadingOptions)


class Watch:
    """The looks at one folder and the hands that take what has settled."""

    def __init__(self, wish: Wish, places: Places, intake: Intake) -> None:
        self._wish = wish
        self._places = places
        self._intake = intake
        self._settling = Settling(wish.settle_s)
        self._pool = ThreadPoolExecutor(_HANDS, "intake")
        self._lock = threading.Lock()
        self._in_hand: set[str] = set()
        # Files that cannot be read or moved: not tried again before they change.
        self._stuck: dict[str, Signature] = {}
        self._not_before_s = 0.0
        self._is_away = False
        self.fatal: DocchuError | None = None

    def look(self) -> None:
        """Look once, and give what has settled to the hands."""
        files = self._found()
        settled = self._settling.look(files)
        if time.monotonic() < self._not_before_s:
            return
        for found in settled:
            with self._lock:
                if found.name in self._in_hand or self._stuck.get(found.name) == _sign(found):
                    continue
                self._in_hand.add(found.name)
            self._pool.submit(self._take, found)

    def _found(self) -> list[Found]:
        found = []
        for file in walk({"": self._wish.folder}, self._places.left_out):
            if file.problem is None:
                found.append(file)
            elif file.name not in self._stuck:
                self._stuck[file.name] = (0, 0)
                tell(f"{file.path}: {file.problem}")
        return found

    def _take(self, found: Found) -> None:
        try:
            fate = self._intake.take(found)
        except (Changed, FileNotFoundError):
            pass
        except (Unauthorized, InvalidOption) as error:
            self.fatal = error
        except DocchuError as error:
            self._wait(error)
        except OSError as error:
            self._stuck[found.name] = _sign(found)
            tell(f"{found.name}: {error.strerror or error}; it stays where it is")
        except Exception as error:  # a hand that drops its work must say so
            self._stuck[found.name] = _sign(found)
            tell(f"{found.name}: {type(error).__name__}: {error}; it stays where it is")
        else:
            if self._is_away:
                tell("the service is there again")
            self._is_away = False
            _tell(found.name, fate)
        finally:
            with self._lock:
                self._in_hand.discard(found.name)

    def _wait(self, error: DocchuError) -> None:
        """The service cannot read now: leave everything where it is and try again in a while."""
        self._not_before_s = time.monotonic() + _AGAIN_S
        if not self._is_away:
            self._is_away = True
            tell(f"{error.detail}; waiting for it, nothing is moved")


def watch(wish: Wish, url: str, key: str | None) -> int:
    """Watch a folder until interrupted and give the exit code."""
    places = Places(wish.folder, wish.out)
    if places.out.resolve() == wish.folder.resolve():
        tell("--out cannot be the watched folder: its results would be taken for documents")
        return USAGE
    ignore_breaks()
    try:
        places.hidden.mkdir(exist_ok=True)
        # What a killed run was about to write.
        shutil.rmtree(places.scratch, ignore_errors=True)
        ledger = Ledger(places.hidden / "watch.sqlite")
        places.scratch.mkdir(exist_ok=True)
        service = Docchu(url, key, patience_s=10)
    except JournalInUse:
        tell(f"Another docchu watches {wish.folder}")
        return USAGE
    except (JournalUnusable, InvalidAddress) as error:
        tell(str(error))
        return USAGE
    except OSError as error:
        tell(f"{wish.folder}: {error.strerror or error}")
        return USAGE
    intake = Intake(service, places, ledger, wish.forms, wish.options)
    intake.recover()
    running = Watch(wish, places, intake)
    tell(f"watching {wish.folder}")
    try:
        for _ in wakes(wish.folder, wish.polling):
            running.look()
            if running.fatal:
                tell(why_hopeless(running.fatal, url, key))
                _leave(NO_SERVICE)
    except KeyboardInterrupt:
        pass
    tell("stopped; what is being read is taken up again by the next run")
    _leave(INTERRUPTED)


def _tell(name: str, fate: Fate) -> None:
    tell(f"{name} -> {fate.place}/{fate.name}" + (f": {fate.why}" if fate.why else ""))


def _sign(found: Found) -> Signature:
    return found.size, found.mtime_ns


def _leave(code: int) -> NoReturn:
    """End now, whatever the hands wait for: the next run takes it up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
