"""The record duty: every outbox entry is in Postgres once, whichever process crashes when."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest

from booking_rush.booking import audit
from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording import commits
from booking_rush.booking.recording.batch import PlaceRow, fold, read
from booking_rush.booking.recording.recorder import CursorMovedError, Recorder
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.holds.commands import CheckoutHold, HoldSeats
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from tests.support.clients import until
from tests.support.crash_injection import CrashedError, CrashPoint
from tests.support.recorded_event import EVENT, RecordedEvent


def entry(n: int, **fields: Any) -> tuple[bytes, dict[bytes, bytes]]:
    """Make an outbox entry of a place."""
    place = {
        "kind": "place", "visitor": "ada", "lane": "main", "number": 1, "joined": 5,
        "state": "waiting", "wave": 0, "admitted": 0, "deadline": 0, "reason": "", **fields,
    }  # fmt: skip
    return f"{n}-0".encode(), {name.encode(): str(value).encode() for name, value in place.items()}


def test_the_last_word_on_each_place_counts() -> None:
    batch = fold(
        read(
            [
                entry(1, number=1, visitor="ada"),
                entry(2, number=2, visitor="bob"),
                entry(
                    3, number=1, visitor="ada", state="admitted", wave=1, admitted=9, deadline=99
                ),
            ]
        )
    )

    assert batch.cursor == "3-0"
    assert batch.numbers() == {"main": 2}
    assert batch.places["main", 1] == PlaceRow(
        "main", 1, "ada", "admitted", 5, 1, 9, 99, "", "", 0, 0
    )
    assert batch.places["main", 2].state == "waiting"


def test_a_change_has_the_trace_of_its_own_entry_or_none() -> None:
    first, second = read([entry(1), entry(2, number=2, visitor="bob")])
    first = first._replace(contexts={"ada": "one"})
    second = second._replace(contexts={"bob": "two"})

    assert fold([first, second]).contexts == {"ada": "one", "bob": "two"}
    assert fold([first, second, *read([entry(3)])]).contexts == {"bob": "two"}


def test_an_entry_is_not_refused_for_traces_that_cannot_be_read() -> None:
    [found] = read([(b"1-0", {b"changes": b"\x90", b"traces": b"\xc1"})])

    assert (found.changes, found.contexts) == ([], {})


def test_what_came_before_a_closing_lives_until_its_end_is_due() -> None:
    batch = fold(read([entry(1), (b"2-0", {b"kind": b"closed"})]))

    assert batch.closed
    assert batch.places["main", 1].state == "waiting"


def test_an_entry_of_an_unknown_kind_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        fold(read([(b"1-0", {b"kind": b"miracle"})]))


async def test_what_happened_is_recorded_in_order(recorded_event: RecordedEvent) -> None:
    for visitor in ("ada", "bob", "cyd"):
        await recorded_event.ask(line_commands.JoinLine(visitor))
    await recorded_event.ask(line_commands.LeaveLine("bob", "left"))
    await recorded_event.record()
    await recorded_event.ask(line_commands.AdmitNext())
    await recorded_event.record()

    assert await recorded_event.places() == [
        (1, "ada", "admitted"),
        (2, "bob", "ended"),
        (3, "cyd", "waiting"),
    ]
    recorded: Any = await recorded_event.redis.get(key(EVENT, 1, "recorded"))
    last = await recorded_event.pool.fetchval("SELECT last FROM recorded")
    assert recorded.decode() == last


async def test_who_leaves_and_joins_again_within_a_batch_has_two_rows(
    recorded_event: RecordedEvent,
) -> None:
    await recorded_event.ask(line_commands.JoinLine("ada"))
    await recorded_event.record()
    await recorded_event.ask(line_commands.LeaveLine("ada", "left"))
    await recorded_event.ask(line_commands.JoinLine("ada"))
    await recorded_event.record()

    assert await recorded_event.places() == [(1, "ada", "ended"), (2, "ada", "waiting")]


async def test_closing_ends_every_place_in_postgres_too(recorded_event: RecordedEvent) -> None:
    for visitor in ("ada", "bob"):
        await recorded_event.ask(line_commands.JoinLine(visitor))
    await recorded_event.record()
    await recorded_event.ask(line_commands.JoinLine("cyd"))
    await recorded_event.pool.execute("UPDATE events SET state = 'closed', version = 9")
    await recorded_event.ask(events_commands.SetRules(9, "closed", {}))
    await recorded_event.record()

    assert {state for _, _, state in await recorded_event.places()} == {"ended"}


async def test_a_recorder_dies_at_any_step_and_no_place_is_lost_or_twice(
    recorded_event: RecordedEvent,
) -> None:
    """A crash at every call to Postgres and Redis, before it arrives and after it is answered."""
    deaths = joined = 0
    for answered in (False, True):
        at = 0
        while True:
            at += 1
            joined += 3
            for n in range(3):
                await recorded_event.ask(line_commands.JoinLine(f"v{joined + n}"))
            await recorded_event.ask(line_commands.LeaveLine(f"v{joined}", "left"))
            await recorded_event.pool.execute(
                "UPDATE recorded SET held_at = now() - interval '1 min'"
            )
            fate = CrashPoint(at, answered=answered)
            recorder = recorded_event.recorder(f"mortal-{answered}-{at}", fate)
            try:
                await recorder.run_once()
                await recorder.run_once()
            except CrashedError:
                deaths += 1
            await recorded_event.record(f"heir-{answered}-{at}")
            places = await recorded_event.places()
            assert [number for number, _, _ in places] == list(range(1, joined + 1))
            assert len({visitor for _, visitor, _ in places}) == joined
            assert sum(state == "ended" for _, _, state in places) == joined // 3
            if fate.calls < at:
                break
    assert deaths >= 20


async def test_two_that_record_at_once_write_everything_once(recorded_event: RecordedEvent) -> None:
    for n in range(50):
        await recorded_event.ask(line_commands.JoinLine(f"v{n}"))
    await recorded_event.pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
    first = recorded_event.recorder("one")
    await first.run_once()
    for n in range(50, 60):
        await recorded_event.ask(line_commands.JoinLine(f"v{n}"))
    await recorded_event.pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
    second = recorded_event.recorder("two")
    await second.run_once()

    await first.run_once()
    await second.run_once()

    assert len(await recorded_event.places()) == 60


async def test_who_was_stopped_with_a_batch_in_hand_writes_nothing(
    recorded_event: RecordedEvent,
) -> None:
    await recorded_event.ask(line_commands.JoinLine("ada"))
    entries: Any = await recorded_event.redis.xrange(key(EVENT, 1, "outbox"))
    stale = fold(read(entries))
    await recorded_event.record()

    with pytest.raises(CursorMovedError):
        await recorded_event.recorder("stopped").commit(EVENT, 1, "0-0", stale)
    assert await recorded_event.places() == [(1, "ada", "waiting")]


async def test_who_commits_for_an_old_epoch_writes_nothing(recorded_event: RecordedEvent) -> None:
    """Read before the loss, committed after it: the place was never sent, and does not exist."""
    await recorded_event.ask(line_commands.JoinLine("ada"))
    entries: Any = await recorded_event.redis.xrange(key(EVENT, 1, "outbox"))
    stale = fold(read(entries))
    await recorded_event.redis.flushall()
    await recorded_event.recorder("heir").rebuild(EVENT)

    with pytest.raises(CursorMovedError):
        await recorded_event.recorder("stopped").commit(EVENT, 1, "0-0", stale)
    joined = await recorded_event.ask(line_commands.JoinLine("bob"))
    await recorded_event.record()

    assert joined.number == 1
    assert await recorded_event.places() == [(1, "bob", "waiting")]


async def test_a_stopped_holder_is_followed_and_a_released_lease_at_once(
    recorded_event: RecordedEvent,
) -> None:
    holder = recorded_event.recorder("holder")
    await recorded_event.pool.execute("UPDATE recorded SET holder = ''")
    await holder.run_once()
    rival = recorded_event.recorder("rival")
    await rival.run_once()

    async def held_by() -> str:
        return str(await recorded_event.pool.fetchval("SELECT holder FROM recorded"))

    assert await held_by() == "holder"
    await holder.release()
    await until(lambda: _run_until_held(rival, held_by))


async def _run_until_held(rival: Recorder, held_by: Any) -> bool:
    await rival.run_once()
    return bool(await held_by() == "rival")


async def test_a_join_alone_is_recorded_at_once(recorded_event: RecordedEvent) -> None:
    """One run records the entries that are there: a batch need not be full."""
    await recorded_event.pool.execute("UPDATE recorded SET holder = ''")
    recorder = recorded_event.recorder("holder")
    await recorder.run_once()
    await recorded_event.ask(line_commands.JoinLine("ada"))

    assert await recorder.run_once() == 1
    assert await recorded_event.places() == [(1, "ada", "waiting")]


async def test_payment_deadlines_are_judged_by_the_clock_of_postgres(
    recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder's own clock is an hour ahead: every checkout would be late."""
    event, hold = recorded_event, str(UUID(int=1))
    await event.ask(line_commands.JoinLine("ada"))
    await event.ask(line_commands.AdmitVisitor("ada", "a test"))
    await event.ask(HoldSeats(hold, "ada", "k", "p", ["stalls.A-1"], "", 0, "place"))
    await event.ask(CheckoutHold("ada", hold, "ok"))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)

    await event.record()

    assert await event.pool.fetchval("SELECT state FROM bookings") == "paying"


async def test_it_records_while_an_operators_act_has_locked_the_event(
    recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder that waited with the journal locked, which the act wants next, was a deadlock."""
    has_locked, may_go_on = asyncio.Event(), asyncio.Event()
    record = audit.record_undoable

    async def slow(*arguments: Any, **named: Any) -> None:
        has_locked.set()
        await may_go_on.wait()
        await record(*arguments, **named)

    monkeypatch.setattr(audit, "record_undoable", slow)
    monkeypatch.setattr(commits, "RENEW_S", -1.0)  # as if each commit took so long
    acting = asyncio.create_task(Catalogue(recorded_event.pool).act(EVENT, "drain", who="tests"))
    await has_locked.wait()

    await recorded_event.ask(line_commands.JoinLine("ada"))
    await recorded_event.record()
    assert await recorded_event.is_recorded()
    may_go_on.set()
    assert (await acting).state == "draining"


async def test_a_recovery_has_locked_nothing_while_it_waits_for_an_operators_act(
    recorded_event: RecordedEvent,
) -> None:
    """The undo of a close locks the event, and then the row that a recovery locks."""
    pool = recorded_event.pool
    waits = """
        SELECT count(*) > 0 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    async with pool.acquire() as undo, undo.transaction():
        await undo.execute("SELECT FROM events WHERE id = $1 FOR NO KEY UPDATE", EVENT)
        await recorded_event.redis.flushall()
        recovering = asyncio.create_task(recorded_event.recorder("heir").rebuild(EVENT))
        await until(lambda: pool.fetchval(waits))
        await undo.execute("SELECT FROM recorded WHERE event = $1 FOR UPDATE NOWAIT", EVENT)
    await asyncio.wait([recovering])
    await recorded_event.record()
    assert await recorded_event.is_recorded()
