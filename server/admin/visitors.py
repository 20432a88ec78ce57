"""HTTP endpoints for operators: list and search visitors, admit one out of turn, remove one."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import visitor_list
from booking_rush.booking.history import journal
from booking_rush.booking.history.explanation import explain
from booking_rush.booking.holds import visitor_search
from booking_rush.errors import Invalid
from booking_rush.server.admin.audit import record_action, record_removal
from booking_rush.server.admin.bookings import searched_event
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import (
    page_of,
    read_json,
    room_of,
    services_of,
    visitor_id_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.text import Text


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an admission out of turn: the reason, which the journal records."""

    reason: Text


async def list_visitors(request: Request) -> Response:
    """Answer `GET A/visitors?state=`: who waits, is inside, is late, or holds, page by page.

    With `?q=` those that an id, a number, a reference, a seat or a mail address means.
    """
    await require_operator(request, "viewer")
    if text := request.query_params.get("q"):
        return await _search(request, text)
    room = await room_of(request)
    limit, after = page_of(request)
    state = request.query_params.get("state", "waiting")
    if state not in visitor_list.CONDITIONS:
        raise Invalid(("state", f"one of {', '.join(visitor_list.CONDITIONS)}"))
    found, more = await visitor_list.page(
        services_of(request).pool, room.row.id, state, limit=limit, after=after
    )
    return answer(200, {"visitors": found, "next": more})


async def _search(request: Request, text: str) -> Response:
    event, sections = await searched_event(request, text)
    pool, lanes = services_of(request).pool, sorted(event.rules.lanes)
    found = await visitor_search.search(pool, event.id, text, sections=sections, lanes=lanes)
    return answer(200, {"visitors": found, "next": None})


async def history(request: Request) -> Response:
    """Answer `GET A/visitors/{visitor}/history`: what became of a visitor's places, and why."""
    await require_operator(request, "viewer")
    room = await room_of(request)
    visitor = visitor_id_of(request)
    found = await journal.history(services_of(request).pool, room.row.id, visitor)
    return answer(200, {"entries": explain(found)})


async def admit(request: Request) -> Response:
    """Answer `POST A/visitors/{visitor}/admit`: admit out of turn, for a recorded reason."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    body = await read_json(request, Reason)
    visitor = visitor_id_of(request)
    place = await room.line.admit(visitor, reason=f"{operator.name}: {body.reason}")
    await record_action(request, operator, "admit", visitor=visitor, reason=body.reason)
    members = room.places.members(visitor, place)
    return answer(200, {"place": members["place"]})


async def remove(request: Request) -> Response:
    """Answer `DELETE A/visitors/{visitor}`: take away place and pass."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    visitor = visitor_id_of(request)
    hold = await room.holds.living(visitor)
    place = await room.line.remove(visitor, by=operator.name)
    if place is None:  # there was a hold alone
        await record_action(request, operator, "remove", visitor=visitor)
    else:
        await record_removal(request, operator, place, hold)
    return answer(204)
