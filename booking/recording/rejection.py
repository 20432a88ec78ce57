"""Changes that Postgres refuses for good: saved as dead letters, their stock given back.

A hold or place that Redis has and Postgres can never have must end in Redis, too: its seats would
be held for ever, and its visitor would wait for a turn that cannot be recorded.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid5

import msgspec

from booking_rush.booking.messaging import dead_letters, outbox
from booking_rush.booking.messaging.dead_letters import OUTBOX_OF_REDIS, DeadLetter
from booking_rush.booking.recording.batch import AnyChange, BookingChange, Change, Unreadable
from booking_rush.lua.client.program import MoveFailedError, Program
from booking_rush.lua.holds.commands import Hold
from booking_rush.lua.line.changes import DeferredChange, PlaceChange
from booking_rush.lua.line.commands import FindPlace, LeaveLine, NotInLine
from booking_rush.lua.saga.commands import FreeHold
from booking_rush.postgres import Connection, Pool

log = logging.getLogger(__name__)


KINDS: dict[type[msgspec.Struct], tuple[str, type[msgspec.Struct]]] = {
    BookingChange: ("booking", Hold),
    DeferredChange: ("deferred", DeferredChange),
}


class _Hold(NamedTuple):
    """Hold of a change, as far as it can be read; `id` None: it is no UUID.

    Text that is no UTF-8 is packed as it was: Redis knows it by these bytes.
    """

    name: str | msgspec.Raw
    visitor: str | msgspec.Raw
    id: UUID | None
    step: int
    seats: Sequence[str]


async def save(
    connection: Connection,
    event: str,
    epoch: int,
    name: str,
    change: AnyChange,
    error: Exception,
) -> None:
    """Save a change as a dead letter, and release its booking where that is still `held`.

    `name` is that of the change in its epoch. The caller moves the cursor beyond its entry, in the
    same transaction.
    """
    why = f"{type(error).__name__}: {error}"
    log.error("rejected event=%s epoch=%d entry=%s why=%s", event, epoch, name, _safe(why))
    id_ = uuid5(outbox.NAMESPACE, f"{event}:{epoch}:{name}")
    value = _serialize(event, epoch, name, change)
    letter = DeadLetter(id_, OUTBOX_OF_REDIS, event, value, "unrecordable", _safe(why), 1)
    await dead_letters.save(connection, [letter])
    hold = _hold_of(change)
    if hold is not None and hold.id is not None:
        await _release(connection, event, hold.id)


async def give_back(
    pool: Pool, program: Program, event: str, stamp: str, change: AnyChange
) -> None:
    """End in Redis the hold or the place of a change that Postgres will never have.

    This comes before the cursor moves and changes nothing when it is repeated, so that a crash
    in between loses no stock.

    Raises:
        Recovering, RedisError: the epoch has ended, or Redis is away; the entry is read again.
    """
    try:
        if hold := _hold_of(change):
            await _free_hold(pool, program, event, stamp, hold)
        elif place := _place_of(change):
            await _remove_place(program, event, stamp, *place)
    except (MoveFailedError, msgspec.MsgspecError, ValueError) as error:
        log.error("not given back event=%s why=%s: %s", event, type(error).__name__, _safe(error))


async def _free_hold(pool: Pool, program: Program, event: str, stamp: str, hold: _Hold) -> None:
    if hold.id and await pool.fetchval("SELECT 1 FROM bookings WHERE id = $1", hold.id):
        return  # Postgres decides what becomes of it
    rows = await pool.fetch(
        """
        SELECT seat, state FROM claims JOIN bookings ON bookings.id = claims.booking
        WHERE claims.event = $1 AND seat = ANY($2)
        """,
        event, [seat for seat in hold.seats if seat.isascii() and seat.isprintable()],
    )  # fmt: skip
    others = {row["seat"]: "h" if row["state"] == "paying" else "s" for row in rows}
    command = FreeHold(hold.visitor, hold.name, hold.step + 1, "released", "removed", others)
    await program.ask(event, stamp, command)


async def _remove_place(
    program: Program, event: str, stamp: str, visitor: str | msgspec.Raw, number: object
) -> None:
    """Remove the visitor from the line, if this place is the one they have."""
    place = await program.ask(event, stamp, FindPlace(visitor))
    if not isinstance(place, NotInLine) and str(place.number) == str(number):
        await program.ask(event, stamp, LeaveLine(visitor, "removed"))


async def _release(connection: Connection, event: str, booking: UUID) -> None:
    """Release a booking that is `held`, and order the end of its hold."""
    row = await connection.fetchrow(
        """
        UPDATE bookings SET state = 'released', reason = 'removed', step = step + 1,
            changed_at = now()
        WHERE id = $1 AND state = 'held' RETURNING attempt, step
        """,
        booking,
    )
    if row is not None:
        orders = [
            outbox.order(booking, event, kind, row["attempt"], row["step"])
            for kind in ("free", "tell")
        ]
        await outbox.enqueue(connection, orders)


def _hold_of(change: AnyChange) -> _Hold | None:
    """Return the hold of a change, however odd its other members are; None: it has none."""
    members = _members(change, "booking", Hold)
    name, visitor = _text_of(members.get("id")), _text_of(members.get("visitor"))
    step, seats = members.get("step"), members.get("seats")
    if name is None:
        return None
    held = msgspec.convert(seats, list[Any]) if isinstance(seats, list) else []
    return _Hold(
        name,
        "" if visitor is None else visitor,
        _uuid_of(name),
        step if isinstance(step, int) else 0,
        [seat for seat in held if isinstance(seat, str)],
    )


def _place_of(change: AnyChange) -> tuple[str | msgspec.Raw, object] | None:
    """Return the visitor and the number of a change's place, unless it has ended; else None."""
    members = _members(change, "place", PlaceChange) or {
        "number": 0, **_members(change, "deferred", DeferredChange)
    }  # fmt: skip
    visitor = _text_of(members.get("visitor"))
    if visitor is None or members.get("state") == "ended":
        return None
    return visitor, members.get("number")


def _members(change: AnyChange, kind: str, of: type[msgspec.Struct]) -> Mapping[str, object]:
    """Return the members of a change of this kind by name, as far as it can be read."""
    found: Any = change.found if isinstance(change, Unreadable) else msgspec.to_builtins(change)
    if isinstance(found, dict):  # as entries were before they had many changes
        earlier = cast("dict[str, object]", found)
        body = earlier.get("body", earlier)
        fits = earlier.get("kind") == kind and isinstance(body, dict)
        return cast("dict[str, object]", body) if fits else {}
    if not isinstance(found, list) or not found or found[0] != kind:
        return {}
    values = cast("list[object]", found)[1:]
    if kind == "booking":
        hold = values[0] if values else None
        values = cast("list[object]", hold) if isinstance(hold, list) else []
    return dict(zip(of.__struct_fields__, values, strict=False))


def _text_of(found: object) -> str | msgspec.Raw | None:
    """Return a text as a command has it, packed where it is no UTF-8; None: it is no text.

    The formats str 8, 16 and 32 are those of bin 8, 16 and 32 but for their first byte
    (https://github.com/msgpack/msgpack/blob/master/spec.md).
    """
    if isinstance(found, bytes):
        packed = msgspec.msgpack.encode(found)
        return msgspec.Raw(bytes([packed[0] - 0xC4 + 0xD9]) + packed[1:])
    return found if isinstance(found, str) else None


def _uuid_of(text: str | msgspec.Raw) -> UUID | None:
    try:
        return UUID(text if isinstance(text, str) else "")
    except ValueError:
        return None


def _serialize(event: str, epoch: int, name: str, change: AnyChange) -> bytes:
    """Return a change as JSON; one of which JSON cannot say everything is quoted."""
    found: Any = change.found if isinstance(change, Unreadable) else _shown(change)
    members = {"event": event, "epoch": epoch, "entry": name, "change": found}
    try:
        return msgspec.json.encode(members)
    except (TypeError, ValueError):
        return msgspec.json.encode({**members, "change": repr(found)})


def _shown(change: Change) -> dict[str, object]:
    """Return a change by the names of its members."""
    kind, of = KINDS.get(type(change), ("place", PlaceChange))
    return {"kind": kind, **_members(change, kind, of)}


def _safe(text: object) -> str:
    """Return a text that every store takes: of printable characters alone."""
    shown = str(text).encode(errors="backslashreplace").decode()
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in shown)[:1000]
