"""Templates: which fields a type of document has, and how each is found (docs/fields.md).

It is declared here and read from YAML; patterns.py has the patterns.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from shared.errors import SettingError
from shared.fields.patterns import Lines, Pattern, Written, label_pattern
from shared.fields.rows import fold

SHIPPED = Path(__file__).parent / "templates"
MAX_BYTES = 100_000
_SAID = {
    "tuple_type": "it is a list: `[one, two]`, or lines that begin with `- `",
    "model_type": "it has keys of its own: `key: value`",
    "dict_type": "it has keys of its own: `key: value`",
    "extra_forbidden": "there is no such key here",
    "missing": "it is not there",
    "string_type": "it is a text: YAML takes it for something else, quotes help",
}
"""What pydantic says in words of Python, in those of YAML."""

Kind = Literal[
    "text", "number", "date", "amount", "quantity", "tax_code", "citizen_id", "amount_in_words"
]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hint(_Strict):
    """A text that tells the type; `chance`: of being of it where the text stands."""

    pattern: Lines
    chance: Share


class Way(_Strict):
    """One way to find a value. What is given must all be so."""

    labels: tuple[str, ...] = ()
    where: Literal["right", "below", "beside"] = "beside"
    pattern: Pattern | None = None
    area: tuple[Share, Share, Share, Share] | None = None
    after: Pattern | None = None
    before: Pattern | None = None
    under: Name | None = None
    over: Name | None = None
    lines: Written | None = None
    without: Pattern | None = None
    starts: Pattern | None = None
    ends: Pattern | None = None
    cut: Pattern | None = None
    max_lines: Annotated[int, Field(ge=1, le=40)] = 1
    max_gap: Annotated[float, Field(gt=0, le=20)] = 1.3
    pick: Literal["first", "last"] = "first"
    mrz: Name | None = None
    qr: Annotated[int, Field(ge=0, le=20)] | None = None

    @model_validator(mode="after")
    def _finds_something(self) -> Way:
        means = (self.labels, self.pattern, self.under, self.over, self.mrz)
        if not any(means) and self.qr is None:
            raise ValueError("a way needs `labels`, `pattern`, `under`, `over`, `mrz` or `qr`")
        return self

    @cached_property
    def plain_labels(self) -> tuple[str, ...]:
        """The labels without diacritics."""
        return tuple(map(fold, self.labels))

    @cached_property
    def label(self) -> Any:
        """The pattern of the labels, with what stands between one and its value."""
        return label_pattern(self.labels)


class FieldTemplate(_Strict):
    """A field: what its value is, and the ways to find it, the first that does counts.

    `values` are the texts that it can have: the value is the one that was read, whatever diacritics
    were. `begins` are the words that nearly all values begin with. `trust` is the share of values
    found so that were right where all words were read right.
    """

    kind: Kind = "text"
    find: Annotated[tuple[Way, ...], Field(min_length=1, max_length=8)]
    values: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    trust: Share = 0.95

    def is_usual(self, text: str) -> bool:
        """Whether a value begins as values do, behind titles such as `TS.`."""
        words = [word for word in text.lower().split() if not word.endswith(".")]
        return not self.begins or bool(words and words[0] in self._beginnings)

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(map(str.lower, self.begins))


class Column(_Strict):
    """A column of the lines of an invoice; one that is `left_out` only keeps others clean."""

    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Kind = "text"
    trust: Share = 0.95
    left_out: bool = False


class Items(_Strict):
    """Lines that repeat: found by the head of their columns, up to a line that `ends` them."""

    columns: Annotated[dict[Name, Column], Field(min_length=2, max_length=12)]
    ends: Pattern
    skip: Pattern | None = None


class Check(_Strict):
    """What must fit together; amounts are names of fields, or `items.COLUMN` for their sum."""

    check: Literal["sum", "product", "words", "not_in_future", "same"]
    of: Annotated[tuple[str, ...], Field(min_length=1, max_length=6)]
    equals: str | None = None
    tolerance: Annotated[float, Field(ge=0)] = 1


class Template(_Strict):
    """A type of document; what `apart` finds is a line of its own, whatever stands beside it."""

    type: Name
    title: str
    currency: str = "VND"
    recognise: Annotated[tuple[Hint, ...], Field(min_length=1, max_length=40)]
    apart: Pattern | None = None
    fields: Annotated[dict[Name, FieldTemplate], Field(min_length=1, max_length=60)]
    items: Items | None = None
    checks: tuple[Check, ...] = ()
    _digest: str = PrivateAttr("")

    @property
    def digest(self) -> str:
        """What tells this template from others."""
        return self._digest

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Template:
        seen: set[str] = set()
        for name, field in self.fields.items():
            for way in field.find:
                for other in (way.under, way.over):
                    if other and other not in seen:
                        raise ValueError(f"`{name}` names `{other}`, which is no field above it")
            seen.add(name)
        columns = {f"items.{name}" for name in self.items.columns} if self.items else set()
        for check in self.checks:
            for name in (*check.of, *filter(None, [check.equals])):
                if name not in seen | columns:
                    raise ValueError(f"a check names `{name}`, which is no field")
        return self


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without aliases, which can grow without end, and without keys given twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases are not used here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value if isinstance(key.value, str)]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"`{name}` is given twice")
        return dict(super().construct_mapping(node, deep))


def read_template(text: str, source: str = "template") -> Template:
    """A template out of YAML. Raises SettingError, which says where and what."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise SettingError(f"{source} is longer than {MAX_BYTES} bytes.")
    try:
        data = yaml.load(text, _Loader)  # a safe one
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split()) or "it is nested too deep"
        raise SettingError(f"{source} is no YAML that can be used: {reason[:300]}") from None
    try:
        template = Template.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the template"
        message = _SAID.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{source}: {place}: {message}") from None
    template._digest = sha256(text.encode()).hexdigest()
    return template


def load_templates(folder: Path | None = None) -> dict[str, Template]:
    """The shipped templates, and those of a folder, which go before them. Raises SettingError."""
    found: dict[str, Template] = {}
    for place in (SHIPPED, *([folder] if folder else [])):
        if not place.is_dir():
            raise SettingError(f"{place} is no folder of templates.")
        for path in sorted(place.glob("*.y*ml")):
            template = read_file(path)
            found[template.type] = template
    return found


def read_file(path: Path) -> Template:
    """A template out of a file. Raises SettingError."""
    try:
        with path.open(encoding="utf-8") as file:
            return read_template(file.read(MAX_BYTES + 1), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from None
