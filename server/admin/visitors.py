"""Operator endpoints for one visitor: admit out of turn, remove."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.queue.line import NotInLine
from booking_rush.server.admin.audit import record_action
from booking_rush.server.admin.events import Text
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import read_json, room_of
from booking_rush.server.web.responses import answer


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it is journaled."""

    reason: Text


async def admit(request: Request) -> Response:
    """`POST A/visitors/{visitor}/admit`: out of turn, for a journaled reason."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    wanted = await read_json(request, Reason)
    visitor = request.path_params["visitor"]
    place = await room.line.admit(visitor, reason=f"{operator.name}: {wanted.reason}")
    await record_action(request, operator, "admit", visitor=visitor, reason=wanted.reason)
    members = room.place_members(visitor, place)
    return answer(200, {"place": members["place"]})


async def remove(request: Request) -> Response:
    """`DELETE A/visitors/{visitor}`: place and pass are gone."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    visitor = request.path_params["visitor"]
    if not await room.line.leave(visitor, reason="removed"):
        raise NotInLine(f"{visitor} has no place in this line")
    await record_action(request, operator, "remove", visitor=visitor)
    return answer(204)
