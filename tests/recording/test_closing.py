"""A closed event's places end in Postgres page by page, whatever stops in between."""

import pytest
from redis.asyncio import Redis

from booking_rush.booking.history.entries import CLOSED
from booking_rush.booking.recording import closing
from booking_rush.booking.recording.closing import end_places, tell_removed
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.holds.commands import CheckedOut, CheckoutHold, HoldSeats
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import AdmitVisitor, JoinLine, LeaveLine
from tests.support.event_in_redis import read_holds
from tests.support.recorded_event import EVENT, RecordedEvent

PLACES = 3000
HOLD = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
async def crowded(recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch) -> RecordedEvent:
    """An event with a buyer who holds a seat, and 3,000 places in Postgres."""
    monkeypatch.setattr(closing, "PAGE", 100)
    monkeypatch.setattr(closing, "PAUSE_S", 0)
    await recorded_event.ask(JoinLine("buyer"))
    await recorded_event.ask(AdmitVisitor("buyer", "a test"))
    wish = HoldSeats(HOLD, "buyer", "k", "p", ["stalls.A-1"], "", 0, "place")
    await recorded_event.ask(wish)
    await recorded_event.record()
    await recorded_event.pool.execute(
        """
        INSERT INTO places (event, lane, number, visitor, state, joined_ms, wave, admitted_ms,
            until_ms, reason)
        SELECT $1, 'main', n, 'v' || n, 'waiting', 0, 0, 0, 0, '' FROM generate_series(2, $2) AS n
        """,
        EVENT,
        PLACES,
    )
    return recorded_event


async def living(event: RecordedEvent) -> int:
    return int(await event.pool.fetchval("SELECT count(*) FROM places WHERE state <> 'ended'"))


async def close(event: RecordedEvent) -> None:
    await event.pool.execute("UPDATE events SET state = 'closed', version = 9")
    await event.ask(SetRules(9, "closed", {}))


async def test_closing_ends_all_places_page_by_page(crowded: RecordedEvent, redis: Redis) -> None:
    await close(crowded)
    assert await redis.exists(f"{{{EVENT}}}:0:places:1")
    await crowded.record()
    assert await redis.keys(f"{{{EVENT}}}:0:*") == []

    assert await living(crowded) == 0
    reasons = await crowded.pool.fetch("SELECT DISTINCT state, reason FROM places")
    assert [tuple(row) for row in reasons] == [("ended", "removed")]
    assert not await crowded.pool.fetchval("SELECT closing FROM recorded")


async def test_it_goes_on_where_another_stopped(crowded: RecordedEvent) -> None:
    await close(crowded)
    assert await tell_removed(crowded.pool, EVENT, lambda: True)
    pages = iter([True] * 7)  # the journal has told of all: two find nothing
    await crowded.pool.execute("UPDATE recorded SET closing = true")
    assert not await end_places(crowded.pool, EVENT, lambda: next(pages, False))
    assert 0 < await living(crowded) == PLACES - 500

    await crowded.record("heir")

    assert await living(crowded) == 0


async def test_a_living_hold_is_paid_while_the_places_end(
    crowded: RecordedEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ends take their time; what is recorded meanwhile does not wait for them."""
    monkeypatch.setattr(closing, "PAUSE_S", 3600.0)
    await close(crowded)
    await crowded.pool.execute("UPDATE recorded SET holder = ''")
    recorder = crowded.recorder("closing")
    await recorder.renew_once()
    await recorder.look_once()
    while not await crowded.pool.fetchval("SELECT closing FROM recorded"):
        await recorder.read_once()
    paid = await crowded.ask(CheckoutHold("buyer", HOLD, "ok"))
    assert isinstance(paid, CheckedOut)
    while not await crowded.is_recorded():
        await recorder.read_once()

    assert await living(crowded) > PLACES / 2
    assert await crowded.pool.fetchval("SELECT state FROM bookings") == "paying"
    await recorder.stop()


async def test_a_closed_event_comes_back_without_places_and_with_its_holds(
    crowded: RecordedEvent, redis: Redis
) -> None:
    """It was lost before its closing was recorded: its places end all the same."""
    await crowded.pool.execute("UPDATE events SET state = 'closed', version = 9")
    await redis.flushall()
    assert await crowded.recorder("operator").rebuild(EVENT) == 2

    assert await redis.exists(key(EVENT, 2, "line", "main"), key(EVENT, 2, "places")) == 0
    assert await redis.hget(key(EVENT, 2, "lane", "main"), "head") == str(PLACES).encode()
    assert [hold.id for hold in await read_holds(redis, 2, [HOLD])] == [HOLD]
    await crowded.record()
    assert await living(crowded) == 0


async def removed(event: RecordedEvent) -> int:
    return int(await event.pool.fetchval("SELECT count(*) FROM journal WHERE what = 'removed'"))


async def test_the_journal_tells_of_the_removals_when_the_event_closes(
    crowded: RecordedEvent,
) -> None:
    """They can be undone for ten minutes more, and are told once."""
    await crowded.pool.execute("UPDATE events SET closed_at = now()")
    await close(crowded)
    await crowded.record()
    assert (await removed(crowded), await living(crowded)) == (PLACES, PLACES)

    await crowded.pool.execute("UPDATE events SET closed_at = now() - interval '11 minutes'")
    await crowded.record("heir")

    assert (await removed(crowded), await living(crowded)) == (PLACES, 0)


async def test_an_undone_closing_is_told_of_each_place_before_anything_else_of_it(
    crowded: RecordedEvent,
) -> None:
    await crowded.pool.execute("UPDATE events SET closed_at = now()")
    await close(crowded)
    await crowded.record()
    await crowded.pool.execute("UPDATE events SET state = 'open', closed_at = NULL, version = 10")

    await crowded.recorder("operator").rebuild(EVENT)
    await crowded.ask(LeaveLine("v7", "left"))
    await crowded.record()

    rows = await crowded.pool.fetch(
        """
        SELECT what, why FROM journal WHERE who = sha256(convert_to('demo:v7', 'UTF8')) ORDER BY n
        """
    )
    assert [tuple(row) for row in rows] == [
        ("removed", CLOSED), ("back", "put back: waiting"), ("left", "")
    ]  # fmt: skip
    back = "SELECT count(*) FROM journal WHERE what = 'back'"
    assert await crowded.pool.fetchval(back) == PLACES
