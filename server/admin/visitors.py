"""HTTP endpoints for operators: admit one visitor out of turn, or remove one."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.queue.line import NotInLine
from booking_rush.server.admin.audit import record_action
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import read_json, room_of, visitor_id_of
from booking_rush.server.web.responses import answer
from booking_rush.text import Text


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an admission out of turn: the reason, which the journal records."""

    reason: Text


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
    if not await room.line.leave(visitor, reason="removed"):
        raise NotInLine(f"{visitor} has no place in this line")
    await record_action(request, operator, "remove", visitor=visitor)
    return answer(204)
