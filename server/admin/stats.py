"""Stats of an event for operators: over HTTP, over a socket each second, and their series."""

import asyncio
import re
import time
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from booking_rush.booking import series
from booking_rush.booking.holds.bookings import revenue
from booking_rush.errors import Refusal
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.problems import NotAuthenticated
from booking_rush.server.rooms.availability import stock_of
from booking_rush.server.rooms.room import Room
from booking_rush.server.web.authentication import operator_of, require_operator
from booking_rush.server.web.handshake import open_socket
from booking_rush.server.web.requests import (
    event_id_of,
    number_of,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.server.web.services import Services
from booking_rush.server.web.uvicorn_protocols import Socket
from booking_rush.tasks import cancel_and_wait

PATH = re.compile(r"/ws/admin/events/([^/]+)\Z")
SESSION_S = 5.0  # between two looks for whether the operator's session is over
STATS_S = 1.0  # between two frames of stats
REVENUE_S = 2.0  # for which a sum of revenue is reused
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


async def stats_members(services: Services, room: Room) -> dict[str, Any]:
    """Return the members of `stats`; `held`, `paying`, `sold` and `free` count seats or capacity.

    Raises:
        Recovering, TryAgain, Busy: Redis did not answer in time.
    """
    stats = await services.rooms.stats(room)
    forecast = room.places.forecast
    rate, because = forecast.reason()
    return {
        "state": stats.state,
        "stopped": room.row.stopped_at is not None,
        "waiting": stats.waiting,
        "active": stats.active,
        "late": stats.late,
        "held": stats.held,
        "paying": stats.paying,
        "sold": stats.sold,
        "money": await revenue_members(services, room.row.id),
        "free": stats.free,
        "stock": stock_of(stats),
        "joined": stats.joined,
        "admitted": stats.admitted,
        "rate": round(forecast.admissions_per_second(), 2),
        "admission": {"rate": round(rate, 2), "because": because},
        "calibration": forecast.calibration.members(),
        "lanes": room.lanes_members(),
        "wait_seconds": percentiles(stats.waits),
        "outbox_age_seconds": round(stats.outbox_age_ms / 1000, 3),
        "sockets": stats.sockets,
        "journal": await services.journals.head(room.row.id),
    }


async def revenue_members(services: Services, event: str) -> dict[str, Any]:
    """Return the event's revenue, at most REVENUE_S old, as it is summed up over all bookings."""
    at, found = services.revenue.get(event, (-REVENUE_S, {}))
    if time.monotonic() - at >= REVENUE_S:
        found = await revenue(services.pool, event)
        services.revenue[event] = (time.monotonic(), found)
    return found


def percentiles(waits: list[tuple[int, int]]) -> dict[str, float | None]:
    """Return p50, p90 and p99 of waits in seconds; None each while there are no waits.

    `waits` are pairs of bucket and count. Bucket n holds waits from 0.1 * 2^(n/4) seconds up to
    the next bucket's, so its geometric middle is off by some 9 % at the most.
    """
    found: dict[str, float | None] = {name: None for name, _ in PERCENTILES}
    total, seen = sum(count for _, count in waits), 0
    for bucket, count in sorted(waits):
        seen += count
        seconds = round(0.1 * 2 ** ((bucket + 0.5) / 4), 2)
        for name, share in PERCENTILES:
            if found[name] is None and seen >= share * total:
                found[name] = seconds
    return found


async def serve_operator(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `/ws/admin/events/{event}` from handshake to close."""
    opened = await open_socket(services, PATH, scope, receive, send, operator_of)
    if opened is not None:
        tasks = [
            asyncio.create_task(_send_stats(services, opened.room, opened.socket)),
            asyncio.create_task(_end_with_session(services, HTTPConnection(scope), opened.socket)),
        ]
        try:
            await _until_disconnected(receive)
        finally:
            await cancel_and_wait(tasks)


async def _until_disconnected(receive: Receive) -> None:
    """Read until the client disconnects; its messages are ignored."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _end_with_session(services: Services, connection: HTTPConnection, socket: Socket) -> None:
    """Close the socket once its session or its API key has ended; ask for it every SESSION_S."""
    while True:
        await asyncio.sleep(SESSION_S)
        try:
            await operator_of(connection, services)
        except NotAuthenticated as refusal:
            socket.end(frames.NOT_AUTHENTICATED, refusal.code)
            return
        except UNAVAILABLE:
            pass


async def _send_stats(services: Services, room: Room, socket: Socket) -> None:
    while True:
        try:
            socket.push(frames.frame("stats", stats=await stats_members(services, room)))
        except Refusal as refusal:
            members = {"state": room.state_members()["state"], "unknown": refusal.code}
            socket.push(frames.frame("stats", stats=members))
        except UNAVAILABLE:
            pass
        await asyncio.sleep(STATS_S)


async def stats(request: Request) -> Response:
    """Answer `GET A/stats`."""
    await require_operator(request, "viewer")
    room = await room_of(request)
    return answer(200, {"stats": await stats_members(services_of(request), room)})


async def read_series(request: Request) -> Response:
    """Answer `GET A/series?minutes=`: points, marks of acts, and the funnel of bookings."""
    await require_operator(request, "viewer")
    services = services_of(request)
    event, minutes = (await services.catalogue.event(event_id_of(request))).id, _minutes_of(request)
    members = {
        "series": await series.points(services.pool, event, minutes),
        "acts": await series.acts(services.pool, event, minutes),
        "funnel": await series.funnel(services.pool, event),
    }
    return answer(200, members)


def _minutes_of(request: Request) -> int:
    """Return the minutes that the request asks for.

    Raises:
        Invalid: it is no number from MINUTES_MIN to MINUTES_MAX.
    """
    given = request.query_params.get("minutes", str(series.MINUTES))
    return number_of(given, "minutes", series.MINUTES_MIN, series.MINUTES_MAX)
