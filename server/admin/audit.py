"""HTTP endpoint for operators: the journal; and the entry that each of their writes adds to it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import audit
from booking_rush.booking.catalogue.undo import still_undoable
from booking_rush.errors import Invalid
from booking_rush.lua.holds.commands import Held, standing_of
from booking_rush.server.auth.operators import Operator
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import event_id_of, page_of, services_of
from booking_rush.server.web.responses import answer


async def journal(request: Request) -> Response:
    """Answer `GET /api/v1/admin/audit`: the entries, newest first.

    An entry is told as `undoable` where its undo would not be refused.
    """
    await require_operator(request, "viewer")
    limit, after = page_of(request)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(("after", "an entry's id"))
    before = int(after) if after is not None else None
    pool = services_of(request).pool
    entries = await audit.entries(pool, limit=limit, before=before)
    still = await still_undoable(pool, [one["id"] for one in entries if one["undoable"]])
    told = [{**entry, "undoable": entry["id"] in still} for entry in entries]
    return answer(200, {"entries": told})


async def record_action(request: Request, operator: Operator, action: str, **detail: Any) -> None:
    """Record in the journal an operator's action on the event of this request."""
    event = event_id_of(request)
    async with services_of(request).pool.acquire() as connection:
        await audit.record(connection, operator.name, action, event, **detail)


async def record_removal(
    request: Request, operator: Operator, place: list[Any], hold: Held | None
) -> None:
    """Record in the journal that a visitor was removed, with what an undo gives back.

    A place of the lobby cannot be put back: its order is drawn of who is there.
    """
    if place[1] == "lobby":
        await record_action(request, operator, "remove", visitor=place[0])
        return
    before: dict[str, Any] = {"place": place}
    if hold is not None and hold.state == "held":
        before["hold"] = [hold.hold.seats, hold.hold.section, standing_of(hold.hold)]
    async with services_of(request).pool.acquire() as connection:
        await audit.record_undoable(
            connection, operator.name, "remove", event_id_of(request),
            before=before, detail={"visitor": place[0]},
        )  # fmt: skip
