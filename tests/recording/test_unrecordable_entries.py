"""Entries that Postgres can never have: found, made dead letters, their stock given back."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from booking_rush.booking.messaging import dead_letters
from booking_rush.booking.messaging.dead_letters import NotReplayable
from booking_rush.booking.recording.batch import BookingChange
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.holds.commands import CheckedOut, CheckoutHold, Held, Hold, HoldSeats
from booking_rush.lua.keys import epoch_key
from booking_rush.lua.line.commands import AdmitVisitor, FindPlace, JoinLine, NotInLine
from booking_rush.postgres import Pool
from tests.support.recorded_event import EVENT, RecordedEvent

PLACE = {
    "kind": "place", "visitor": "eve", "lane": "main", "number": 900, "joined": 5,
    "state": "waiting", "wave": 0, "admitted": 0, "deadline": 0, "reason": "",
}  # fmt: skip


async def hold(
    event: RecordedEvent, visitor: str, number: int, *, key: str = "k", seat: str = "stalls.A-1"
) -> Any:
    """Admit a visitor, who asks to hold a seat. Return the reply."""
    await event.ask(JoinLine(visitor))
    await event.ask(AdmitVisitor(visitor, "a test"))
    return await event.ask(
        HoldSeats(str(UUID(int=number)), visitor, key, "p", [seat], "", 0, "place")
    )


async def dead(event: RecordedEvent) -> list[dead_letters.DeadLetter]:
    return [one for one in await dead_letters.list_(event.pool) if one.topic == "outbox"]


async def goes_on(event: RecordedEvent) -> None:
    """Assert that what comes later is recorded and marked as ever."""
    await event.ask(JoinLine("later"))
    await event.record("later")
    assert await event.is_recorded()
    assert (await event.ask(FindPlace("later"))).entry == ""


async def free(event: RecordedEvent) -> int:
    [stalls] = (await event.ask(ReadSeats(["stalls"]))).sections
    return int(stalls.free)


@pytest.mark.parametrize("key", ["\0", "a\0b"])
async def test_a_hold_whose_key_postgres_refuses_is_given_back(
    recorded_event: RecordedEvent, key: str
) -> None:
    assert isinstance(await hold(recorded_event, "ada", 1, key=key), Held)
    assert isinstance(await hold(recorded_event, "bob", 2, seat="stalls.A-2"), Held)
    await recorded_event.record()

    [letter] = await dead(recorded_event)
    assert letter.reason == "unrecordable"
    assert b"ada" in letter.value
    assert "\0" not in letter.detail
    assert await free(recorded_event) == 21  # ada's is free again, bob's is held
    assert isinstance(await hold(recorded_event, "cyd", 3), Held)
    await goes_on(recorded_event)
    states = await recorded_event.pool.fetch("SELECT visitor, state FROM bookings ORDER BY id")
    assert [tuple(row) for row in states] == [("bob", "held"), ("cyd", "held")]


async def test_a_hold_that_cannot_be_recorded_is_never_charged(
    recorded_event: RecordedEvent,
) -> None:
    """It was checked out before anybody saw it: each of its entries is refused."""
    await hold(recorded_event, "ada", 1, key="\0")
    paid = await recorded_event.ask(CheckoutHold("ada", str(UUID(int=1)), "ok"))
    assert isinstance(paid, CheckedOut)
    await recorded_event.record()

    assert len(await dead(recorded_event)) == 2
    assert await free(recorded_event) == 22
    assert await recorded_event.pool.fetchval("SELECT count(*) FROM payments") == 0
    await goes_on(recorded_event)


async def test_a_booking_that_is_held_is_released_when_its_next_entry_is_refused(
    recorded_event: RecordedEvent,
) -> None:
    held = await hold(recorded_event, "ada", 1)
    await recorded_event.record()
    change = BookingChange(replace(_hold_of(held), deadline=2**63 - 1, left=2**40))
    await recorded_event.enqueue(changes=msgspec.msgpack.encode([change]))
    await recorded_event.record()

    row = await recorded_event.pool.fetchrow("SELECT state, reason FROM bookings")
    assert row is not None
    assert tuple(row) == ("released", "removed")
    orders = await recorded_event.pool.fetch("SELECT kind FROM outbox ORDER BY seq")
    assert [order["kind"] for order in orders] == ["free", "tell"]
    await goes_on(recorded_event)


def _hold_of(held: Held) -> Hold:
    return Hold(
        id=held.id, visitor="ada", state="held", seats=held.hold.seats, prices=held.hold.prices,
        currency=held.hold.currency, section="", quantity=1, adjacent=True, made=1,
        deadline=held.deadline_ms, first=held.deadline_ms, left=1, left_first=1, extended=0,
        step=1, number=1, wave=1, key="k", print="p", attempt=0, method="", pay_until=0,
        entry="", reason="",
    )  # fmt: skip


async def test_a_place_that_cannot_be_recorded_leaves_the_line(
    recorded_event: RecordedEvent,
) -> None:
    await recorded_event.ask(JoinLine("ada"))
    await recorded_event.ask(JoinLine("e\0ve"))
    await recorded_event.ask(JoinLine("bob"))
    await recorded_event.record()

    assert isinstance(await recorded_event.ask(FindPlace("e\0ve")), NotInLine)
    assert await recorded_event.places() == [(1, "ada", "waiting"), (3, "bob", "waiting")]
    assert len(await dead(recorded_event)) == 2  # the place, and that it ended
    await goes_on(recorded_event)


BYTES: Any = msgspec.Raw(b"\xa4e\xffve")  # a text that is no UTF-8, as no token can say it


async def test_who_has_no_readable_name_leaves_the_line(recorded_event: RecordedEvent) -> None:
    await recorded_event.ask(JoinLine("ada"))
    await recorded_event.ask(JoinLine(BYTES))
    await recorded_event.record()

    assert isinstance(await recorded_event.ask(FindPlace(BYTES)), NotInLine)
    assert await recorded_event.places() == [(1, "ada", "waiting")]
    await goes_on(recorded_event)


@pytest.mark.parametrize("is_paying", [False, True])
async def test_the_hold_of_who_has_no_readable_name_is_given_back(
    recorded_event: RecordedEvent, is_paying: bool
) -> None:
    assert isinstance(await hold(recorded_event, BYTES, 1), Held)
    if is_paying:
        paid = CheckoutHold(BYTES, str(UUID(int=1)), "ok")
        assert isinstance(await recorded_event.ask(paid), CheckedOut)
    await recorded_event.record()

    assert await free(recorded_event) == 22
    assert all(
        b"stalls.A-1" in one.value for one in await dead(recorded_event) if b"booking" in one.value
    )
    assert isinstance(await hold(recorded_event, "bob", 2), Held)
    await goes_on(recorded_event)


async def test_a_number_that_another_visitor_has_is_refused_alone(
    recorded_event: RecordedEvent,
) -> None:
    """Postgres keeps the place that it has; who got the number again loses it, and may join."""
    for visitor in ("ada", "bob"):
        await recorded_event.ask(JoinLine(visitor))
    await recorded_event.pool.execute(
        """
        INSERT INTO places (event, lane, number, visitor, state, joined_ms, wave, admitted_ms,
            until_ms, reason) VALUES ($1, 'main', 1, 'eve', 'waiting', 0, 0, 0, 0, '')
        """,
        EVENT,
    )
    await recorded_event.record()

    assert await recorded_event.places() == [(1, "eve", "waiting"), (2, "bob", "waiting")]
    assert isinstance(await recorded_event.ask(FindPlace("ada")), NotInLine)
    assert (await recorded_event.ask(JoinLine("ada"))).number == 3
    await goes_on(recorded_event)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "miracle"},
        {"what": "nothing"},
        {"kind": b"\xff\x00\xfe"},
        {**PLACE, "number": "twelve"},
        {**PLACE, "number": 0},
        {**PLACE, "number": 2**70},
        {**PLACE, "visitor": b"\xff\xfe"},
        {**PLACE, "visitor": b"\xed\xa0\x80"},
        {**PLACE, "state": "flying"},
        {**PLACE, "reason": "\0"},
        {"kind": "place"},
        {"kind": "booking", "body": b"\xc1"},
        {"kind": "booking", "body": b""},
        {"kind": "booking", "body": msgspec.msgpack.encode({"id": "no uuid", "step": 1})},
        {"kind": "booking", "body": msgspec.msgpack.encode({"id": 7})},
        {"kind": "booking", "body": msgspec.msgpack.encode([1, 2])},
        {"changes": b"\xc1"},
        {"changes": b""},
        {"changes": msgspec.msgpack.encode(["closed"])},
        {"changes": msgspec.msgpack.encode([["miracle", 1]])},
        {"changes": msgspec.msgpack.encode([["place", "eve", "main", 2**63]])},
        {"changes": msgspec.msgpack.encode([["place", "eve", "main", -1, 5, "x", 0, 0, 0, ""]])},
        {"changes": msgspec.msgpack.encode([["booking", ["no uuid", "eve", "held"]]])},
        {"changes": msgspec.msgpack.encode([["booking", 7]])},
        {"changes": b"\x91\x92\xa5place\xa2e\xff"},
        {"changes": b"\x91" * 2000 + b"\xc0"},
        {"kind": "booking", "body": b"\x81\xa2id\xa2e\xff"},
    ],
    ids=str,
)
async def test_no_entry_whatever_it_says_stops_the_recording(
    recorded_event: RecordedEvent, fields: dict[str, Any]
) -> None:
    for n in range(5):
        await recorded_event.ask(JoinLine(f"before{n}"))
    await recorded_event.enqueue(**fields)
    for n in range(5):
        await recorded_event.ask(JoinLine(f"after{n}"))
    await recorded_event.record()

    [letter] = await dead(recorded_event)
    assert len(await recorded_event.places()) == 10
    assert dead_letters.summary(letter).isprintable()
    assert "\0" not in "".join(dead_letters.details(letter))
    await goes_on(recorded_event)


async def test_what_came_in_one_entry_with_the_refused_is_recorded(
    recorded_event: RecordedEvent,
) -> None:
    """A batch of commands is one entry: its other places and holds are as good as any."""
    await recorded_event.program.run(
        EVENT, await recorded_event.stamp(), [JoinLine(name) for name in ("ada", "e\0ve", "bob")]
    )
    await recorded_event.record()

    assert await recorded_event.places() == [(1, "ada", "waiting"), (3, "bob", "waiting")]
    assert isinstance(await recorded_event.ask(FindPlace("e\0ve")), NotInLine)
    await goes_on(recorded_event)


async def test_a_recovery_drains_around_what_it_cannot_record(
    recorded_event: RecordedEvent, redis: Redis
) -> None:
    await hold(recorded_event, "ada", 1, key="\0")
    await recorded_event.enqueue(kind="miracle")
    await recorded_event.ask(JoinLine("bob"))
    epoch = await recorded_event.recorder("operator").rebuild(EVENT)

    assert epoch == 2
    assert len(await dead(recorded_event)) == 2
    assert await free(recorded_event) == 22
    assert [place[1] for place in await recorded_event.places()] == ["ada", "bob"]
    await goes_on(recorded_event)


async def test_a_lost_redis_with_poison_comes_back(recorded_event: RecordedEvent) -> None:
    """The epoch is closed by somebody else, with the poison in the outbox."""
    await hold(recorded_event, "ada", 1, key="\0")
    await recorded_event.redis.set(epoch_key(EVENT), "1:closed")
    await recorded_event.record()

    assert await recorded_event.pool.fetchval("SELECT epoch FROM recorded") == 2
    assert len(await dead(recorded_event)) == 1
    await goes_on(recorded_event)


async def test_it_is_counted_and_cannot_be_replayed(
    recorded_event: RecordedEvent, pool: Pool
) -> None:
    await recorded_event.enqueue(kind="miracle")
    await pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
    recorder: Recorder = recorded_event.recorder("counting")
    await recorder.run_once()

    assert recorder.rejected == 1
    assert recorder.failing() == []
    [letter] = await dead(recorded_event)
    with pytest.raises(NotReplayable, match="outbox"):
        await dead_letters.replay(pool, letter.id)
    assert (await dead_letters.get(pool, letter.id)).replayed_at is None
