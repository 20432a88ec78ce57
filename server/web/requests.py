"""What handlers share: who is asking, what they say, how they are answered."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from uuid import UUID

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.booking.holds.hold_request import check_key
from booking_rush.errors import Invalid
from booking_rush.server.protocol.frames import mistake
from booking_rush.server.protocol.problems import (
    Malformed,
    TooLarge,
    UnsupportedMediaType,
)
from booking_rush.server.rooms.room import Room
from booking_rush.server.web.services import Services

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

BODY_BYTES_MAX = 64 * 1024
CHART_BYTES_MAX = 8 * 1024 * 1024
PAGE, PAGE_MAX = 100, 1000


def services_of(connection: HTTPConnection) -> Services:
    """The house that serves this connection."""
    return cast("Services", connection.app.state.services)


async def room_of(request: Request) -> Room:
    """The room of the event in the path.

    Raises:
        UnknownEvent: there is no such event.
    """
    return await services_of(request).rooms.room(request.path_params["event"])


async def read_json(request: Request, kind: type[T], *, bytes_max: int = BODY_BYTES_MAX) -> T:
    """The body as a value of a kind.

    Raises:
        UnsupportedMediaType, TooLarge, Malformed, Invalid: what is wrong with it.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMediaType(f"we read application/json, not {content_type or 'nothing'}")
    return decode_json(await read_body(request, bytes_max=bytes_max), kind)


def decode_json(body: bytes, kind: type[T]) -> T:
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


async def read_body(request: Request, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body, up to a size.

    Raises:
        TooLarge: it is larger; no more of it is read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise TooLarge(f"bodies have up to {bytes_max} bytes here")
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


def booking_id_of(text: str) -> UUID:
    """A booking's id.

    Raises:
        UnknownBooking: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise UnknownBooking from None


def page_start_of(after: str | None) -> UUID | None:
    """Where a page of bookings begins.

    Raises:
        Invalid: it is no booking's id.
    """
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid(("after", "a booking's id")) from None
