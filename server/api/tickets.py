"""HTTP endpoint for doors: the signed list of tickets that were given back."""

import time

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.server.web.requests import room_of, services_of
from booking_rush.server.web.responses import answer

VOID_LIST_S = 5  # how long a list is given again before it is read anew


async def void_tickets(request: Request) -> Response:
    """Answer `GET /.well-known/void-tickets/{event}.json`, at most VOID_LIST_S old, to anybody."""
    services = services_of(request)
    event = (await room_of(request)).row.id
    async with services.void_tickets_lock:
        at, signed = services.void_tickets.get(event, (-VOID_LIST_S, ""))
        if time.monotonic() - at >= VOID_LIST_S:
            tickets = await bookings.void_tickets(services.pool, event)
            signed = services.signer.void_tickets(event, tickets, now_s=int(time.time()))
            services.void_tickets[event] = (time.monotonic(), signed)
    return answer(
        200,
        {"event": event, "void_tickets": signed},
        {
            "Cache-Control": f"public, max-age={VOID_LIST_S}",
            "Access-Control-Allow-Origin": "*",
        },
    )
