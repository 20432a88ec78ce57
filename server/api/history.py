"""HTTP endpoints of the journal: an event's for everybody, and a visitor's own history."""

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.history import journal as journals
from booking_rush.booking.history.explanation import explain
from booking_rush.errors import Invalid
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import event_id_of, page_of, room_of, services_of
from booking_rush.server.web.responses import answer

HEADERS = {"Cache-Control": "public, max-age=1", "Access-Control-Allow-Origin": "*"}


async def journal(request: Request) -> Response:
    """Answer `GET E/journal?after=&limit=`: entries in their order, and the signed head."""
    services = services_of(request)
    event = event_id_of(request)
    limit, after = page_of(request)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(("after", "the n of an entry"))
    await services.events.event(event)
    page = await services.journals.page(event, after=int(after or 0), limit=limit)
    return answer(200, page, HEADERS)


async def own_history(request: Request) -> Response:
    """Answer `GET E/queue/history`: what became of the visitor's places, and why."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    event = (await room_of(request)).row.id
    found = await journals.history(services.pool, event, visitor)
    return answer(200, {"entries": explain(found)})
