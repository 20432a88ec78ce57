"""Operator endpoint that broadcasts a message to an audience of an event."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.server.admin.events import Text
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import idempotency_key_of, read_json, room_of, services_of
from booking_rush.server.web.responses import answer


class BroadcastBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to say to whom."""

    text: Text
    level: Literal["info", "warning", "urgent"] = "info"
    audience: Literal["all", "waiting", "admitted"] = "all"


async def broadcast(request: Request) -> Response:
    """`POST A/broadcast`: kept, then told to every process."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    wanted = await read_json(request, BroadcastBody)
    rooms = services_of(request).rooms
    id_, said = await rooms.broadcasts.save(
        room.row.id,
        text=wanted.text,
        level=wanted.level,
        audience=wanted.audience,
        who=operator.name,
        key=idempotency_key_of(request),
    )
    if said is not None:
        await rooms.publish(said)
    return answer(202, {"id": id_})
