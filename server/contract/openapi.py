"""The OpenAPI 3.1 document of the routes: paths, parameters, bodies, answers and refusals."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from booking_rush.booking import series
from booking_rush.booking.holds import booking_search
from booking_rush.booking.holds.states import STATES
from booking_rush.booking.visitor_list import CONDITIONS
from booking_rush.errors import Refusal
from booking_rush.server.admin.events import FOR_S_MAX
from booking_rush.server.contract.members import Problem
from booking_rush.server.contract.operation import Operation, refusals_of
from booking_rush.server.contract.operations import OPERATIONS
from booking_rush.server.contract.schemas import Json, first_line, reference, schemas_of

JSON, PROBLEM = "application/json", "application/problem+json"
VERSION = "1"  # of the wire contract
UUID_SCHEMA = {"type": "string", "format": "uuid"}
PATH: dict[str, tuple[str, Json]] = {
    "event": ("The event's id.", {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}),
    "hold": ("The hold's id.", UUID_SCHEMA),
    "booking": ("The booking's id, which is its hold's.", UUID_SCHEMA),
    "ticket": ("The ticket's id.", {"type": "string"}),
    "link": ("The secret of a booking's tickets.", {"type": "string"}),
    "number": ("The ticket's number, from 1.", {"type": "integer", "minimum": 1}),
    "ban": ("The ban's id.", UUID_SCHEMA),
    "visitor": ("The visitor's id.", {"type": "string", "pattern": "^v_[0-9a-z_-]{1,64}$"}),
    "provider": ("The payment provider.", {"type": "string", "pattern": "^[a-z_]{1,32}$"}),
    "session": ("The session's id.", {"type": "string", "pattern": "^[0-9a-f]{16}$"}),
    "operator": ("The operator's name.", {"type": "string", "maxLength": 64}),
    "file": ("The path of a file.", {"type": "string"}),
}
QUERY: dict[str, tuple[str, Json]] = {
    "limit": (
        "Entries of a page.",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
    "after": ("The end of the page before.", {"type": "string", "maxLength": 200}),
    "form": ("The compact form, a fraction of the bytes.", {"const": "compact"}),
    "state": ("Only bookings or visitors in this state.", {"enum": [*STATES, *CONDITIONS]}),
    "q": (
        "A reference, visitor, seat or mail address; of visitors the number, too.",
        {"type": "string", "maxLength": booking_search.TEXT_MAX},
    ),
    "visitor": ("A visitor whom a ban would mean.", {"type": "string", "maxLength": 66}),
    "block": ("An address block that a ban would mean.", {"type": "string", "maxLength": 64}),
    "for": (
        "For how many seconds rules are set; without it, for good.",
        {"type": "integer", "minimum": 1, "maximum": FOR_S_MAX},
    ),
    "minutes": (
        "How far back.",
        {
            "type": "integer",
            "minimum": series.MINUTES_MIN,
            "maximum": series.MINUTES_MAX,
            "default": series.MINUTES,
        },
    ),
}
HEADERS: dict[str, tuple[str, bool, Json]] = {
    "Idempotency-Key": (
        "New for every new wish.", True, {"type": "string", "minLength": 1, "maxLength": 64},
    ),
    "Booking-Pass": ("The pass of an admitted visitor, which only a repeat can do without.", False,
                     {"type": "string"}),
    "If-None-Match": ("The tag of the copy at hand.", False, {"type": "string"}),
}  # fmt: skip
RETRY_AFTER = {
    "description": "Seconds until the next try.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
REQUEST_ID = {
    "description": "The request's `X-Request-ID`, or a new one.",
    "schema": {"type": "string"},
}
SECURITY_SCHEMES: Json = {
    "visitorCookie": {"type": "apiKey", "in": "cookie", "name": "rush_visitor",
                      "description": "Over TLS it is named `__Host-rush_visitor`."},
    "visitorToken": {"type": "http", "scheme": "bearer",
                     "description": "The token of `POST /api/v1/visitors`; wins over the cookie."},
    "operatorSession": {"type": "apiKey", "in": "cookie", "name": "rush_admin",
                        "description": "Over TLS it is named `__Host-rush_admin`."},
    "csrfToken": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token",
                  "description": "On writes with a session."},
    "operatorKey": {"type": "http", "scheme": "bearer", "description": "An operator's API key."},
}  # fmt: skip
SECURITY: dict[str, list[Json]] = {
    "nobody": [],
    "visitor": [{"visitorToken": []}, {"visitorCookie": []}],
    "viewer": [{"operatorKey": []}, {"operatorSession": []}],
    "operator": [{"operatorKey": []}, {"operatorSession": [], "csrfToken": []}],
}


def openapi(routes: Sequence[BaseRoute]) -> Json:
    """Return the document of a route table."""
    found = list(entries(routes))
    bodies = {body for _, _, handler in found for body in _types_of(OPERATIONS[handler])}
    ordered = sorted(bodies, key=lambda type_: type_.__name__)
    references, schemas = schemas_of([Problem, *ordered])
    paths: dict[str, Json] = {}
    for path, method, handler in found:
        paths.setdefault(path, {})[method.lower()] = _operation(
            path, method, OPERATIONS[handler], references
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Booking Rush",
            "version": VERSION,
            "description": "A virtual queue and box office. Members may be added at any time: "
            "ignore those that you do not know. Frames are in `/asyncapi.json`.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": SECURITY_SCHEMES,
            "headers": {"Retry-After": RETRY_AFTER, "X-Request-ID": REQUEST_ID},
        },
    }


def entries(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and handler of every route; a mount serves the files below its path."""
    for route in routes:
        if isinstance(route, Mount):
            yield f"{route.path}/{{file}}", "GET", route.app
        elif isinstance(route, Route):
            endpoint: Any = route.endpoint
            handler = endpoint.func if isinstance(endpoint, partial) else endpoint
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield route.path, method, handler  # pyright: ignore[reportUnknownMemberType]


def _types_of(operation: Operation) -> Iterator[Any]:
    every = (operation.body, *(body for bodies in operation.answers.values() for body in bodies))
    return (body for body in every if isinstance(body, type))


def _operation(path: str, method: str, known: Operation, references: Any) -> Json:
    members: Json = {
        "operationId": _name_of(path, method),
        "summary": known.summary,
        "tags": [_tag_of(path)],
        "security": SECURITY[known.caller],
        "parameters": list(_parameters(path, known)),
        "responses": _responses(known, references),
    }
    if known.body is not None:
        members["requestBody"] = {
            "required": not known.is_body_optional,
            "content": {JSON: {"schema": references[known.body]}},
        }
    return members


def _name_of(path: str, method: str) -> str:
    """Return the operation's id: `post_api_v1_events_event_holds`."""
    return "_".join([method.lower(), *re.findall(r"[a-z0-9]+", path)])


def _tag_of(path: str) -> str:
    parts = path.split("/")
    if parts[1] != "api":
        return "pages and process"
    return "operators" if parts[3] == "admin" else "visitors"


def _parameters(path: str, operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", path):
        description, schema = PATH[name]
        yield _parameter(name, "path", description, schema, required=True)
    for name in operation.query:
        description, schema = QUERY[name]
        yield _parameter(name, "query", description, schema, required=False)
    for name in operation.headers:
        description, required, schema = HEADERS[name]
        yield _parameter(name, "header", description, schema, required=required)


def _parameter(name: str, where: str, description: str, schema: Json, *, required: bool) -> Json:
    return {
        "name": name,
        "in": where,
        "required": required,
        "description": description,
        "schema": schema,
    }


def _responses(operation: Operation, references: Any) -> Json:
    """Return the answers of an operation, and its refusals by their status."""
    by_status: dict[int, Json] = {}
    for status, bodies in operation.answers.items():
        content = {
            body if isinstance(body, str) else JSON: {
                "schema": {"type": "string"} if isinstance(body, str) else references[body]
            }
            for body in bodies
        }
        by_status[status] = {"description": _description(bodies), "content": content}
    refusals = refusals_of(operation)
    for status in sorted({refusal.status for refusal in refusals}):
        given = [refusal for refusal in refusals if refusal.status == status]
        response = by_status.setdefault(status, {"description": "", "content": {}})
        titles = "; ".join(f"`{refusal.code}`: {refusal.title()}" for refusal in given)
        response["description"] = "; ".join(filter(None, (response["description"], titles)))
        response["content"][PROBLEM] = {"schema": _problem(given)}
        if (
            any(refusal.retry_after_s is not None for refusal in given)
            and len(response["content"]) == 1
        ):
            response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    for response in by_status.values():
        response.setdefault("headers", {})["X-Request-ID"] = {
            "$ref": "#/components/headers/X-Request-ID"
        }
    return {str(status): by_status[status] for status in sorted(by_status)}


def _description(bodies: Iterable[Any]) -> str:
    return (
        " or ".join(
            body if isinstance(body, str) else first_line(body).rstrip(".") for body in bodies
        )
        or "No body"
    )


def _problem(refusals: Iterable[type[Refusal]]) -> Json:
    codes = sorted({refusal.code for refusal in refusals})
    return {"allOf": [reference("Problem"), {"properties": {"code": {"enum": codes}}}]}
