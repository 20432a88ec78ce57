"""Rules that are set for a time: they go back by themselves unless an operator keeps them."""

from typing import Any

import msgspec
import orjson

from booking_rush.booking import audit
from booking_rush.booking.catalogue.rows import json_of
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import rule_act
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.rules import OF_THE_ORDER, rules_of


class NothingToKeep(Refusal):
    """No rule of this event was set for a time."""

    code, status = "nothing_to_keep", 409


async def remember(
    connection: Connection, event: str, change: dict[str, Any], before: dict[str, Any], for_s: int
) -> None:
    """Have a change go back in `for_s` seconds, with those that are to go back already."""
    await connection.execute(REMEMBER, event, for_s, json_of(change), json_of(before))


async def keep(pool: Pool, event: str, *, who: str) -> None:
    """Keep the rules that were set for a time.

    Raises:
        NothingToKeep: there are none.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            "DELETE FROM timed_rules WHERE event = $1 RETURNING change", event
        )
        if row is None:
            raise NothingToKeep
        await audit.record(connection, who, "keep", event, **orjson.loads(row["change"]))


async def put_back_due(pool: Pool) -> list[str]:
    """Put rules back whose time is over. Return the ids of their events."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            "SELECT * FROM timed_rules WHERE until <= now() FOR UPDATE SKIP LOCKED LIMIT 100"
        )
        return [row["event"] for row in rows if await _put_back(connection, dict(row))]


async def put_back(
    connection: Connection, event: str, change: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    """Put rules back that are still as a change made them. Return those, as they were before."""
    row = await connection.fetchrow(
        "SELECT rules, state FROM events WHERE id = $1 FOR NO KEY UPDATE", event
    )
    assert row is not None, "an event is never deleted"
    rules = orjson.loads(row["rules"])
    back = unchanged_since(rules, row["state"], change, before)
    if back:
        await connection.execute(
            "UPDATE events SET rules = $2, version = version + 1 WHERE id = $1",
            event, json_of(rules_of(_members_of(rules) | back)),
        )  # fmt: skip
    return back


def unchanged_since(
    rules: dict[str, Any], state: str, change: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    """Return those rules of a change that can go back, as they were before it.

    They are still as the change made them. The rules of the order, by which people have joined,
    stay once the event has opened.
    """
    current = _members_of(rules)
    changed = _members_of(current | change)  # `main` is added to lanes that were given without
    fixed = () if state == "scheduled" else OF_THE_ORDER
    return {
        name: value
        for name, value in before.items()
        if current[name] == changed[name] and (name not in fixed or current[name] == value)
    }


async def forget(
    connection: Connection, event: str, change: dict[str, Any], before: dict[str, Any]
) -> None:
    """Have the rules of an undone change not go back again; the others keep their end.

    A rule that was set for a time twice still goes back to its first value.
    """
    row = await connection.fetchrow(
        "DELETE FROM timed_rules WHERE event = $1 RETURNING until, change, before", event
    )
    if row is None:
        return
    timed, first = orjson.loads(row["change"]), orjson.loads(row["before"])
    timed |= {name: before[name] for name in before if timed.get(name) == change[name]}
    names = [name for name in first if name not in before or timed[name] != first[name]]
    if names:
        await connection.execute(
            "INSERT INTO timed_rules (event, until, change, before) VALUES ($1, $2, $3, $4)",
            event, row["until"],
            json_of({name: timed[name] for name in names}),
            json_of({name: first[name] for name in names}),
        )  # fmt: skip


async def _put_back(connection: Connection, row: dict[str, Any]) -> bool:
    """Put the rules of one row back. Return False where all were changed for good since."""
    event, change, before = row["event"], orjson.loads(row["change"]), orjson.loads(row["before"])
    await connection.execute("DELETE FROM timed_rules WHERE event = $1", event)
    back = await put_back(connection, event, change, before)
    if back:
        await audit.record(connection, "clock", "rules", event, **back)
        await journal.append(connection, event, [rule_act(back, by="clock")])
    return bool(back)


def _members_of(fields: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(rules_of(fields))
    return members


# Of a rule that is changed twice the first value before is the one to which it goes back.
REMEMBER = """
    INSERT INTO timed_rules (event, until, change, before)
    VALUES ($1, now() + make_interval(secs => $2), $3, $4)
    ON CONFLICT (event) DO UPDATE SET until = EXCLUDED.until,
        change = timed_rules.change || EXCLUDED.change,
        before = EXCLUDED.before || timed_rules.before
"""
