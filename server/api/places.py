"""HTTP endpoints for visitors: join and leave a line, and read one's place."""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.postgres import UNAVAILABLE
from booking_rush.queue.join_checks.join_request import NOTHING, JoinRequest
from booking_rush.queue.line import NotInLine, Place
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import address_of, read_optional_json, room_of, services_of
from booking_rush.server.web.responses import answer

JOURNAL_S = 0.5  # for which a receipt waits for its entry: a place is answered without it, too


async def join(request: Request) -> Response:
    """Answer `POST E/queue`: 201, or 200 for a visitor who has a place already.

    The body is optional, as are its members: code, proof and identity.
    """
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    wanted = await read_optional_json(request, JoinRequest) or NOTHING
    place = await room.joining.join(visitor, address_of(request), wanted, publish=True)
    stock = await room.stock.members()
    return answer(200 if place.again else 201, room.places.members(visitor, place) | stock)


async def place(request: Request) -> Response:
    """Answer `GET E/queue`. The request itself confirms that the visitor is present."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    found = await room.line.confirm_presence(visitor)
    if found is None:
        raise NotInLine
    stock = await room.stock.members()  # before the place, whose odds follow from it
    n = await _entry_of(request, room.row.id, visitor, found)
    return answer(200, room.places.members(visitor, found, n=n) | stock)


async def _entry_of(request: Request, event: str, visitor: str, place: Place) -> int:
    """Return n of a place's entry in the journal; 0 where that cannot be read just now."""
    entries = services_of(request).place_entries
    with suppress(*UNAVAILABLE):
        async with asyncio.timeout(JOURNAL_S):
            return await entries.n_of(event, visitor, place.lane, place.number)
    return 0


async def leave(request: Request) -> Response:
    """Answer `DELETE E/queue`: give up place or pass."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    await room.line.leave(visitor)
    return answer(204)
