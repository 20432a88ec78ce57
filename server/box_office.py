"""HTTP for buyers: seats, holds, checkouts, bookings and their tickets; and the bank's webhooks."""

import io
from functools import lru_cache
from uuid import UUID

import msgspec
import segno
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.holds.contacts import contact_of
from booking_rush.booking.holds.errors import PassExpired, PassInvalid, PassRequired
from booking_rush.booking.holds.hold_request import Right, check_key, wish_of
from booking_rush.booking.holds.serializers import hold_members
from booking_rush.booking.saga.cancellation import cancel as cancel_booking
from booking_rush.errors import Invalid
from booking_rush.queue.passes import PassExpiredError, PassInvalidError
from booking_rush.server.house import House
from booking_rush.server.problems import NotFound, check_method
from booking_rush.server.requests import (
    answer,
    house_of,
    page_of,
    read_body,
    read_json,
    room_of,
    visitor_of,
)
from booking_rush.server.seatmap import availability

QR_MAX = 1024


class WishBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seats by name, or a quantity of a section."""

    seats: list[str] | msgspec.UnsetType = msgspec.UNSET
    section: str | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType = msgspec.UNSET


class CheckoutBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to pay, and where mail about it goes."""

    payment_method: str
    email: str | msgspec.UnsetType = msgspec.UNSET
    language: str = "en"


async def seats(request: Request) -> Response:
    """`GET E/availability`."""
    room = await room_of(request)
    batcher = house_of(request).rooms.batcher(room.row.id)
    return answer(200, {"sections": await availability(batcher)}, {"Cache-Control": "no-store"})


async def hold(request: Request) -> Response:
    """`POST E/holds`: a repeat of a success is answered without a pass."""
    house = house_of(request)
    visitor = visitor_of(request, house)
    room = await room_of(request)
    body = await read_json(request, WishBody)
    wish = wish_of(body.seats, body.section, body.quantity)
    key = check_key(request.headers.get("idempotency-key"))
    right = right_of(house, room.row.id, visitor, request.headers.get("booking-pass", ""))
    held = await room.holds.create(visitor, key, wish, right, aloud=True)
    return answer(201, {"hold": hold_members(room.row.id, held)})


async def find(request: Request) -> Response:
    """`GET E/holds/{hold}`."""
    visitor = visitor_of(request, house_of(request))
    room = await room_of(request)
    held = await room.holds.find(visitor, request.path_params["hold"])
    return answer(200, {"hold": hold_members(room.row.id, held)})


async def extend(request: Request) -> Response:
    """`POST E/holds/{hold}/extend`."""
    visitor = visitor_of(request, house_of(request))
    room = await room_of(request)
    held = await room.holds.extend(visitor, request.path_params["hold"])
    return answer(200, {"hold": hold_members(room.row.id, held)})


async def release(request: Request) -> Response:
    """`DELETE E/holds/{hold}`."""
    visitor = visitor_of(request, house_of(request))
    room = await room_of(request)
    await room.holds.release(visitor, request.path_params["hold"])
    return answer(204)


async def check_out(request: Request) -> Response:
    """`POST E/holds/{hold}/checkout`."""
    house = house_of(request)
    visitor = visitor_of(request, house)
    room = await room_of(request)
    body = await read_json(request, CheckoutBody)
    method = check_method(body.payment_method, house.payments.methods)
    contact = contact_of(body.email, body.language)
    booking = await room.holds.check_out(visitor, request.path_params["hold"], method, contact)
    return answer(202, {"booking": booking.shown(house.signer.ticket)})


async def list_bookings(request: Request) -> Response:
    """`GET /api/v1/bookings`: one's own, the newest first."""
    house = house_of(request)
    visitor = visitor_of(request, house)
    limit, after = page_of(request)
    found, more = await bookings.page(house.pool, limit=limit, after=id_of(after), visitor=visitor)
    shown = [booking.shown(house.signer.ticket) for booking in found]
    return answer(200, {"bookings": shown, "next": more})


async def booking(request: Request) -> Response:
    """`GET /api/v1/bookings/{booking}`."""
    found = await own_booking(request)
    return answer(200, {"booking": found.shown(house_of(request).signer.ticket)})


async def cancel(request: Request) -> Response:
    """`POST /api/v1/bookings/{booking}/cancel`: the money goes back, then the seats."""
    found = await own_booking(request)
    house = house_of(request)
    cancelled = await cancel_booking(house.pool, found.id, f"visitor:{found.visitor}")
    return answer(202, {"booking": cancelled.shown(house.signer.ticket)})


async def qr(request: Request) -> Response:
    """`GET /api/v1/bookings/{booking}/tickets/{ticket}/qr.svg`: a ticket's code to be scanned."""
    found = await own_booking(request)
    for ticket in found.tickets(house_of(request).signer.ticket):
        if ticket["id"] == request.path_params["ticket"]:
            image = _qr(ticket["code"])
            headers = {"Cache-Control": "private, max-age=3600"}
            return Response(image, 200, headers, media_type="image/svg+xml")
    raise NotFound


async def webhook(request: Request) -> Response:
    """`POST /api/v1/payments/{provider}/webhook`: 200 when it is kept."""
    house = house_of(request)
    provider = house.payments.named(request.path_params["provider"])
    if provider is None:
        raise NotFound
    await house.webhooks.take(provider, request.headers, await read_body(request))
    return answer(200, {"status": "kept"})


async def own_booking(request: Request) -> Booking:
    """The booking in the path.

    Raises:
        UnknownBooking: there is none, or it is another visitor's.
    """
    house = house_of(request)
    visitor = visitor_of(request, house)
    found = await bookings.one(house.pool, uuid_of(request.path_params["booking"]))
    if found.visitor != visitor:
        raise UnknownBooking
    return found


def uuid_of(text: str) -> UUID:
    """A booking's id.

    Raises:
        UnknownBooking: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise UnknownBooking from None


def id_of(after: str | None) -> UUID | None:
    """Where a page of bookings begins.

    Raises:
        Invalid: it is no booking's id.
    """
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid(("after", "a booking's id")) from None


def right_of(house: House, event: str, visitor: str, token: str) -> Right:
    """What a pass is worth; what is wrong with it is said only if it is needed.

    Whether one that was good is over by now is decided by the visitor's row.
    """
    if not token:
        return Right("none", refusal=PassRequired())
    try:
        claims = house.signer.read_pass(token, event, visitor)
    except PassExpiredError as error:
        return Right("none", refusal=PassExpired(str(error)))
    except PassInvalidError as error:
        return Right("none", refusal=PassInvalid(str(error)))
    return Right("pass", claims["number"], claims["wave"])


@lru_cache(QR_MAX)
def _qr(code: str) -> bytes:
    image = io.BytesIO()
    made = segno.make(code, error="l", micro=False)
    made.save(image, kind="svg", scale=4, border=4, xmldecl=False)
    return image.getvalue()
