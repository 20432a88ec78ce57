"""HTTP endpoint for operators: broadcast a message to an audience of an event."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import idempotency_key_of, read_json, room_of, services_of
from booking_rush.server.web.responses import answer
from booking_rush.text import Text


class BroadcastBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a broadcast: a text, and the audience that it is sent to."""

    text: Text
    level: Literal["info", "warning", "urgent"] = "info"
    audience: Literal["all", "waiting", "admitted"] = "all"


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
        who=operator.name,
        key=idempotency_key_of(request),
    )
    if new is not None:
        await rooms.publish(new)
    return answer(202, {"id": id_})
