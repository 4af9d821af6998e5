"""JSON schemas of what is taken and answered: each model once, under its name."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from api.http.operations import Body, Content, Form

Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"
EXAMPLES = Path(__file__).with_name("examples.json")
_NULL = {"type": "null"}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat a name, and the defaults of what is sent.

    A generated client would send each of those, and so ask for it.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization":  # where all is there but what has a reason not to be
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)

    def default_schema(self, schema: Any) -> Schema:
        if self.mode == "validation":
            return self.generate_inner(schema["schema"])
        return dict(super().default_schema(schema))


class Schemas:
    """Collects models as they are asked for. `max_ttl_s`: what an option may be depends on it."""

    def __init__(self, max_ttl_s: int) -> None:
        self.components: dict[str, Schema] = {}
        self._known: set[tuple[type[BaseModel], str]] = set()
        self._max_ttl_s = max_ttl_s

    def of(self, kind: Any, mode: JsonSchemaMode = "serialization") -> Schema:
        """The schema of a type, a reference to that of a model. Raises ValueError for a name twice.

        What is a schema already stays what it is.
        """
        if isinstance(kind, dict):
            return kind
        for one in get_args(kind) or (kind,):
            if _is_model(one) and (one, mode) not in self._known:
                self._known.add((one, mode))
                self._add(one.__name__, self._schema(one, mode))
        if _is_model(kind):
            return {"$ref": _REF.format(model=kind.__name__)}
        return self._schema(kind, mode)

    def with_examples(self) -> dict[str, Schema]:
        """All that was asked for; an answer's example has what it leaves out as the default is.

        One that is no example any more is left out: the tests say so, and callers need not care.
        """
        examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
        for kind, mode in self._known:
            if example := examples.get(kind.__name__):
                with suppress(ValidationError):
                    shown = _answered(kind, example) if mode == "serialization" else example
                    self.components[kind.__name__]["examples"] = [shown]
        return self.components

    def fields(self, model: type[BaseModel] | None) -> dict[str, Schema]:
        """The members of a query or form: what is null elsewhere is absent there."""
        if model is None:
            return {}
        properties = self._schema(model, "validation").get("properties", {})
        return {name: _without_null(schema) for name, schema in properties.items()}

    def content(self, content: Content, mode: JsonSchemaMode = "serialization") -> Schema:
        """Media types with their schemas."""
        return {name: {"schema": self.of(kind, mode)} for name, kind in content.items()}

    def bodies(self, body: Body) -> Schema:
        """The media types of a body that streams in, its forms with the fields of it."""

        def schema(kind: Any) -> Any:
            if not isinstance(kind, Form):
                return kind
            return {
                "type": "object",
                "properties": {**kind.files, **self.fields(body.fields)},
                "required": list(kind.required),
                "additionalProperties": not kind.is_closed,
            }

        shown = {name: schema(kind) for name, kind in body.content.items()}
        return self.content(shown, "validation")

    def _schema(self, kind: Any, mode: JsonSchemaMode) -> Schema:
        made = TypeAdapter(kind).json_schema(
            mode=mode, ref_template=_REF, schema_generator=_Generator
        )
        inner = made.pop("$defs", {})
        for one in (made, *inner.values()):
            if mode == "validation" and (ttl := one.get("properties", {}).get("ttl_s")):
                ttl["anyOf"][0]["maximum"] = self._max_ttl_s
        for name, schema in inner.items():
            self._add(name, schema)
        return made

    def _add(self, name: str, schema: Schema) -> None:
        if self.components.setdefault(name, schema) != schema:
            raise ValueError(f"two schemas have the name {name}")


def _answered(kind: type[BaseModel], example: Schema) -> Schema:
    hidden = {name: "" for name, field in kind.model_fields.items() if field.exclude}
    return kind.model_validate(example | hidden).model_dump(mode="json", by_alias=True)


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _without_null(schema: Schema) -> Schema:
    kinds: list[Schema] = [one for one in schema.get("anyOf", ()) if one != _NULL]
    if len(kinds) != 1:
        return schema
    found: Schema = {name: value for name, value in schema.items() if name != "anyOf"}
    return found | kinds[0]
