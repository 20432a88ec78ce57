"""HTTP endpoints for operators: create and change events, their state, rules and seats on sale."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.catalogue.archive import NotArchivable, archive_now
from booking_rush.booking.catalogue.events import EventChange, NewEvent
from booking_rush.booking.catalogue.presentation import SeatName
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.recording.event_scheduler import push_to_redis
from booking_rush.booking.seats.off_sale import Changed, SeatsOffSale
from booking_rush.errors import Invalid
from booking_rush.queue.event_registry import FIRST_LOAD_S
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import (
    CHART_BYTES_MAX,
    decode_json,
    event_id_of,
    number_of,
    page_of,
    read_body,
    read_json,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.text import Text

FOR_S_MAX = 86_400  # for which rules may be set
SEATS_MAX = 10_000  # of one request
SEATS_BYTES_MAX = 1_000_000


class OptionalReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a change of state: perhaps a reason, which visitors are shown."""

    reason: Text | None = None


class Seats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that names seats."""

    seats: Annotated[list[SeatName], msgspec.Meta(min_length=1, max_length=SEATS_MAX)]


async def create(request: Request) -> Response:
    """Answer `POST /api/v1/admin/events`: create a whole event from one body."""
    operator = await require_operator(request, "operator")
    new = await read_json(request, NewEvent, bytes_max=CHART_BYTES_MAX)
    _check_identity(request, new.rules, "rules.")
    event = await services_of(request).catalogue.create(new, who=operator.name)
    await services_of(request).rooms.events.ready(event.id, seconds=FIRST_LOAD_S)
    return answer(201, {"event": _members_of(request, event)})


async def events(request: Request) -> Response:
    """Answer `GET /api/v1/admin/events`: every event, newest first."""
    await require_operator(request, "viewer")
    limit, after = page_of(request)
    found = await services_of(request).catalogue.newest(limit=limit, after=after)
    return answer(200, {"events": [_members_of(request, event) for event in found]})


async def event(request: Request) -> Response:
    """Answer `GET A`."""
    await require_operator(request, "viewer")
    found = await services_of(request).catalogue.event(event_id_of(request))
    return answer(200, {"event": _members_of(request, found)})


async def export(request: Request) -> Response:
    """Answer `GET A/export`: the body that creates the same event, as a file."""
    await require_operator(request, "viewer")
    found = await services_of(request).catalogue.event(event_id_of(request))
    file = f'attachment; filename="{found.id}.json"'
    return answer(200, found.definition(), {"Content-Disposition": file})


async def change(request: Request) -> Response:
    """Answer `PATCH A`: change name or times, or add sections."""
    operator = await require_operator(request, "operator")
    body = await read_json(request, EventChange, bytes_max=CHART_BYTES_MAX)
    changed = await services_of(request).catalogue.change(
        event_id_of(request), body, who=operator.name
    )
    return await push_change(request, changed)


async def act(action: str, request: Request) -> Response:
    """Answer `POST A/{open,pause,resume,drain,close}`, perhaps with a reason in the body."""
    operator = await require_operator(request, "operator")
    body = await read_body(request)
    reason = decode_json(body, OptionalReason).reason if body else None
    changed = await services_of(request).catalogue.act(
        event_id_of(request), action, who=operator.name, reason=reason
    )
    return await push_change(request, changed)


async def stop(request: Request) -> Response:
    """Answer `POST A/stop`, perhaps with a reason in the body: the sale's clock stands still."""
    operator = await require_operator(request, "operator")
    body = await read_body(request)
    reason = decode_json(body, OptionalReason).reason if body else None
    stopped = await services_of(request).catalogue.stop(
        event_id_of(request), who=operator.name, reason=reason
    )
    return await push_change(request, stopped)


async def proceed(request: Request) -> Response:
    """Answer `POST A/continue`: the sale goes on, and every deadline is later by the stop."""
    operator = await require_operator(request, "operator")
    continued = await services_of(request).catalogue.proceed(
        event_id_of(request), who=operator.name
    )
    return await push_change(request, continued)


async def archive(request: Request) -> Response:
    """Answer `POST A/archive`: an event that has ended leaves Redis, its bookings stay."""
    operator = await require_operator(request, "operator")
    services, room = services_of(request), await room_of(request)
    if (await services.rooms.stats(room)).outbox_age_ms:
        raise NotArchivable("not all of it is recorded yet: try again in a moment")
    await archive_now(services.pool, room.row.id, who=operator.name)
    archived = await services.catalogue.event(room.row.id)
    return answer(200, {"event": _members_of(request, archived)})


async def rules(request: Request) -> Response:
    """Answer `PATCH A/rules`; with `?for=SECONDS` they go back by themselves unless kept."""
    operator = await require_operator(request, "operator")
    body = await read_json(request, dict[str, Any])
    _check_identity(request, body)
    changed = await services_of(request).catalogue.set_rules(
        event_id_of(request), body, who=operator.name, for_s=_seconds_of(request)
    )
    await push_change(request, changed)
    return answer(200, {"rules": msgspec.to_builtins(changed.rules)})


def _check_identity(request: Request, rules: dict[str, Any], inside: str = "") -> None:
    """Refuse a rule `identity` that this server has no means to check: nobody could join.

    Raises:
        Invalid: the setting that names them is empty.
    """
    settings = services_of(request).settings
    means = {"token": settings.identity_url, "subject": settings.identity_jwks}
    names = {"token": "RUSH_IDENTITY_URL", "subject": "RUSH_IDENTITY_JWKS"}
    for kind, setting in names.items():
        if rules.get("identity") == kind and not means[kind]:
            raise Invalid((f"{inside}identity", f"{kind} wants {setting}, which is not set here"))


def _seconds_of(request: Request) -> int | None:
    """Return for how long rules are set, in seconds; None: for good.

    Raises:
        Invalid: it is no number from 1 to 86,400.
    """
    given = request.query_params.get("for")
    return None if given is None else number_of(given, "for", 1, FOR_S_MAX)


async def take_seats_off(request: Request) -> Response:
    """Answer `POST A/seats/close`: take the free ones of these seats off sale."""
    operator = await require_operator(request, "operator")
    event, seats = await _seats_of(request)
    return _changed(await _off_sale(request).take_off(event, seats, who=operator.name))


async def put_seats_back(request: Request) -> Response:
    """Answer `POST A/seats/open`: put those of these seats on sale that are not."""
    operator = await require_operator(request, "operator")
    event, seats = await _seats_of(request)
    return _changed(await _off_sale(request).put_back(event, seats, who=operator.name))


async def _seats_of(request: Request) -> tuple[Event, list[str]]:
    body = await read_json(request, Seats, bytes_max=SEATS_BYTES_MAX)
    return await services_of(request).catalogue.event(event_id_of(request)), body.seats


def _off_sale(request: Request) -> SeatsOffSale:
    services = services_of(request)
    return SeatsOffSale(services.pool, services.rooms.events)


def _changed(changed: Changed) -> Response:
    return answer(200, {"seats": changed.seats, "conflicts": changed.conflicts})


async def push_change(request: Request, event: Event) -> Response:
    """Apply a change in Redis now; after a failure the record duty applies it within a second."""
    registry = services_of(request).rooms.events
    await registry.refresh()
    await push_to_redis(registry, event)
    return answer(200, {"event": _members_of(request, event)})


def _members_of(request: Request, event: Event) -> dict[str, Any]:
    is_recovering = services_of(request).rooms.events.is_recovering(event.id)
    return event.operator_members("recovering" if is_recovering else None)
