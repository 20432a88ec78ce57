"""Requests as handlers read them: services, room, body, page of a list, ids."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from uuid import UUID

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.errors import Invalid
from booking_rush.server.protocol.frames import mistake
from booking_rush.server.protocol.problems import (
    Malformed,
    TooLarge,
    UnsupportedMediaType,
    check_key,
)
from booking_rush.server.rooms.room import Room
from booking_rush.server.web.services import Services

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

BODY_BYTES_MAX = 64 * 1024
CHART_BYTES_MAX = 8 * 1024 * 1024
PAGE, PAGE_MAX = 100, 1000  # entries of a list in one answer


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the process that serves this connection."""
    return cast("Services", connection.app.state.services)


async def room_of(request: Request) -> Room:
    """Return the room of the event in the path.

    Raises:
        UnknownEvent: there is no such event.
    """
    return await services_of(request).rooms.room(request.path_params["event"])


async def read_json(request: Request, type_: type[T], *, bytes_max: int = BODY_BYTES_MAX) -> T:
    """Read a JSON body. Return it as a value of this type.

    Raises:
        UnsupportedMediaType, TooLarge: it is not read.
        Malformed, Invalid: it is no JSON, or not of this type.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMediaType(f"we read application/json, not {content_type or 'nothing'}")
    return decode_json(await read_body(request, bytes_max=bytes_max), type_)


def decode_json(body: bytes, type_: type[T]) -> T:
    """Return JSON as a value of this type.

    Raises:
        Malformed, Invalid: it is no JSON, or not of this type.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise mistake(error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Malformed(f"the body is no JSON: {error}") from None


async def read_body(request: Request, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Read and return a body.

    Raises:
        TooLarge: it is larger than `bytes_max`; the rest is not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise TooLarge(f"bodies have up to {bytes_max} bytes here")
    return bytes(body)


def idempotency_key_of(request: Request) -> str:
    """Return the Idempotency-Key header.

    Raises:
        IdempotencyKeyMissing, Invalid: there is none, or it is not 1 to 64 characters.
    """
    return check_key(request.headers.get("idempotency-key"))


def page_of(request: Request) -> tuple[int, str | None]:
    """Return `?limit=` and `?after=` of a list.

    Raises:
        Invalid: `limit` is no number from 1 to 1,000.
    """
    limit = request.query_params.get("limit", str(PAGE))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= PAGE_MAX:
        raise Invalid(("limit", f"a number from 1 to {PAGE_MAX}"))
    return int(limit), request.query_params.get("after")


def booking_id_of(text: str) -> UUID:
    """Return a booking's id from a path.

    Raises:
        UnknownBooking: the text is no UUID, so no booking has it.
    """
    try:
        return UUID(text)
    except ValueError:
        raise UnknownBooking from None


def page_start_of(after: str | None) -> UUID | None:
    """Return the id of the booking after which a page begins; None: at the newest.

    Raises:
        Invalid: `after` is no UUID.
    """
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid(("after", "a booking's id")) from None
