"""Undo of an operator's act: within ten minutes, from what the journal says was before."""

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


class NotUndoable(Refusal):
    """That act cannot be undone, or not any more."""

    code, status = "not_undoable", 409


class Undone(msgspec.Struct, frozen=True):
    """Act that was undone in PostgreSQL: what it was, and what a removal took away.

    `hold`: seats, section and quantity.
    """

    what: str
    place: list[Any] | None = None
    hold: tuple[list[str], str, int] | None = None


async def undo(pool: Pool, event: str, entry: int, *, who: str) -> Undone:
    """Undo the act of a journal's entry in PostgreSQL, once. Return what Redis has to be told.

    Raises:
        NotUndoable: it is no such act of this event, older than ten minutes, undone already, or
            something was done since that this would spoil.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM events WHERE id = $1 FOR UPDATE", event)
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
        await audit.record(connection, who, "undo", event, entry=entry, act=row["what"])
        await journal.append(connection, event, [_act_of(row["what"], before, who)])
    hold = before.get("hold")
    return Undone(row["what"], before.get("place"), tuple(hold) if hold else None)


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


# The event is recovered, by the caller or its recorder, which puts back whom the journal has told
# to be removed: -1 where it has told of nobody yet.
MARK_REOPENED = """
    UPDATE recorded SET closing = false, removed_number = CASE
        WHEN (removed_lane, removed_number) = ('', 0) THEN -1 ELSE removed_number END
    WHERE event = $1
"""
