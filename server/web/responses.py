"""Responses: JSON answers, refusals as problem+json, and a denied handshake."""

import uuid
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Scope, Send

from booking_rush.errors import Refusal
from booking_rush.server.protocol.problems import problem


def trace_id_of(scope: Scope) -> str:
    """The trace that a request belongs to; every problem carries it."""
    return str(scope.setdefault("trace_id", uuid.uuid4().hex))


async def deny(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Answer a handshake with a problem instead of a socket."""
    response = refuse(refusal, trace_id_of(scope))
    await send(
        {
            "type": "websocket.http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "websocket.http.response.body", "body": response.body})


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """JSON, or nothing."""
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def refuse(refusal: Refusal, trace_id: str, headers: dict[str, str] | None = None) -> Response:
    """A refusal as problem+json."""
    headers = dict(headers or {})
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    return Response(
        orjson.dumps(problem(refusal, trace_id)),
        refusal.status,
        headers,
        media_type="application/problem+json",
    )
