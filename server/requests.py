"""What handlers share: who is asking, what they say, how they are answered."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import msgspec
import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from booking_rush.booking.holds.hold_request import check_key
from booking_rush.errors import Invalid, Refusal
from booking_rush.server.house import House
from booking_rush.server.operators import Operator, Role
from booking_rush.server.problems import (
    CsrfFailed,
    Malformed,
    NotAuthenticated,
    TooLarge,
    UnsupportedMediaType,
    problem,
)
from booking_rush.server.room import Room
from booking_rush.server.wire import mistake

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

BODY_BYTES_MAX = 64 * 1024
CHART_BYTES_MAX = 8 * 1024 * 1024
PAGE, PAGE_MAX = 100, 1000


def house_of(connection: HTTPConnection) -> House:
    """The house that serves this connection."""
    return cast("House", connection.app.state.house)


async def room_of(request: Request) -> Room:
    """The room of the event in the path.

    Raises:
        UnknownEvent: there is no such event.
    """
    return await house_of(request).rooms.room(request.path_params["event"])


def visitor_of(connection: HTTPConnection, house: House) -> str:
    """The visitor who asks; a bearer token wins over the cookie.

    Raises:
        NotAuthenticated: no token, or not a good one.
    """
    token = bearer_of(connection) or connection.cookies.get(visitor_cookie(connection), "")
    if not token:
        raise NotAuthenticated
    return house.tokens.read(token)


def visitor_cookie(connection: HTTPConnection) -> str:
    """The cookie's name; over TLS the prefix keeps other hosts from setting it."""
    return "__Host-rush_visitor" if is_secure(connection) else "rush_visitor"


def is_secure(connection: HTTPConnection) -> bool:
    """Whether this came over TLS, to us or to a proxy that we trust."""
    return connection.scope["scheme"] in ("https", "wss")


def bearer_of(connection: HTTPConnection) -> str:
    """The bearer token; empty when there is no Authorization header."""
    header = connection.headers.get("authorization")
    if header is None:
        return ""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("the Authorization header is no bearer token")
    return token.strip()


async def operator_of(connection: HTTPConnection, house: House) -> Operator:
    """The operator who asks, by API key or by session.

    Raises:
        NotAuthenticated: neither is good.
    """
    if key := bearer_of(connection):
        return await house.operators.by_key(key)
    cookie = connection.cookies.get("rush_admin", "")
    if not cookie:
        raise NotAuthenticated("log in first")
    return await house.operators.by_cookie(cookie)


async def need_operator(request: Request, role: Role) -> Operator:
    """The operator who asks, of at least a role; a browser's write proves that its page asked.

    Raises:
        NotAuthenticated, Forbidden, CsrfFailed: who, what, whence.
    """
    operator = await operator_of(request, house_of(request))
    sent = request.headers.get("x-csrf-token", "")
    if request.method not in ("GET", "HEAD") and operator.csrf and sent != operator.csrf:
        raise CsrfFailed
    operator.need(role)
    return operator


async def read_json(request: Request, kind: type[T], *, most: int = BODY_BYTES_MAX) -> T:
    """The body as a value of a kind.

    Raises:
        UnsupportedMediaType, TooLarge, Malformed, Invalid: what is wrong with it.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMediaType(f"we read application/json, not {content_type or 'nothing'}")
    return decoded(await read_body(request, most=most), kind)


def decoded(body: bytes, kind: type[T]) -> T:
    """JSON as a value of a kind.

    Raises:
        Malformed, Invalid: no JSON, or JSON of something else.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise mistake(error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Malformed(f"the body is no JSON: {error}") from None


async def read_body(request: Request, *, most: int = BODY_BYTES_MAX) -> bytes:
    """The body, up to a size.

    Raises:
        TooLarge: it is larger; no more of it is read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"bodies have up to {most} bytes here")
    return bytes(body)


def idempotency_key_of(request: Request) -> str:
    """The Idempotency-Key.

    Raises:
        IdempotencyKeyMissing, Invalid: there is none, or it is not 1 to 64 characters.
    """
    return check_key(request.headers.get("idempotency-key"))


def page_of(request: Request) -> tuple[int, str | None]:
    """`?limit=` and `?after=` of a list.

    Raises:
        Invalid: limit is no number from 1 to 1,000.
    """
    given = request.query_params.get("limit", str(PAGE))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= PAGE_MAX:
        raise Invalid(("limit", f"a number from 1 to {PAGE_MAX}"))
    return int(given), request.query_params.get("after")


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
