"""How often fields are right, on labelled documents."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from shared.errors import RequestError
from shared.fields.extraction import AUTO, extract
from shared.fields.found import FieldValue
from shared.fields.template import Template
from shared.result import Page

_DOCUMENTS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".pdf")
_SURE = 0.9


@dataclass
class Score:
    """Of one field: in how many documents it stands, was found, was right, and when sure."""

    wanted: int = 0
    found: int = 0
    right: int = 0
    sure: int = 0
    sure_and_right: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, wanted: Any, found: FieldValue | None, name: str) -> None:
        """Take one document's field."""
        self.wanted += wanted is not None
        if found is None:
            if wanted is not None:
                self.wrong.append(f"{name}: {wanted!r} was not found")
            return
        is_right = wanted is not None and _same(wanted, found)
        self.found += 1
        self.right += is_right
        self.sure += found.confidence > _SURE
        self.sure_and_right += is_right and found.confidence > _SURE
        if not is_right:
            self.wrong.append(f"{name}: {wanted!r} was {found.text!r} ({found.confidence:.2f})")

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Exact share, precision, and precision where the confidence is over 0.9."""
        return (
            self.right / max(1, self.wanted),
            self.right / max(1, self.found),
            self.sure_and_right / max(1, self.sure),
        )


@dataclass
class Measure:
    """The scores by type and field, and what extraction took of the processor."""

    scores: dict[str, dict[str, Score]]
    types: dict[str, Score]
    pages: int = 0
    seconds: float = 0.0


def measure(
    folder: Path, templates: Mapping[str, Template], url: str, api_key: str, *, auto: bool = True
) -> Measure:
    """Measure the documents of a folder. Raises RequestError."""
    found = Measure(defaultdict(lambda: defaultdict(Score)), defaultdict(Score))
    for document, label in labelled(folder):
        pages = _pages(document, url, api_key)
        kind = str(label.get("type"))
        if kind not in templates:
            raise RequestError(f"{document.stem}.json: there is no type {kind!r}.")
        begin = time.thread_time()
        fields = extract(pages, templates, AUTO if auto else kind)
        found.seconds += time.thread_time() - begin
        found.pages += len(pages)
        type_score = found.types[kind]
        type_score.wanted += 1
        type_score.right += fields.document_type == kind
        values = fields.fields if fields.document_type == kind else {}
        labels = label.get("fields", {})
        for name in {**templates[kind].fields, **labels}:  # a name that is misspelt shows, too
            found.scores[kind][name].add(labels.get(name), values.get(name), document.stem)
        _add_items(found.scores[kind], label.get("items", []), fields.items, document.stem)
    return found


def _add_items(
    scores: dict[str, Score], wanted: list[dict[str, Any]], found: list[Any], name: str
) -> None:
    for index in range(max(len(wanted), len(found))):
        line = wanted[index] if index < len(wanted) else {}
        other = found[index] if index < len(found) else {}
        for column in line.keys() | other.keys():
            scores[f"items.{column}"].add(line.get(column), other.get(column), name)


def labelled(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The documents of a folder with their labels. Raises RequestError."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in _DOCUMENTS]
    if not paths:
        raise RequestError(f"{folder} holds no documents.")
    for path in paths:
        try:
            label = json.loads(path.with_suffix(".json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RequestError(f"{path.name} has no label that can be read: {error}") from None
        yield path, label


def table(measured: Measure) -> str:
    """The scores as a table."""
    rows = []
    for kind, scores in measured.scores.items():
        told = measured.types[kind]
        rows.append(f"{kind}: {told.wanted} documents, {told.right} known as such")
        rows.append(
            "| field | documents | exact | precision | precision over 0.9 | share over 0.9 |"
        )
        rows.append("|---|---|---|---|---|---|")
        for name, score in scores.items():
            exact, precision, sure = (f"{number:.3f}" for number in score.numbers)
            share = score.sure / max(1, score.found)
            rows.append(
                f"| {name} | {score.wanted} | {exact} | {precision} | {sure} | {share:.2f} |"
            )
        rows.append("")
        rows += [f"  {name} of {wrong}" for name, one in scores.items() for wrong in one.wrong]
    per_page = 1000 * measured.seconds / max(1, measured.pages)
    return "\n".join([*rows, f"{per_page:.1f} ms of the processor a page"])


def _same(wanted: Any, found: FieldValue) -> bool:
    """Whether a value is right: numbers as numbers, texts but for space."""
    value = found.value
    if isinstance(wanted, (int, float)):
        return isinstance(value, (int, float)) and abs(value - wanted) < 1e-6
    return " ".join(str(wanted).split()) == " ".join(str(value).split())


def _pages(document: Path, url: str, api_key: str) -> list[Page]:
    kept = document.with_suffix(".result.json")
    if not kept.exists():
        kept.write_bytes(_read(document, url, api_key))
    data = json.loads(kept.read_text("utf-8"))
    return [Page.model_validate(page) for page in data["pages"]]


def _read(document: Path, url: str, api_key: str) -> bytes:
    """The result of a service."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        submit = urllib.request.Request(
            f"{url}/v1/jobs",
            document.read_bytes(),
            headers | {"Content-Type": "application/octet-stream", "Prefer": "wait=60"},
        )
        with urllib.request.urlopen(submit, timeout=90) as answer:
            job = json.load(answer)
        while job["status"] in ("queued", "running"):
            again = urllib.request.Request(f"{url}/v1/jobs/{job['id']}?wait=60", headers=headers)
            with urllib.request.urlopen(again, timeout=90) as answer:
                job = json.load(answer)
        result = urllib.request.Request(f"{url}/v1/jobs/{job['id']}/result", headers=headers)
        with urllib.request.urlopen(result, timeout=90) as answer:
            data: bytes = answer.read()
            return data
    except (URLError, OSError) as error:
        raise RequestError(f"{document.name} cannot be read at {url}: {error}") from None
