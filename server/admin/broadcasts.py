"""HTTP endpoints for operators: broadcast to an audience of an event, and list what was said."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.errors import Invalid, Refusal
from booking_rush.lua.events.commands import Stats
from booking_rush.server.rooms.registry import RoomRegistry
from booking_rush.server.rooms.room import Room
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import (
    idempotency_key_of,
    page_of,
    read_json,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.text import Text


class BroadcastBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a broadcast: a text, and the audience that it is sent to."""

    text: Text
    level: Literal["info", "warning", "urgent"] = "info"
    audience: Literal["all", "waiting", "admitted"] = "all"


# How many visitors an audience has, by an event's figures.
REACH: dict[str, Callable[[Stats], int]] = {
    "all": lambda stats: stats.waiting + stats.late + stats.active,
    "waiting": lambda stats: stats.waiting + stats.late,
    "admitted": lambda stats: stats.active,
}


async def broadcast(request: Request) -> Response:
    """Answer `POST A/broadcast`: save the message, then publish it in Redis to every process."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    body = await read_json(request, BroadcastBody)
    rooms = services_of(request).rooms
    id_, new = await rooms.broadcasts.save(
        room.row.id,
        text=body.text,
        level=body.level,
        audience=body.audience,
        reach=await _reach(rooms, room, body.audience),
        who=operator.name,
        key=idempotency_key_of(request),
    )
    if new is not None:
        await rooms.publish(new)
    return answer(202, {"id": id_})


async def list_broadcasts(request: Request) -> Response:
    """Answer `GET A/broadcasts`: what was said, newest first, with its reach and where heard."""
    await require_operator(request, "viewer")
    room = await room_of(request)
    limit, after = page_of(request)
    start = _broadcast_id(after) if after else None
    found = await services_of(request).rooms.broadcasts.page(room.row.id, limit=limit, after=start)
    following = found[-1].members()["id"] if len(found) == limit else None
    return answer(200, {"broadcasts": [one.members() for one in found], "next": following})


async def _reach(rooms: RoomRegistry, room: Room, audience: str) -> int | None:
    """Return how many visitors an audience has, or None while Redis cannot say."""
    try:
        stats = await rooms.stats(room)
    except Refusal:
        return None
    return REACH[audience](stats)


def _broadcast_id(after: str) -> UUID:
    try:
        return UUID(after)
    except ValueError:
        raise Invalid(("after", "a broadcast's id")) from None
