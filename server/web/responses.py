"""Responses: JSON answers, refusals as problem+json, and the ids of both."""

import asyncio
import hashlib
import random
import re
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from booking_rush.compression import Encodings, preferred_encoding
from booking_rush.errors import Refusal
from booking_rush.server.protocol.problems import problem
from booking_rush.server.protocol.ticket_codes import image_of

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
# W3C Trace Context, 3.2.2: ids of zeros alone are none.
TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def trace_id_of(scope: Scope) -> str:
    """Return the trace id of a request, which every problem carries; the first call makes one."""
    return str(scope.setdefault("trace_id", new_trace_id()))


def ids_of(headers: Sequence[tuple[bytes, bytes]], trace_id: str = "") -> tuple[str, str]:
    """Return the trace id of a request and its own id, for its answer.

    A request without an id of its own has that of its trace; without a `traceparent`, and where
    its span has none, that is a new one.
    """
    given = b""
    for name, value in headers:
        if name == b"traceparent" and not trace_id and (found := TRACEPARENT.match(value)):
            trace_id = found[1].decode()
        elif name == b"x-request-id" and not given:
            given = value
    trace_id = trace_id or new_trace_id()
    return trace_id, given.decode() if REQUEST_ID.match(given) else trace_id


def new_trace_id() -> str:
    """Make a trace id, 32 hexadecimal digits (W3C Trace Context, 3.2.2.3). It is no secret."""
    return f"{random.getrandbits(128):032x}"


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """Return a response with a JSON body, or without a body for None."""
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def has_current(headers: Headers, etag: str) -> bool:
    """Return whether `If-None-Match` names this tag by weak comparison, or is `*`.

    RFC 9110, 13.1.2. Proxies that compress make a tag weak (`W/"…"`), so only what is between
    the quotes counts.
    """
    given = ",".join(headers.getlist("if-none-match"))
    return given.strip() == "*" or etag.removeprefix("W/") in ETAG.findall(given)


def answer_encoded(
    headers: Headers, encodings: Encodings, etag: str, cache_control: str, media_type: str
) -> Response:
    """Return a response in the encoding that suits the client, or 304 when the client has it.

    `etag` is the tag of the body as it is; each encoding has one of its own.
    """
    encoding, members = negotiate(headers, encodings)
    tag = f'{etag[:-1]}-{encoding}"' if encoding else etag
    members |= {"ETag": tag, "Cache-Control": cache_control}
    if has_current(headers, tag):
        members.pop("Content-Encoding", None)
        return Response(status_code=304, headers=members)
    return Response(encodings[encoding], headers=members, media_type=media_type)


def negotiate(headers: Headers, encodings: Encodings) -> tuple[str, dict[str, str]]:
    """Return the encoding that suits the client, and the headers that say so."""
    encoding = preferred_encoding(",".join(headers.getlist("accept-encoding")), encodings)
    members = {"Vary": "Accept-Encoding"}
    return encoding, members | ({"Content-Encoding": encoding} if encoding else {})


def refuse(refusal: Refusal, trace_id: str, headers: dict[str, str] | None = None) -> Response:
    """Return a refusal as a response with `application/problem+json`."""
    headers = {**refusal.headers, **(headers or {})}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    return Response(
        orjson.dumps(problem(refusal, trace_id)),
        refusal.status,
        headers,
        media_type="application/problem+json",
    )


async def answer_code(headers: Headers, code: str) -> Response:
    """Answer with the image of a ticket's code, or 304; a refund ends the code."""
    etag = f'"{hashlib.sha256(code.encode()).hexdigest()[:32]}"'
    kept = {"Cache-Control": "private, no-cache", "ETag": etag}
    if has_current(headers, etag):
        return Response(status_code=304, headers=kept)
    image = await asyncio.to_thread(image_of, code)
    return Response(image, 200, kept, media_type="image/svg+xml")
