"""A zip as an upload: looked over as a whole, then taken entry by entry."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keeper.unpacking.directory import Entry, find_directory, read_directory
from keeper.unpacking.items import Described
from keeper.unpacking.limits import UploadLimits
from keeper.unpacking.members import check_entry, copy_entry, is_folder
from shared.errors import RequestError, TooManyDocuments
from shared.errors.documents import ArchiveEntryRefused, DocumentError
from shared.incoming.paths import MAX_CUSTOM_ID, clean_path, is_litter, shown, trick_in
from shared.incoming.sinks import Sink

_ENTRIES_PER_DOCUMENT = 4  # folders and what systems leave in them count as entries, too


@dataclass
class Survey:
    """What only the whole directory shows."""

    overlapping: set[int] = field(default_factory=set)  # numbers of entries that share bytes
    max_number: int = 0  # of the last entry before the archive unpacks to more than is allowed


class ZipSource:
    """A zip on disk. Raises ArchiveUnreadable, TooManyDocuments."""

    def __init__(self, path: Path, limits: UploadLimits) -> None:
        self._limits = limits
        self._directory = path.open("rb")
        self._data = path.open("rb")
        try:
            self._span = find_directory(self._directory)
            self._survey = self._look_over()
        except BaseException:
            self.close()
            raise

    def items(self, after: int) -> Iterator[ZipItem]:
        """The documents in their order, without the first `after` entries."""
        for number, entry in enumerate(read_directory(self._directory, self._span), 1):
            if number > after and _is_wanted(entry):
                yield ZipItem(self, number, entry)

    def close(self) -> None:
        """Let go of the file."""
        self._directory.close()
        self._data.close()

    def copy(self, number: int, entry: Entry, sink: Sink) -> None:
        """Check an entry and hand its bytes over. Raises RequestError, DocumentError."""
        check_entry(entry, self._limits.max_upload_bytes)
        if number in self._survey.overlapping:
            raise ArchiveEntryRefused("It shares its bytes with another entry.")
        if number > self._survey.max_number:
            raise ArchiveEntryRefused("The archive unpacks to more than this service takes.")
        copy_entry(self._data, entry, self._span, sink.write)
        sink.close()

    def _look_over(self) -> Survey:
        limits, survey = self._limits, Survey()
        starts, ends, numbers = array("Q"), array("Q"), array("Q")
        num_documents = num_bytes = 0
        for number, entry in enumerate(read_directory(self._directory, self._span), 1):
            if not _is_wanted(entry):
                if number > _ENTRIES_PER_DOCUMENT * limits.max_batch_jobs:
                    raise TooManyDocuments("The zip has too many entries.")
                continue
            num_documents += 1
            if num_documents > limits.max_batch_jobs:
                raise TooManyDocuments(max_documents=limits.max_batch_jobs)
            num_bytes += min(entry.size, limits.max_upload_bytes)
            if num_bytes <= limits.max_batch_bytes:
                survey.max_number = number
            if entry.least_end <= self._span.start:  # others are refused for that
                starts.append(entry.start)
                ends.append(entry.least_end)
                numbers.append(number)
        survey.overlapping = _overlapping(starts, ends, numbers)
        return survey


@dataclass(frozen=True)
class ZipItem:
    """An entry that is meant to be a document."""

    batch_upload: ZipSource
    number: int
    entry: Entry

    @property
    def custom_id(self) -> str:
        """Its path in the archive, cleaned; of one that is refused as good as it can be shown."""
        name = self.entry.name
        # A refused path must not take the name of a good one.
        path = shown(name) if trick_in(name) else clean_path(name)
        path = path or f"entry {self.number}"
        return path if len(path) <= MAX_CUSTOM_ID else path[: MAX_CUSTOM_ID - 1] + "…"

    def take(self, sink: Sink) -> Described:
        """Hand its bytes to the sink. Raises ServiceError alone."""
        name = self.custom_id
        try:
            if len(clean_path(self.entry.name)) > MAX_CUSTOM_ID:
                raise ArchiveEntryRefused(f"Its path is longer than {MAX_CUSTOM_ID} characters.")
            self.batch_upload.copy(self.number, self.entry, sink)
        except (RequestError, DocumentError) as error:
            return Described(name, name, problem=error)
        return Described(name, name)


def _is_wanted(entry: Entry) -> bool:
    return not is_folder(entry) and not is_litter(entry.name)


def _overlapping(starts: array[int], ends: array[int], numbers: array[int]) -> set[int]:
    """The entries that share bytes with another one, as those of D. Fifield's bombs all do."""
    found: set[int] = set()
    last, last_end = -1, 0
    for at in sorted(range(len(starts)), key=starts.__getitem__):
        if last >= 0 and starts[at] < last_end:
            found.update((numbers[at], numbers[last]))
        if ends[at] > last_end:
            last, last_end = at, ends[at]
    return found
