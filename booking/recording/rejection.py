"""Outbox entries that Postgres refuses for good: saved as dead letters, their stock given back.

A hold or place that Redis has and Postgres can never have must end in Redis, too: its seats would
be held for ever, and its visitor would wait for a turn that cannot be recorded.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from booking_rush.booking.messaging import dead_letters, outbox
from booking_rush.booking.messaging.dead_letters import OUTBOX_OF_REDIS, DeadLetter
from booking_rush.booking.recording.batch import Entry
from booking_rush.lua.client.program import MoveFailedError, Program
from booking_rush.lua.line.commands import FindPlace, LeaveLine, NotInLine
from booking_rush.lua.saga.commands import FreeHold
from booking_rush.postgres import Connection, Pool

log = logging.getLogger(__name__)

Fields = Mapping[bytes, bytes]


class _Hold(NamedTuple):
    """Hold of an entry, as far as it can be read; `id` None: it is no UUID."""

    name: str
    id: UUID | None
    step: int
    seats: Sequence[str]


async def save(
    connection: Connection, event: str, epoch: int, entry: Entry, error: Exception
) -> None:
    """Save an entry as a dead letter, and release its booking where that is still `held`.

    The caller moves the cursor beyond the entry, in the same transaction.
    """
    name, fields = entry
    why = f"{type(error).__name__}: {error}"
    log.error("rejected event=%s epoch=%d entry=%s why=%s", event, epoch, name.decode(), _safe(why))
    id_ = uuid5(outbox.NAMESPACE, f"{event}:{epoch}:{name.decode()}")
    value = _serialize(event, epoch, entry)
    letter = DeadLetter(id_, OUTBOX_OF_REDIS, event, value, "unrecordable", _safe(why), 1)
    await dead_letters.save(connection, [letter])
    hold = _hold_of(fields)
    if hold is not None and hold.id is not None:
        await _release(connection, event, hold.id)


async def give_back(pool: Pool, program: Program, event: str, stamp: str, fields: Fields) -> None:
    """End in Redis the hold or the place of an entry that Postgres will never have.

    This comes before the cursor moves and changes nothing when it is repeated, so that a crash
    in between loses no stock.

    Raises:
        Recovering, RedisError: the epoch has ended, or Redis is away; the entry is read again.
    """
    try:
        if fields.get(b"kind") == b"booking":
            await _free_hold(pool, program, event, stamp, fields)
        elif fields.get(b"kind") == b"place":
            await _remove_place(program, event, stamp, fields)
    except (MoveFailedError, msgspec.MsgspecError, ValueError) as error:
        log.error("not given back event=%s why=%s: %s", event, type(error).__name__, _safe(error))


async def _free_hold(pool: Pool, program: Program, event: str, stamp: str, fields: Fields) -> None:
    hold = _hold_of(fields)
    if hold is None:
        return
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
    command = FreeHold(hold.name, hold.step + 1, "released", "removed", others)
    await program.ask(event, stamp, command)


async def _remove_place(program: Program, event: str, stamp: str, fields: Fields) -> None:
    """Remove the visitor from the line, if the place of this entry is the one they have."""
    if fields.get(b"state") == b"ended":
        return
    visitor = fields.get(b"visitor", b"").decode()
    place = await program.ask(event, stamp, FindPlace(visitor))
    if not isinstance(place, NotInLine) and str(place.number).encode() == fields.get(b"number"):
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


def _hold_of(fields: Fields) -> _Hold | None:
    """Return the hold of an entry, however odd its other members are; None: it has none."""
    members = _unpacked(fields.get(b"body", b""))
    if fields.get(b"kind") != b"booking" or members is None:
        return None
    name, step, seats = members.get("id"), members.get("step"), members.get("seats")
    if not isinstance(name, str):
        return None
    held = msgspec.convert(seats, list[Any]) if isinstance(seats, list) else []
    return _Hold(
        name,
        _uuid_of(name),
        step if isinstance(step, int) else 0,
        [seat for seat in held if isinstance(seat, str)],
    )


def _unpacked(body: bytes) -> dict[Any, Any] | None:
    try:
        return msgspec.msgpack.decode(body, type=dict[Any, Any])
    except (msgspec.MsgspecError, ValueError):
        return None


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _serialize(event: str, epoch: int, entry: Entry) -> bytes:
    """Return an entry as JSON; what is no text in it is escaped."""
    name, fields = entry
    shown: dict[str, Any] = {_text_of(at): _text_of(value) for at, value in fields.items()}
    hold = _unpacked(fields.get(b"body", b""))
    if hold is not None:
        shown["body"] = hold
    members = {"event": event, "epoch": epoch, "entry": name.decode(), "fields": shown}
    try:
        return msgspec.json.encode(members)
    except (TypeError, ValueError):  # a body of which JSON cannot say everything
        return msgspec.json.encode({**members, "fields": {**shown, "body": repr(hold)}})


def _text_of(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _safe(text: object) -> str:
    """Return a text that every store takes: of printable characters alone."""
    shown = str(text).encode(errors="backslashreplace").decode()
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in shown)[:1000]
