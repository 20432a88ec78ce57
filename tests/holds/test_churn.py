"""Churn: bounds of one visitor's holds that end unpaid, and of a hold's whole time."""

import pytest

from booking_rush.lua.client.program import Program
from booking_rush.lua.holds.commands import (
    CheckoutHold,
    CoolingDown,
    ExtendHold,
    ExtensionsUsedUp,
    Held,
    HoldExists,
    ReleaseHold,
)
from booking_rush.lua.line.commands import LeaveLine
from booking_rush.lua.saga.commands import FreeHold
from tests.support.clients import until
from tests.support.event_in_redis import EventInRedis, standing
from tests.support.world import World

MINUTE_MS = 60_000


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    moves = await EventInRedis(program).open(
        sections=[standing("floor", 50)], churn_max=3, hold_seconds=100, pass_seconds=80_000
    )
    await moves.admit("ada", "bob")
    return moves


async def let_go(moves: EventInRedis, times: int) -> None:
    for _ in range(times):
        held = await moves.hold("ada", section="floor", quantity=1)
        await moves.ask(ReleaseHold("ada", held.id))


async def asked(moves: EventInRedis, visitor: str = "ada") -> object:
    return await moves.ask(moves.hold_command(visitor, section="floor", quantity=1))


async def test_who_lets_three_holds_go_waits_until_the_first_is_ten_minutes_old(
    moves: EventInRedis,
) -> None:
    await let_go(moves, 1)
    moves.now += MINUTE_MS
    await let_go(moves, 2)

    assert await asked(moves) == CoolingDown(9 * MINUTE_MS)
    assert isinstance(await asked(moves, "bob"), Held)
    moves.now += 9 * MINUTE_MS
    assert isinstance(await asked(moves), Held)


async def test_holds_that_run_out_count_and_so_does_leaving(moves: EventInRedis) -> None:
    await moves.hold("ada", section="floor", quantity=1)
    await moves.tick(after_s=100)
    await let_go(moves, 1)
    await moves.hold("ada", section="floor", quantity=1)
    await moves.ask(LeaveLine("ada", "left"))
    await moves.admit("ada")

    assert isinstance(await asked(moves), (CoolingDown, HoldExists))
    await moves.tick(after_s=100)
    assert isinstance(await asked(moves), CoolingDown)


@pytest.mark.parametrize("reason", ["removed", "seats_lost"])
async def test_what_others_took_away_counts_nothing(program: Program, reason: str) -> None:
    moves = await EventInRedis(program).open(sections=[standing("floor", 50)], churn_max=1)
    await moves.admit("ada")
    hold = (await moves.hold("ada", section="floor", quantity=1)).id
    await moves.ask(CheckoutHold("ada", hold, "ok"))

    await moves.ask(FreeHold("ada", hold, 3, "released", reason, {}))

    assert isinstance(await asked(moves), Held)


async def test_a_payment_that_never_came_counts(program: Program) -> None:
    moves = await EventInRedis(program).open(sections=[standing("floor", 50)], churn_max=1)
    await moves.admit("ada")
    hold = (await moves.hold("ada", section="floor", quantity=1)).id
    await moves.ask(CheckoutHold("ada", hold, "ok"))

    await moves.ask(FreeHold("ada", hold, 3, "expired", "expired", {}))

    assert isinstance(await asked(moves), CoolingDown)


async def test_with_the_rule_at_zero_any_number_may_end(program: Program) -> None:
    moves = await EventInRedis(program).open(sections=[standing("floor", 50)], churn_max=0)
    await moves.admit("ada")

    await let_go(moves, 8)

    assert isinstance(await asked(moves), Held)


async def test_a_hold_lives_no_longer_than_its_whole_time(program: Program) -> None:
    moves = await EventInRedis(program).open(
        sections=[standing("floor", 50)], hold_seconds=100, hold_total_seconds=150
    )
    await moves.admit("ada")
    held = await moves.hold("ada", section="floor", quantity=1)
    end = moves.now + 150_000
    moves.now += 90_000

    extended = await moves.ask(ExtendHold("ada", held.id))
    moves.now += 30_000

    assert isinstance(extended, Held)
    assert extended.deadline_ms == end
    assert await moves.ask(ExtendHold("ada", held.id)) == ExtensionsUsedUp()


async def test_the_wire_says_cooling_down_and_for_how_long(world: World) -> None:
    await world.event(rules={"churn_max": 1, "rate_per_second": 100})
    visitor = await world.visitor()
    token = await visitor.admitted()
    made = await visitor.hold("one", token, section="floor", quantity=1)
    await visitor.http.delete(f"/api/v1/events/demo/holds/{made.json()['hold']['id']}")

    refused = await visitor.hold("two", token, section="floor", quantity=1)
    again = await visitor.hold("one", token, section="floor", quantity=1)
    async with visitor.socket() as socket:
        frame = await socket.ask("hold.create", key="three", section="floor", quantity=1)

    assert (refused.status_code, refused.json()["code"]) == (429, "cooling_down")
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert again.status_code == 201  # a success is answered again
    assert frame["problem"]["code"] == "cooling_down"
    assert frame["problem"]["retry_after_seconds"] > 0


async def test_churn_outlives_a_recovery(world: World) -> None:
    await world.event(rules={"churn_max": 1, "rate_per_second": 100})
    visitor = await world.visitor()
    token = await visitor.admitted()
    made = await visitor.hold("one", token, section="floor", quantity=1)
    hold = made.json()["hold"]["id"]

    async def is_recorded() -> bool:
        return (await visitor.http.get(f"/api/v1/bookings/{hold}")).status_code == 200

    await until(is_recorded)
    await visitor.http.delete(f"/api/v1/events/demo/holds/{hold}")
    await visitor.booked(hold, "released")

    gate = world.services.rooms.batcher("demo").gate
    epoch = gate.epoch
    await world.services.redis.flushall()
    await until(lambda: gate.is_open and gate.epoch > epoch)
    async with visitor.socket() as socket:
        frame = await socket.ask("hold.create", key="two", section="floor", quantity=1)

    assert frame["problem"]["code"] == "cooling_down"
