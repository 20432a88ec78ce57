"""HTTP endpoints for visitors: join and leave a line, and read one's place."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.queue.line import NotInLine
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import room_of, services_of
from booking_rush.server.web.responses import answer


async def join(request: Request) -> Response:
    """Answer `POST E/queue`: 201, or 200 for a visitor who has a place already."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    place = await room.line.join(visitor, publish=True)
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
    return answer(200, room.places.members(visitor, found) | stock)


async def leave(request: Request) -> Response:
    """Answer `DELETE E/queue`: give up place or pass."""
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    await room.line.leave(visitor)
    return answer(204)
