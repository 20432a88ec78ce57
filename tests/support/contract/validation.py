"""The documents as a judge: every answer and frame that a client of the tests gets is checked."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import httpx
import jsonschema_rs
import orjson

from booking_rush.server.app import ROUTES
from booking_rush.server.contract.asyncapi import asyncapi
from booking_rush.server.contract.openapi import openapi

Json = dict[str, Any]

JSON, PROBLEM = "application/json", "application/problem+json"
BODY_BYTES_MAX = 256 * 1024  # larger ones are drawings and lists of the same


def closed(schema: Any) -> Any:
    """Return a schema that refuses members it does not name, as clients must not."""
    if isinstance(schema, list):
        return [closed(part) for part in cast("Any", schema)]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in cast("Json", schema).items()}
    if found.get("type") == "object" and found.get("properties"):
        found.setdefault("additionalProperties", False)
    return found


@cache
def documents() -> tuple[Json, Json]:
    """Return the documents for HTTP and for sockets."""
    return openapi(ROUTES), asyncapi()


def validator(schema: Json, components: Json) -> Any:
    """Return a validator of one schema of a document."""
    whole = {**closed(schema), "components": closed(components)}
    return jsonschema_rs.validator_for(whole, validate_formats=True)


class ContractError(AssertionError):
    """An answer or a frame that the documents do not have."""


@cache
def _paths() -> list[tuple[re.Pattern[str], Json]]:
    paths = documents()[0]["paths"]
    in_order = sorted(paths, key=lambda path: ("{file}" in path, path.count("{")))
    return [(_pattern(path), paths[path]) for path in in_order]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"{\w+}", path)
    between = ".+" if "{file}" in path else "[^/]+"
    return re.compile(between.join(map(re.escape, parts)) + r"\Z")


@cache
def _body_validator(operation_id: str, status: str, media_type: str) -> Any:
    document = documents()[0]
    [operation] = [
        operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == operation_id
    ]
    schema = operation["responses"][status]["content"][media_type]["schema"]
    schemas = {"schemas": document["components"]["schemas"]}
    return validator(schema, schemas)


@cache
def _problem_validator() -> Any:
    schemas = documents()[0]["components"]["schemas"]
    return validator({"$ref": "#/components/schemas/Problem"}, {"schemas": schemas})


def check_answer(method: str, path: str, status: int, media_type: str, body: bytes) -> None:
    """Check an answer by the document of HTTP.

    Raises:
        ContractError: its status, media type, code or a member is not documented.
    """
    where = f"{method} {path} {status} {media_type}"
    operation = next(
        (methods.get(method.lower()) for found, methods in _paths() if found.match(path)), None
    )
    if operation is None:  # no such route or method: refused, where it is not a preflight
        if media_type == PROBLEM:
            _check(_problem_validator(), orjson.loads(body), where)
        return
    response = operation["responses"].get(str(status))
    if response is None:
        raise ContractError(f"{where}: this status is not documented: {body[:500]!r}")
    if not body:
        return
    if media_type not in response["content"]:
        raise ContractError(f"{where}: this media type is not documented")
    if media_type in (JSON, PROBLEM) and len(body) <= BODY_BYTES_MAX:
        judge = _body_validator(operation["operationId"], str(status), media_type)
        _check(judge, orjson.loads(body), where)


async def check_response(response: httpx.Response) -> None:
    """Check an answer, as a hook of an HTTP client; streams are left to their reader."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if media_type in (JSON, PROBLEM) or "content-length" in response.headers:
        body = await response.aread()
        request = response.request
        if request.method != "HEAD" and not request.url.path.startswith("/static/"):
            check_answer(request.method, request.url.path, response.status_code, media_type, body)


@cache
def _frame_validators() -> dict[str, list[Any]]:
    components = documents()[1]["components"]
    schemas = components["schemas"]
    found: dict[str, list[Any]] = {}
    for message in components["messages"].values():
        found.setdefault(message["name"], []).append(
            validator(message["payload"], {"schemas": schemas})
        )
    return found


def check_frame(frame: Json) -> None:
    """Check a frame by the document of sockets.

    Raises:
        ContractError: its type or a member is not documented.
    """
    judges = _frame_validators().get(frame["type"], [])
    if not any(judge.is_valid(frame) for judge in judges):
        _check_first(judges, frame)


def _check_first(judges: Iterable[Any], frame: Json) -> None:
    for judge in judges:
        _check(judge, frame, frame["type"])
    raise ContractError(f"no frame of this type is documented: {frame}")


def _check(judge: Any, value: Any, where: str) -> None:
    error = next(iter(judge.iter_errors(value)), None)
    if error is not None:
        raise ContractError(f"{where}: {error.message[:300]}: {str(value)[:700]}")
