"""HTTP for operators: the events, the room, the visitors, and what was done."""

from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import audit
from booking_rush.booking.catalogue.catalogue import Event
from booking_rush.booking.catalogue.events import EventChange, NewEvent
from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.states import STATES
from booking_rush.booking.recording.event_scheduler import bring
from booking_rush.booking.saga.cancellation import cancel
from booking_rush.booking.saga.reconciliation import Comparison
from booking_rush.errors import Invalid
from booking_rush.queue.line import NotInLine
from booking_rush.server.box_office import id_of, uuid_of
from booking_rush.server.figures import figures
from booking_rush.server.operators import Operator
from booking_rush.server.requests import (
    CHART_BYTES_MAX,
    answer,
    decoded,
    house_of,
    idempotency_key_of,
    is_secure,
    need_operator,
    page_of,
    read_body,
    read_json,
    room_of,
)
from booking_rush.server.showing import as_csv

READY_S = 3.0

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*\Z")]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password."""

    username: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*\Z")]
    password: Annotated[str, msgspec.Meta(max_length=200)]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it is journaled."""

    reason: Text


class OptionalReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, if the operator says so; visitors are shown it."""

    reason: Text | None = None


class Broadcast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to say to whom."""

    text: Text
    level: Literal["info", "warning", "urgent"] = "info"
    audience: Literal["all", "waiting", "admitted"] = "all"


async def log_in(request: Request) -> Response:
    """`POST /api/v1/admin/login`."""
    login = await read_json(request, Login)
    cookie, operator = await house_of(request).operators.log_in(login.username, login.password)
    response = answer(
        200, {"csrf": operator.csrf, "username": operator.name, "role": operator.role}
    )
    response.set_cookie(
        "rush_admin", cookie, httponly=True, samesite="strict", secure=is_secure(request)
    )
    return response


async def log_out(request: Request) -> Response:
    """`POST /api/v1/admin/logout`: the session ends here, too."""
    await need_operator(request, "viewer")
    await house_of(request).operators.log_out(request.cookies.get("rush_admin", ""))
    response = answer(204)
    response.delete_cookie("rush_admin")
    return response


async def me(request: Request) -> Response:
    """`GET /api/v1/admin/me`: who is logged in, for a page that was opened anew."""
    operator = await need_operator(request, "viewer")
    return answer(200, {"csrf": operator.csrf, "username": operator.name, "role": operator.role})


async def create(request: Request) -> Response:
    """`POST /api/v1/admin/events`: a whole event in one body."""
    operator = await need_operator(request, "operator")
    new = await read_json(request, NewEvent, most=CHART_BYTES_MAX)
    event = await house_of(request).catalogue.create(new, who=operator.name)
    await house_of(request).rooms.directory.ready(event.id, seconds=READY_S)
    return answer(201, {"event": _shown(request, event)})


async def events(request: Request) -> Response:
    """`GET /api/v1/admin/events`: every event, the newest first."""
    await need_operator(request, "viewer")
    limit, after = page_of(request)
    found = await house_of(request).catalogue.every()
    if after is not None:
        ids = [event.id for event in found]
        found = found[ids.index(after) + 1 :] if after in ids else []
    return answer(200, {"events": [_shown(request, event) for event in found[:limit]]})


async def event(request: Request) -> Response:
    """`GET A`."""
    await need_operator(request, "viewer")
    found = await house_of(request).catalogue.event(request.path_params["event"])
    return answer(200, {"event": _shown(request, found)})


async def change(request: Request) -> Response:
    """`PATCH A`: name, times, more sections."""
    operator = await need_operator(request, "operator")
    wanted = await read_json(request, EventChange, most=CHART_BYTES_MAX)
    changed = await house_of(request).catalogue.change(
        request.path_params["event"], wanted, who=operator.name
    )
    return await _changed(request, changed)


async def act(action: str, request: Request) -> Response:
    """`POST A/{open,pause,resume,drain,close}`, perhaps with a reason."""
    operator = await need_operator(request, "operator")
    body = await read_body(request)
    reason = decoded(body, OptionalReason).reason if body else None
    changed = await house_of(request).catalogue.act(
        request.path_params["event"], action, who=operator.name, reason=reason
    )
    return await _changed(request, changed)


async def rules(request: Request) -> Response:
    """`PATCH A/rules`."""
    operator = await need_operator(request, "operator")
    wanted = await read_json(request, dict[str, Any])
    changed = await house_of(request).catalogue.set_rules(
        request.path_params["event"], wanted, who=operator.name
    )
    await _changed(request, changed)
    return answer(200, {"rules": msgspec.to_builtins(changed.rules)})


async def broadcast(request: Request) -> Response:
    """`POST A/broadcast`: kept, then told to every process."""
    operator = await need_operator(request, "operator")
    room = await room_of(request)
    wanted = await read_json(request, Broadcast)
    rooms = house_of(request).rooms
    id_, said = await rooms.announcements.say(
        room.row.id,
        text=wanted.text,
        level=wanted.level,
        audience=wanted.audience,
        who=operator.name,
        key=idempotency_key_of(request),
    )
    if said is not None:
        await rooms.announce(said)
    return answer(202, {"id": id_})


async def stats(request: Request) -> Response:
    """`GET A/stats`."""
    await need_operator(request, "viewer")
    room = await room_of(request)
    return answer(200, {"stats": await figures(house_of(request), room)})


async def admit(request: Request) -> Response:
    """`POST A/visitors/{visitor}/admit`: out of turn, for a journaled reason."""
    operator = await need_operator(request, "operator")
    room = await room_of(request)
    wanted = await read_json(request, Reason)
    visitor = request.path_params["visitor"]
    place = await room.line.admit(visitor, reason=f"{operator.name}: {wanted.reason}")
    await _note(request, operator, "admit", visitor=visitor, reason=wanted.reason)
    shown = room.place_members(visitor, place)
    return answer(200, {"place": shown["place"]})


async def remove(request: Request) -> Response:
    """`DELETE A/visitors/{visitor}`: place and pass are gone."""
    operator = await need_operator(request, "operator")
    room = await room_of(request)
    visitor = request.path_params["visitor"]
    if not await room.line.leave(visitor, reason="removed"):
        raise NotInLine(f"{visitor} has no place in this line")
    await _note(request, operator, "remove", visitor=visitor)
    return answer(204)


async def list_bookings(request: Request) -> Response:
    """`GET A/bookings`: the newest first, as JSON, or as CSV where that is asked for."""
    await need_operator(request, "viewer")
    house = house_of(request)
    room = await room_of(request)
    limit, after = page_of(request)
    state = request.query_params.get("state") or None
    if state is not None and state not in STATES:
        raise Invalid(("state", f"one of {', '.join(STATES)}"))
    found, more = await bookings.page(
        house.pool, limit=limit, after=id_of(after), event=room.row.id, state=state
    )
    shown = [booking.shown_to_operators(house.signer.ticket) for booking in found]
    if "text/csv" in request.headers.get("accept", ""):
        headers = {"Link": f'<?after={more}>; rel="next"'} if more else None
        return Response(as_csv(shown), 200, headers, media_type="text/csv")
    return answer(200, {"bookings": shown, "next": more})


async def refund(request: Request) -> Response:
    """`POST /api/v1/admin/bookings/{booking}/refund`."""
    operator = await need_operator(request, "operator")
    house = house_of(request)
    booking = uuid_of(request.path_params["booking"])
    found = await cancel(house.pool, booking, operator.name, begun=True)
    return answer(202, {"booking": found.shown_to_operators(house.signer.ticket)})


async def reconcile(request: Request) -> Response:
    """`POST A/reconcile`: what differs between Redis, Postgres and the bank."""
    operator = await need_operator(request, "operator")
    house = house_of(request)
    room = await room_of(request)
    found = await Comparison(house.pool, house.rooms.directory, house.payments).of(room.row.id)
    await _note(request, operator, "reconcile", differences=len(found))
    return answer(200, {"differences": [difference.shown() for difference in found]})


async def journal(request: Request) -> Response:
    """`GET /api/v1/admin/audit`, the newest first."""
    await need_operator(request, "viewer")
    limit, after = page_of(request)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(("after", "an entry's id"))
    before = int(after) if after is not None else None
    entries = await audit.entries(house_of(request).pool, limit=limit, before=before)
    return answer(200, {"entries": entries})


async def _changed(request: Request, event: Event) -> Response:
    """Bring a change to Redis now; where that fails the record duty does it within a second."""
    directory = house_of(request).rooms.directory
    await directory.refresh()
    await bring(directory, event)
    return answer(200, {"event": _shown(request, event)})


async def _note(request: Request, operator: Operator, what: str, **detail: Any) -> None:
    async with house_of(request).pool.acquire() as connection:
        await audit.note(connection, operator.name, what, request.path_params["event"], **detail)


def _shown(request: Request, event: Event) -> dict[str, Any]:
    gate = house_of(request).rooms.batcher(event.id).gate
    return event.shown_to_operators(None if gate.is_open else "recovering")
