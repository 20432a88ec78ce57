"""HTTP endpoints for visitors: free seats, holds, and checkout."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds.contacts import Language, contact_of
from booking_rush.booking.holds.errors import PassExpired, PassInvalid, PassRequired
from booking_rush.booking.holds.hold_request import Right, Standing, hold_request_of
from booking_rush.queue.event_registry import EventRecord
from booking_rush.queue.passes import PassExpiredError, PassInvalidError
from booking_rush.server.protocol.problems import check_method
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import (
    hold_id_of,
    idempotency_key_of,
    read_json,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.server.web.services import Services
from booking_rush.text import Address, Name64, Name80, PersonName


class HoldBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a new hold: seats by name, places of a standing section, both, or a quantity."""

    seats: list[Name80] | msgspec.UnsetType = msgspec.UNSET
    section: Name64 | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType = msgspec.UNSET
    standing: Standing | msgspec.UnsetType = msgspec.UNSET


class CheckoutBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a checkout: the payment method, the address for mails about the booking, and the
    name that stands on its tickets.
    """

    payment_method: Name64
    email: Address | msgspec.UnsetType = msgspec.UNSET
    language: Language = "en"
    name: PersonName | msgspec.UnsetType = msgspec.UNSET


async def seats(request: Request) -> Response:
    """Answer `GET E/availability`."""
    room = await room_of(request)
    body = await room.availability.body()
    return Response(body, 200, {"Cache-Control": "no-store"}, media_type="application/json")


async def create(request: Request) -> Response:
    """Answer `POST E/holds`. A repeat of a successful request needs no pass."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    room = await room_of(request)
    body = await read_json(request, HoldBody)
    wanted = hold_request_of(body.seats, body.section, body.quantity, body.standing)
    key = idempotency_key_of(request)
    right = right_of(services, room.row, visitor, request.headers.get("booking-pass", ""))
    hold = await room.holds.create(visitor, key, wanted, right, publish=True)
    return answer(201, {"hold": room.holds.members(hold)})


async def find(request: Request) -> Response:
    """Answer `GET E/holds/{hold}`."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    hold = await room.holds.find(visitor, hold_id_of(request))
    return answer(200, {"hold": room.holds.members(hold)})


async def extend(request: Request) -> Response:
    """Answer `POST E/holds/{hold}/extend`."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    hold = await room.holds.extend(visitor, hold_id_of(request))
    return answer(200, {"hold": room.holds.members(hold)})


async def release(request: Request) -> Response:
    """Answer `DELETE E/holds/{hold}`: release the seats."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    await room.holds.release(visitor, hold_id_of(request))
    return answer(204)


async def check_out(request: Request) -> Response:
    """Answer `POST E/holds/{hold}/checkout`."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    room = await room_of(request)
    body = await read_json(request, CheckoutBody)
    method = check_method(body.payment_method, services.payments.methods)
    contact = contact_of(body.email, body.language, body.name)
    booking = await room.holds.check_out(visitor, hold_id_of(request), method, contact)
    return answer(202, {"booking": booking.members(services.signer.ticket)})


def right_of(services: Services, row: EventRecord, visitor: str, token: str) -> Right:
    """Return the right to hold that a pass gives, or a `Right` with the reason why it gives none.

    The reason is raised only where a right is needed, which a repeat does not. A valid pass may
    be over by now: that is decided in Redis, by the visitor's place.
    """
    if not token:
        return Right("none", refusal=PassRequired())
    try:
        claims = services.signer.read_pass(token, row.id, visitor, row.sale_clock.now_s())
    except PassExpiredError as error:
        return Right("none", refusal=PassExpired(str(error)))
    except PassInvalidError as error:
        return Right("none", refusal=PassInvalid(str(error)))
    return Right("pass", claims["number"], claims["wave"])
