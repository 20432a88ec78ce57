"""The journal in Postgres: one chain an event, added to with what it tells, and never changed."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import CLOSED, Act, Entry, Head, digest_of
from booking_rush.booking.history.explanation import because
from booking_rush.booking.history.verification import Verification
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.line import commands
from booking_rush.postgres import Connection, Pool
from tests.support.event_in_redis import NOON
from tests.support.recorded_event import EVENT, RecordedEvent
from tests.support.store_agreement import journal_mistakes


async def entries(pool: Pool) -> list[Entry]:
    """Read the whole journal, and verify it."""
    found = await journal.read(pool, EVENT, after=0, limit=10_000)
    verification = Verification()
    for entry in found.entries:
        verification.follow(entry)
    assert verification.head[:2] == found.head[:2]
    return found.entries


async def walk(pool: Pool) -> list[tuple[str, int]]:
    """Return what was entered about places, and their numbers."""
    return [(one.what, one.number) for one in await entries(pool) if one.who]


async def join(event: RecordedEvent, *visitors: str) -> None:
    for visitor in visitors:
        await event.ask(commands.JoinLine(visitor))


async def test_every_change_of_a_batch_is_entered_in_its_order(
    recorded_event: RecordedEvent,
) -> None:
    await join(recorded_event, "v_ada", "v_bob", "v_cyd")
    await recorded_event.ask(commands.LeaveLine("v_bob", "left"))
    await recorded_event.record()
    await recorded_event.ask(commands.AdmitNext())
    await recorded_event.record()

    assert await walk(recorded_event.pool) == [
        ("number", 1), ("number", 2), ("number", 3), ("left", 2), ("admitted", 1),
    ]  # fmt: skip


async def test_acts_of_operators_stand_in_the_same_chain(recorded_event: RecordedEvent) -> None:
    catalogue = Catalogue(recorded_event.pool)
    await join(recorded_event, "v_ada")
    await recorded_event.record()
    await catalogue.set_rules(EVENT, {"rate_per_second": 5}, who="admin")
    await catalogue.act(EVENT, "pause", who="admin", reason="a fire alarm")

    created, rules, opened, _, changed, paused = await entries(recorded_event.pool)

    assert (created.why, opened.why) == ("scheduled", "open")
    assert '"active_max":5000' in rules.why
    assert (changed.what, changed.why, changed.by) == ("rule", '{"rate_per_second":5}', "admin")
    assert (paused.what, paused.why) == ("state", "paused: a fire alarm")


async def test_closing_enters_the_end_of_every_place_once(recorded_event: RecordedEvent) -> None:
    await join(recorded_event, "v_ada", "v_bob")
    await recorded_event.record()
    await Catalogue(recorded_event.pool).act(EVENT, "close", who="admin")
    await recorded_event.pool.execute(  # until then it can be undone
        "UPDATE events SET closed_at = closed_at - interval '10 minutes'"
    )
    await join(recorded_event, "v_cyd")
    await recorded_event.ask(SetRules(9, "closed", {}))
    await recorded_event.record()

    ends = [one for one in await entries(recorded_event.pool) if one.what == "removed"]
    assert sorted(one.number for one in ends) == [1, 2, 3]
    assert {one.why for one in ends} == {CLOSED}


async def test_why_the_rate_of_admission_is_another_is_entered(
    recorded_event: RecordedEvent,
) -> None:
    await Catalogue(recorded_event.pool).set_rules(EVENT, {"active_max": 0}, who="tests")
    await recorded_event.ask(SetRules(9, "open", {"active_max": 0}))
    await join(recorded_event, "v_ada")
    stamp = await recorded_event.stamp()
    for second in (0, 10):
        tick = commands.AdmitNext()
        await recorded_event.program.ask(EVENT, stamp, tick, now_ms=NOON + 1000 * second)
    await recorded_event.record()

    *_, last = await entries(recorded_event.pool)
    why = "as many are inside as may be: one comes in when one leaves"
    assert (last.what, last.why) == ("state", f"admission: {why}")
    assert because(last) == f"Visitors were admitted at another rate from then on. ({why})"


async def test_a_recovery_goes_on_with_the_chain_and_is_entered(
    recorded_event: RecordedEvent,
) -> None:
    await join(recorded_event, "v_ada")
    await recorded_event.record()
    await recorded_event.redis.flushall()
    await recorded_event.record()
    await join(recorded_event, "v_bob")
    await recorded_event.record()

    *_, recovered, last = await entries(recorded_event.pool)
    assert recovered.why.startswith("recovered: epoch 2, ")
    assert (last.what, last.number) == ("number", 2)


async def test_who_reads_the_own_history_sees_the_event_in_between(
    recorded_event: RecordedEvent,
) -> None:
    await join(recorded_event, "v_ada", "v_bob")
    await recorded_event.record()
    await Catalogue(recorded_event.pool).act(EVENT, "pause", who="admin")

    found = await journal.history(recorded_event.pool, EVENT, "v_bob")

    assert [one.what for one in found] == ["number", "state"]
    assert found[0].who == digest_of(EVENT, "v_bob")
    assert await journal.history(recorded_event.pool, EVENT, "v_nobody") == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal SET number = 9", "DELETE FROM journal", "TRUNCATE journal"],
)
async def test_postgres_refuses_to_change_it(recorded_event: RecordedEvent, statement: str) -> None:
    await join(recorded_event, "v_ada")
    await recorded_event.record()
    before = await entries(recorded_event.pool)

    with pytest.raises(asyncpg.RaiseError, match="not changed"):
        await recorded_event.pool.execute(statement)

    assert await entries(recorded_event.pool) == before


async def test_a_batch_that_is_rolled_back_leaves_no_entry(recorded_event: RecordedEvent) -> None:
    await join(recorded_event, "v_ada")
    await recorded_event.record()
    before = await entries(recorded_event.pool)
    again: dict[str, Any] = {
        "kind": "place", "visitor": "v_eve", "lane": "main", "number": 1, "joined": 5,
        "state": "waiting", "wave": 0, "admitted": 0, "deadline": 0, "reason": "",
    }  # fmt: skip
    await recorded_event.enqueue(**again)
    await recorded_event.record()

    assert await entries(recorded_event.pool) == before


async def test_an_entry_that_record_dropped_is_missed(
    recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = journal.append

    async def forgetful(connection: Connection, event: str, acts: Sequence[Act]) -> Head:
        return await append(connection, event, acts[1:])

    await join(recorded_event, "v_ada")
    await recorded_event.record()
    assert await journal_mistakes(recorded_event.pool, EVENT) == []
    monkeypatch.setattr(journal, "append", forgetful)
    await join(recorded_event, "v_bob", "v_cyd")
    await recorded_event.record()

    assert await journal_mistakes(recorded_event.pool, EVENT) == [
        "journal: ('main', 2) is not in the journal"
    ]
