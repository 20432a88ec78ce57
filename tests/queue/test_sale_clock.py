"""The sale clock in Redis: while the sale is stopped nobody is admitted, and nothing ends."""

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.commands import SaleIsStopped
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.holds import commands as holds
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line
from booking_rush.queue.rules import rules_of
from tests.support.event_in_redis import EVENT, EventInRedis, seated

HOUR_S = 3600
RULES = rules_of({"rate_per_second": 10, "claim_seconds": 30}).numbers()


class StoppableEvent(EventInRedis):
    """An event with six seats whose sale a test stops and continues."""

    now: int
    stopped_ms = 0
    version = 1

    async def stop(self) -> None:
        await self._set(stopped_at=self.now)

    async def proceed(self, *, after_s: float) -> None:
        """Let the sale continue, `after_s` after it was stopped."""
        self.now += int(after_s * 1000)
        self.stopped_ms += int(after_s * 1000)
        await self._set(stopped_at=0)

    async def lose_bank(self) -> None:
        await self._set(stopped_at=0, bank_away_at=self.now)

    async def _set(self, **stopped: int) -> None:
        self.version += 1
        clock = {"stopped_ms": self.stopped_ms, **stopped}
        await self.ask(SetRules(self.version, "open", RULES | clock))


@pytest.fixture
async def event(program: Program) -> StoppableEvent:
    event = StoppableEvent(program)
    await event.open(sections=[seated("stalls", A="......")], rate_per_second=10)
    await event.tick()
    return event


async def test_nobody_is_admitted_while_the_sale_is_stopped(event: StoppableEvent) -> None:
    await event.stop()
    await event.join("ada")

    assert await event.tick(after_s=10) == 0
    assert await event.ask(line.AdmitVisitor("ada", "a test")) == SaleIsStopped()

    await event.proceed(after_s=0)
    assert await event.tick(after_s=1) == 1


async def test_a_pass_has_after_a_stop_what_it_had_before(event: StoppableEvent) -> None:
    await event.admit("ada")
    before = await event.ask(line.ClaimPass("ada", connecting=False))
    await event.stop()
    await event.tick(after_s=HOUR_S)
    during = await event.ask(line.FindPlace("ada"))

    await event.proceed(after_s=0)
    event.stopped_ms += HOUR_S * 1000
    await event.proceed(after_s=0)
    after = await event.ask(line.FindPlace("ada"))

    assert isinstance(before, line.Admitted)
    assert isinstance(during, line.Admitted)
    assert isinstance(after, line.Admitted)
    assert during.deadline_ms == before.deadline_ms
    assert after.deadline_ms == before.deadline_ms + HOUR_S * 1000
    assert after.admitted_ms == before.admitted_ms


async def test_what_is_given_while_the_bank_is_away_ends_as_late_as_ever(
    event: StoppableEvent,
) -> None:
    await event.lose_bank()
    event.now += 100 * HOUR_S
    await event.admit("ada")

    place = await event.ask(line.FindPlace("ada"))
    held = await event.hold("ada", "stalls.A-1", key="one")

    assert isinstance(place, line.Admitted)
    assert place.claim_ms == event.now + 30_000
    assert place.deadline_ms > event.now
    assert held.deadline_ms == event.now + 600_000


async def test_a_stop_rewrites_no_deadline(event: StoppableEvent, redis: Redis) -> None:
    await event.admit("ada", "bob")
    stored = await redis.zrange(key(EVENT, 1, "deadlines"), 0, -1, withscores=True)

    await event.stop()
    await event.tick(after_s=HOUR_S)
    await event.proceed(after_s=0)

    assert await redis.zrange(key(EVENT, 1, "deadlines"), 0, -1, withscores=True) == stored


async def test_a_claim_window_and_a_missed_turn_stand_still(event: StoppableEvent) -> None:
    await event.admit("ada")
    await event.stop()
    await event.proceed(after_s=HOUR_S)

    await event.tick(after_s=29)
    assert isinstance(await event.ask(line.FindPlace("ada")), line.Admitted)
    await event.tick(after_s=2)
    assert isinstance(await event.ask(line.FindPlace("ada")), line.Late)

    await event.stop()
    await event.proceed(after_s=HOUR_S)
    await event.tick(after_s=299)
    assert isinstance(await event.ask(line.FindPlace("ada")), line.Late)
    await event.tick(after_s=2)
    assert await event.ask(line.FindPlace("ada")) == line.NotInLine()


async def test_a_hold_stands_still_and_then_ends_as_it_would_have(event: StoppableEvent) -> None:
    await event.admit("ada")
    held = await event.hold("ada", "stalls.A-1")
    await event.stop()
    await event.tick(after_s=HOUR_S)
    event.stopped_ms += HOUR_S * 1000
    await event.proceed(after_s=0)

    again = await event.ask(holds.FindHold("ada", held.id))
    assert isinstance(again, holds.Held)
    assert again.deadline_ms == held.deadline_ms + HOUR_S * 1000

    await event.tick(after_s=599)
    assert isinstance(await event.ask(holds.FindHold("ada", held.id)), holds.Held)
    await event.tick(after_s=2)
    assert await event.ask(holds.FindHold("ada", held.id)) == holds.HoldOver()


async def test_nothing_is_held_or_paid_while_the_sale_is_stopped(event: StoppableEvent) -> None:
    await event.admit("ada", "bob")
    held = await event.hold("ada", "stalls.A-1", key="one")
    await event.stop()

    assert await event.ask(event.hold_command("bob", "stalls.A-2")) == SaleIsStopped()
    assert await event.ask(holds.CheckoutHold("ada", held.id, "ok")) == SaleIsStopped()
    assert await event.ask(holds.ReleaseHold("ada", held.id)) == holds.HoldReleased()
    assert (await event.rows())["A"] == "......"


async def test_a_repeat_of_a_success_is_answered_in_a_stop_as_at_first(
    event: StoppableEvent,
) -> None:
    await event.admit("ada")
    command = event.hold_command("ada", "stalls.A-1", key="one")
    held = await event.ask(command)
    assert isinstance(held, holds.Held)
    paid = await event.ask(holds.CheckoutHold("ada", held.id, "ok"))
    await event.stop()
    await event.proceed(after_s=5)
    await event.stop()

    assert await event.ask(command) == held
    repeat = await event.ask(holds.CheckoutHold("ada", held.id, "ok"))
    assert isinstance(paid, holds.CheckedOut)
    assert isinstance(repeat, holds.CheckedOut)
    assert (repeat.attempt, repeat.again) == (paid.attempt, True)


RUNS_ON = ("(since > 0 and min(since, now) or now)", "now")


async def is_held_after_a_stop(program: Program) -> bool:
    """Return whether a hold lives through a stop that is longer than itself."""
    event = StoppableEvent(program)
    await event.open(sections=[seated("stalls", A="......")])
    await event.admit("ada")
    held = await event.hold("ada", "stalls.A-1")
    await event.stop()
    await event.tick(after_s=HOUR_S)
    return isinstance(await event.ask(holds.FindHold("ada", held.id)), holds.Held)


async def test_a_clock_that_runs_on_in_a_stop_is_caught(redis: Redis) -> None:
    text = assemble()
    assert text.count(RUNS_ON[0]) == 1

    assert await is_held_after_a_stop(Program(redis, text))
    await redis.flushdb()
    assert not await is_held_after_a_stop(Program(redis, text.replace(*RUNS_ON)))
