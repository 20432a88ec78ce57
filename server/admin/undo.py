"""HTTP endpoints for operators: undo an act of the last ten minutes, keep rules set for a time."""

import os
from contextlib import suppress
from functools import partial
from typing import Annotated

import msgspec
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.catalogue import timed_rules
from booking_rush.booking.catalogue.undo import undo
from booking_rush.booking.holds.hold_request import HoldRequest
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.errors import Refusal
from booking_rush.lua.client.program import Program
from booking_rush.server.admin.events import push_change
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import event_id_of, read_json, room_of, services_of
from booking_rush.server.web.responses import answer

ENTRY_MAX = 2**63 - 1  # of a bigint, which the ids are


class UndoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an undo: the id of the journal's entry of the act."""

    entry: Annotated[int, msgspec.Meta(ge=0, le=ENTRY_MAX)]


async def undo_act(request: Request) -> Response:
    """Answer `POST A/undo`: undo a close, a drain, a removal or a change of rules."""
    operator = await require_operator(request, "operator")
    services, room = services_of(request), await room_of(request)
    body = await read_json(request, UndoBody)
    put_back = partial(room.line.put_back, by=operator.name)
    undone = await undo(services.pool, room.row.id, body.entry, put_back, who=operator.name)
    if undone.place is not None and undone.hold is not None:
        with suppress(Refusal):  # somebody else has them by now
            visitor, key = undone.place[0], f"undo\n{body.entry}"  # which no visitor can send
            await room.holds.create(visitor, key, HoldRequest(*undone.hold), given_back=True)
    changed = await services.catalogue.event(room.row.id)
    if undone.what == "close":  # its places are in PostgreSQL still, and are loaded from there
        with suppress(Refusal, RedisError):  # its recorder loads it when Redis is back
            await _load_again(request, room.row.id)
    with suppress(RedisError):  # the record duty applies it
        return await push_change(request, changed)
    return answer(200, {"event": changed.operator_members("recovering")})


async def keep_rules(request: Request) -> Response:
    """Answer `POST A/rules/keep`: keep the rules that were set for a time."""
    operator = await require_operator(request, "operator")
    services, event = services_of(request), event_id_of(request)
    await services.catalogue.event(event)
    await timed_rules.keep(services.pool, event, who=operator.name)
    kept = await services.catalogue.event(event)
    return answer(200, {"rules": msgspec.to_builtins(kept.rules)})


async def _load_again(request: Request, event: str) -> None:
    """Load the event into Redis under a new epoch, as `booking-rush rebuild` does."""
    services = services_of(request)
    recorder = Recorder(
        services.pool, services.redis, Program(services.redis), holder=f"undo/{os.getpid()}",
        provider=services.settings.payments,
    )  # fmt: skip
    await recorder.rebuild(event)
    await services.rooms.events.refresh(event)
