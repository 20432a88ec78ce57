"""Requests as handlers read them: services, room, body, page of a list, ids."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from uuid import UUID

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.booking.holds.errors import UnknownHold
from booking_rush.compression import weights_of
from booking_rush.errors import Invalid
from booking_rush.queue.event_registry import EVENT_ID, UnknownEvent
from booking_rush.queue.line import NotInLine
from booking_rush.server.protocol.frames import mistake
from booking_rush.server.protocol.problems import (
    Malformed,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
    check_key,
)
from booking_rush.server.protocol.unique_members import repeated_member
from booking_rush.server.rooms.room import Room
from booking_rush.server.web.services import Services
from booking_rush.text import is_line

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

BODY_BYTES_MAX = 64 * 1024
CHART_BYTES_MAX = 8 * 1024 * 1024
PAGE, PAGE_MAX = 100, 1000  # entries of a list in one answer
NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")
UUID_TEXT = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
HOLD_ID = re.compile(rf"{UUID_TEXT}\Z")
TICKET_ID = re.compile(rf"{UUID_TEXT}-[1-9][0-9]{{0,3}}\Z")
VISITOR_ID = re.compile(r"v_[0-9a-z_-]{1,64}\Z")
PROVIDER_NAME = re.compile(r"[a-z_]{1,32}\Z")


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the process that serves this connection."""
    return cast("Services", connection.app.state.services)


async def room_of(request: Request) -> Room:
    """Return the room of the event in the path.

    Raises:
        UnknownEvent: there is no such event.
        Busy: it is new, and is not loaded yet.
    """
    return await services_of(request).rooms.room(event_id_of(request))


def address_of(connection: HTTPConnection) -> str:
    """Return the address of a client: the peer, or whom a trusted proxy names as its client."""
    return connection.client.host if connection.client else "unknown"


def event_id_of(request: Request) -> str:
    """Return the id of the event in the path.

    Raises:
        UnknownEvent: no event can have such an id.
    """
    event: str = request.path_params["event"]
    if not EVENT_ID.match(event):
        raise UnknownEvent(f"there is no event {event!r}")
    return event


def hold_id_of(request: Request) -> str:
    """Return the id of the hold in the path.

    Raises:
        UnknownHold: no hold can have such an id.
    """
    hold: str = request.path_params["hold"]
    if not HOLD_ID.match(hold):
        raise UnknownHold
    return hold


def visitor_id_of(request: Request) -> str:
    """Return the id of the visitor in the path.

    Raises:
        NotInLine: no visitor can have such an id.
    """
    visitor: str = request.path_params["visitor"]
    if not VISITOR_ID.match(visitor):
        raise NotInLine(f"{visitor!r} has no place in this line")
    return visitor


def provider_name_of(request: Request) -> str:
    """Return the name of the payment provider in the path.

    Raises:
        NotFound: no provider can have such a name.
    """
    provider: str = request.path_params["provider"]
    if not PROVIDER_NAME.match(provider):
        raise NotFound
    return provider


def booking_id_of(request: Request) -> UUID:
    """Return the id of the booking in the path.

    Raises:
        UnknownBooking: the text is no UUID, so no booking has it.
    """
    try:
        return UUID(request.path_params["booking"])
    except ValueError:
        raise UnknownBooking from None


def ticket_id_of(request: Request) -> str:
    """Return the id of the ticket in the path.

    Raises:
        NotFound: no ticket can have such an id.
    """
    ticket: str = request.path_params["ticket"]
    if not TICKET_ID.match(ticket):
        raise NotFound
    return ticket


async def read_json(request: Request, type_: type[T], *, bytes_max: int = BODY_BYTES_MAX) -> T:
    """Read a JSON body. Return it as a value of this type.

    Raises:
        UnsupportedMediaType, TooLarge: it is not read.
        Malformed, Invalid: it is no JSON, or not of this type.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMediaType(f"we read application/json, not {content_type or 'nothing'}")
    body = await read_body(request, bytes_max=bytes_max)
    if len(body) > BODY_BYTES_MAX:
        return await asyncio.to_thread(decode_json, body, type_)
    return decode_json(body, type_)


async def read_optional_json(request: Request, type_: type[T]) -> T | None:
    """Read a JSON body. Return it as a value of this type, or None where there is no body.

    Raises:
        UnsupportedMediaType, TooLarge, Malformed, Invalid: as `read_json`.
    """
    has_body = request.headers.get("content-length", "0") != "0"
    if has_body or "transfer-encoding" in request.headers:
        return await read_json(request, type_)
    return None


def decode_json(body: bytes, type_: type[T]) -> T:
    """Return JSON as a value of this type.

    Raises:
        Malformed, Invalid: it is no JSON, or not of this type, or names a member twice.
    """
    try:
        value = msgspec.json.decode(body, type=type_)
        repeated = repeated_member(body.decode())
    except msgspec.ValidationError as error:
        raise mistake(error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Malformed(f"the body is no JSON: {error}") from None
    if repeated is not None:
        raise Invalid((repeated, "given twice"))
    return value


async def read_body(request: Request, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Read and return a body.

    Raises:
        TooLarge: it is larger than `bytes_max`, or its head says so; the rest is not read.
    """
    body, refusal = bytearray(), TooLarge(f"bodies have up to {bytes_max} bytes here")
    if int(request.headers.get("content-length", "0")) > bytes_max:
        raise refusal
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise refusal
    return bytes(body)


def idempotency_key_of(request: Request) -> str:
    """Return the Idempotency-Key header. Beyond ASCII it is UTF-8, or Latin-1 as browsers send it.

    Raises:
        IdempotencyKeyMissing, Invalid: there is none, or it is not 1 to 64 characters.
    """
    latin = request.headers.get("idempotency-key")
    if latin is None or latin.isascii():
        return check_key(latin)
    try:
        return check_key(latin.encode("latin-1").decode())
    except UnicodeDecodeError:
        return check_key(latin)


def likes(request: Request, media_type: str) -> bool:
    """Return whether the client names a media type that it takes, and likes it as much as JSON."""
    weights = weights_of(",".join(request.headers.getlist("accept")))
    weight = weights.get(media_type, 0.0)
    return weight > 0 and weight >= weights.get("application/json", 0.0)


def page_of(request: Request) -> tuple[int, str | None]:
    """Return `?limit=` and `?after=` of a list.

    Raises:
        Invalid: `limit` is no number from 1 to 1,000, or `after` no line of text.
    """
    after = request.query_params.get("after")
    if after is not None and not is_line(after):
        raise Invalid(("after", "what the page before gave as its end"))
    return limit_of(request.query_params.get("limit", str(PAGE))), after


def limit_of(text: str) -> int:
    """Return the limit of a list.

    Raises:
        Invalid: it is no number from 1 to 1,000, or written with zeros before it.
    """
    return number_of(text, "limit", 1, PAGE_MAX)


def number_of(text: str, name: str, least: int, most: int) -> int:
    """Return the number that the query's member `name` has.

    Raises:
        Invalid: it is none from `least` to `most`, or written with zeros before it.
    """
    if not NUMBER.match(text) or not least <= int(text) <= most:
        raise Invalid((name, f"a number from {least} to {most}"))
    return int(text)


def page_start_of(after: str | None) -> UUID | None:
    """Return the id of the booking after which a page begins; None: at the newest.

    Raises:
        Invalid: `after` is no UUID.
    """
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid(("after", "a booking's id")) from None
