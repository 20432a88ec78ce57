"""Undo of an operator's act: within ten minutes, from what the journal says was before."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import msgspec
import orjson

from booking_rush.booking import audit
from booking_rush.booking.catalogue import sale_stops, timed_rules
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import Act, rule_act, state_act
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool

UNDOABLE = ("close", "drain", "remove", "rules")
STATE_AFTER = {"close": "closed", "drain": "draining"}


PutPlaceBack = Callable[[list[Any]], Awaitable[bool]]  # False: it cannot be put back any more


class NotUndoable(Refusal):
    """That act cannot be undone, or not any more."""

    code, status = "not_undoable", 409


class Undone(msgspec.Struct, frozen=True):
    """Act that was undone in PostgreSQL: what it was, and what a removal took away.

    `hold`: seats, section, and how many places of it.
    """

    what: str
    place: list[Any] | None = None
    hold: tuple[list[str], str, int] | None = None


async def still_undoable(pool: Pool, entries: Sequence[int]) -> set[int]:
    """Return those of these entries of the audit whose undo would not be refused now."""
    rows = await pool.fetch(JUDGED, list(entries)) if entries else []
    return {row["id"] for row in rows if can_be_undone(row)}


def can_be_undone(row: asyncpg.Record) -> bool:
    """Return whether what an act changed is still as it made it; `row` is one of JUDGED."""
    what, before = row["what"], orjson.loads(row["before"])
    match what:
        case "rules":
            rules, change = orjson.loads(row["rules"]), orjson.loads(row["detail"])
            return bool(timed_rules.unchanged_since(rules, row["state"], change, before) == before)
        case "close" | "drain":
            return bool(row["state"] == STATE_AFTER[what] and row["is_in_time"])
        case _:
            was = f"{before['place'][8]}:{before['place'][2]}"
            is_elsewhere = row["place"] not in (None, was)
            return not (row["state"] == "closed" or is_elsewhere or row["is_deferred"])


async def undo(
    pool: Pool, event: str, entry: int, put_place_back: PutPlaceBack, *, who: str
) -> Undone:
    """Undo the act of a journal's entry in PostgreSQL, once. Return what Redis has to be told.

    A removed place is put back in Redis before the commit: what that refuses is not undone.

    Raises:
        NotUndoable: it is no such act of this event, older than ten minutes, undone already, or
            something was done since that this would spoil.
    """
    async with pool.acquire() as connection, connection.transaction():
        await audit.lock_event(connection, event)
        row = await connection.fetchrow(
            f"""
            SELECT what, detail, before FROM audit
            WHERE id = $2 AND event = $1 AND {audit.IS_UNDOABLE}
            """,  # noqa: S608  of audit.py
            event,
            entry,
        )
        if row is None:
            raise NotUndoable
        before: dict[str, Any] = orjson.loads(row["before"])
        await _revert(connection, event, row, before, who)
        place = before.get("place")
        if place is not None and not await put_place_back(place):
            raise NotUndoable("the visitor has another place by now, or the event is closed")
        await audit.record(connection, who, "undo", event, entry=entry, act=row["what"])
        await journal.append(connection, event, [_act_of(row["what"], before, who)])
    hold = before.get("hold")
    return Undone(row["what"], place, tuple(hold) if hold else None)


def _act_of(what: str, before: dict[str, Any], who: str) -> Act:
    """Return the act of an undo, as the event's journal has it."""
    if what == "rules":
        return rule_act(before, by=who)
    return state_act(before.get("state", "undone"), by=who, reason=f"{what} was undone")


async def _revert(
    connection: Connection, event: str, row: asyncpg.Record, before: dict[str, Any], who: str
) -> None:
    match row["what"]:
        case "rules":
            await _put_rules_back(connection, event, orjson.loads(row["detail"]), before)
        case "drain":
            await _reopen(connection, event, "draining", before)
        case "close":
            await _reopen(connection, event, "closed", before)
            await connection.execute(MARK_REOPENED, event)
            if stopped := before.get("stopped"):
                await sale_stops.stop(connection, event, stopped["reason"])
                act = state_act("stopped", by=who, reason=stopped["reason"])
                await journal.append(connection, event, [act])
        case _:
            pass  # of a removal PostgreSQL learns by the outbox


async def _reopen(connection: Connection, event: str, state: str, before: dict[str, Any]) -> None:
    """Set an event back to the state before; of a close its clock stood still meanwhile."""
    if not await sale_stops.reopen(connection, event, state, before):
        raise NotUndoable("the event's state is another by now, or its time is over")


async def _put_rules_back(
    connection: Connection, event: str, change: dict[str, Any], before: dict[str, Any]
) -> None:
    """Put all rules of a change back; of those set for a time, the others keep their end."""
    if await timed_rules.put_back(connection, event, change, before) != before:
        raise NotUndoable("one of these rules was changed since, or people have joined by it")
    await timed_rules.forget(connection, event, change, before)


# Acts of the audit beside what their undo depends on: the event as it is, and another place.
JUDGED = f"""
    SELECT audit.id, what, detail, before, rules, events.state,
        archived_at IS NULL AND (closes_at IS NULL OR closes_at > now()) AS is_in_time,
        (SELECT lane || ':' || number FROM places WHERE places.event = audit.event
            AND places.state <> 'ended' AND visitor = detail->>'visitor') AS place,
        EXISTS (SELECT FROM deferred_joins WHERE deferred_joins.event = audit.event
            AND visitor = detail->>'visitor') AS is_deferred
    FROM audit JOIN events ON events.id = audit.event
    WHERE audit.id = ANY($1) AND {audit.IS_UNDOABLE}
"""  # noqa: S608  of audit.py

# The event is recovered, by the caller or its recorder, which puts back whom the journal has told
# to be removed: -1 where it has told of nobody yet.
MARK_REOPENED = """
    UPDATE recorded SET closing = false, removed_number = CASE
        WHEN (removed_lane, removed_number) = ('', 0) THEN -1 ELSE removed_number END
    WHERE event = $1
"""
