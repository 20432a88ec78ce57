"""HTTP endpoints for operators: ban a visitor or a block from an event, list, lift, and count."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.joining.banned_places import count, visitors_of
from booking_rush.booking.joining.bans import UnknownBan
from booking_rush.errors import Invalid
from booking_rush.queue.join_checks.address_blocks import Network, parse_block
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import (
    VISITOR_ID,
    page_of,
    read_json,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.text import Name64, Text

SECONDS_MAX = 366 * 86_400
Visitor = Annotated[str, msgspec.Meta(pattern=rf"^{VISITOR_ID.pattern}")]


class NewBan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ban of one visitor or of one block, for so many seconds."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=SECONDS_MAX)]
    reason: Text
    visitor: Visitor | UnsetType = UNSET
    block: Name64 | UnsetType = UNSET

    def network(self) -> Network | None:
        """Return the block, or None of a ban of a visitor.

        Raises:
            Invalid: there are both or neither, or the block is none that may be banned.
        """
        if (self.visitor is UNSET) == (self.block is UNSET):
            raise Invalid(("visitor", "either `visitor` or `block`"))
        if self.block is UNSET:
            return None
        return _network(self.block)


async def ban(request: Request) -> Response:
    """Answer `POST A/bans`: ban, and remove the places of the banned."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    body = await read_json(request, NewBan)
    block = body.network()
    made = await services_of(request).bans.save(
        room.row.id,
        visitor=body.visitor or None,
        block=block,
        seconds=body.seconds,
        reason=body.reason,
        who=operator.name,
    )
    if made.visitor:
        await room.remove([made.visitor], made.who)
    else:
        await room.remove_banned(made)
        async for visitors in visitors_of(services_of(request).pool, made):
            await room.remove(visitors, made.who)
    return answer(201, {"ban": made.members()})


async def list_bans(request: Request) -> Response:
    """Answer `GET A/bans`: those in force, newest first, page by page."""
    await require_operator(request, "viewer")
    room = await room_of(request)
    limit, after = page_of(request)
    start = _ban_id(after) if after else None
    found = await services_of(request).bans.page(room.row.id, limit=limit, after=start)
    following = str(found[-1].id) if len(found) == limit else None
    return answer(200, {"bans": [ban.members() for ban in found], "next": following})


async def reach(request: Request) -> Response:
    """Answer `GET A/bans/reach?visitor=|block=`: how many places such a ban would end."""
    await require_operator(request, "viewer")
    room = await room_of(request)
    visitor, block = [request.query_params.get(name, "") for name in ("visitor", "block")]
    if visitor and not VISITOR_ID.match(visitor):
        raise Invalid(("visitor", "a visitor's id, v_…"))
    network = _network(block) if block else None
    pool = services_of(request).pool
    found = await count(pool, room.row.id, visitor=visitor, block=network)
    return answer(200, {"visitors": found})


async def lift(request: Request) -> Response:
    """Answer `DELETE A/bans/{ban}`: end a ban now."""
    operator = await require_operator(request, "operator")
    room = await room_of(request)
    try:
        ban = UUID(request.path_params["ban"])
    except ValueError:
        raise UnknownBan from None
    await services_of(request).bans.lift(room.row.id, ban, who=operator.name)
    return answer(204)


def _network(block: str) -> Network:
    try:
        return parse_block(block)
    except ValueError as why:
        raise Invalid(("block", str(why))) from None


def _ban_id(after: str) -> UUID:
    try:
        return UUID(after)
    except ValueError:
        raise Invalid(("after", "a ban's id")) from None
