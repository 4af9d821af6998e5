"""What a view takes and answers: checked on the way in, and told to the API's description.

Our own, where APIFlask and flask-openapi3 would do for views of one JSON body and one answer: these
have bodies that stream in, and bodies and answers of several types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any

from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.datastructures import MultiDict

from api.http.body import OVERHEAD_BYTES, pieces
from shared import errors
from shared.errors import DocchuError, InvalidOption, RequestError, UnsupportedMediaType
from shared.incoming import strict_json
from shared.options import refusal

JSON = "application/json"
BINARY = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}
EVENTS: dict[str, Any] = {}
"""OpenAPI 3.1 has no schema of server-sent events: some tools read it as one of the whole text."""
BASE64 = {"type": "string", "contentEncoding": "base64"}

Content = Mapping[str, Any]
"""By media type: a type that pydantic knows, a JSON schema, or a `Form`."""
View = Callable[..., Any]


class NoQuery(BaseModel):
    """No query at all."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Answer:
    """An answer when all is well: what it means, its contents and its headers."""

    description: str
    content: Content = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form with files, beside which the fields of its body may stand."""

    files: Mapping[str, Any]
    required: tuple[str, ...] = ()
    is_closed: bool = True


@dataclass(frozen=True)
class Body:
    """A body that its view reads itself, as it streams in; `fields` may stand in the query, too."""

    content: Content
    fields: type[BaseModel] | None = NoQuery
    required: bool = True


@dataclass(frozen=True)
class ErrorBody:
    """How errors are told: as what, as which model, and with which status each."""

    media_type: str
    model: type[BaseModel]
    status_of: Callable[[type[DocchuError]], int]


@dataclass(frozen=True)
class Operation:
    """What a view takes and answers. No `query`: it is not looked at."""

    answers: Mapping[int, Answer]
    errors: tuple[type[DocchuError], ...] = ()
    query: type[BaseModel] | None = NoQuery
    body: type[BaseModel] | Body | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    error_body: ErrorBody | None = None  # a problem, where there is none

    @property
    def all_errors(self) -> tuple[type[DocchuError], ...]:
        """The errors of the view, and those of what is read before it."""
        before: tuple[type[DocchuError], ...] = (InvalidOption,) if self.query else ()
        if self.body:
            before += (RequestError, UnsupportedMediaType, errors.DocumentTooLarge, InvalidOption)
        return (*self.errors, *before)


def operation(
    answer: Any = None,
    status: int = 200,
    description: str = "As asked",
    *,
    content: Content | None = None,
    answer_headers: tuple[str, ...] = (),
    more: Mapping[int, Answer] | None = None,
    **told: Any,
) -> Callable[[View], Callable[..., Response]]:
    """Make a function a view that is described, and whose query and JSON body are checked.

    It gets them as `query` and `body` if it has arguments of these names, and may answer with the
    model `answer`. `told` are further members of `Operation`.
    """
    shown = content if content is not None else {JSON: answer} if answer is not None else {}
    answers = {status: Answer(description, shown, answer_headers), **(more or {})}
    described = Operation(answers, **told)

    def decorate(view: View) -> Callable[..., Response]:
        wanted = signature(view).parameters

        @wraps(view)
        def checked(**values: Any) -> Response:
            if described.query is not None and not isinstance(described.body, Body):
                query = _checked_query(described.query)
                values |= {"query": query} if "query" in wanted else {}
            if isinstance(described.body, type):
                values["body"] = _checked_body(described.body)
            found = view(**values)
            return found if isinstance(found, Response) else json_answer(found, status)

        checked.operation = described  # type: ignore[attr-defined]
        return checked

    return decorate


def json_answer(model: BaseModel, status: int = 200) -> Response:
    """A model as the answer."""
    return Response(model.model_dump_json(by_alias=True), status, mimetype=JSON)


def texts(source: MultiDict[str, str]) -> dict[str, str]:
    """A query's or form's options; empty ones count as absent, as browsers send empty fields."""
    return {name: value for name, value in _once_each(source).items() if value != ""}


def _once_each(source: MultiDict[str, str]) -> dict[str, str]:
    for name, values in source.lists():
        if len(values) > 1:
            raise InvalidOption(f"`{name[:64]}` is given twice.", option=name[:64])
    return source.to_dict()


def _checked_query(model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate(_once_each(request.args))
    except ValidationError as error:
        raise refusal(error) from None


def _checked_body(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be JSON, sent as `{JSON}`.")
    data = b"".join(pieces(request, OVERHEAD_BYTES))
    try:
        if not isinstance(strict_json.loads(data), dict):
            raise RequestError("The body must be a JSON object.")
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise refusal(error) from None
    except ValueError as error:
        raise RequestError("The body is not JSON, or was cut short.") from error
