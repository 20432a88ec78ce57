"""Moves of holds: every reply, repeats, and the seats afterwards, on a clock of the tests."""

from typing import Any, cast

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import ReportSockets
from booking_rush.lua.holds.commands import (
    BeingPaid,
    CheckedOut,
    CheckoutHold,
    ExtendHold,
    ExtensionsUsedUp,
    FindHold,
    Held,
    HoldExists,
    HoldOver,
    HoldReleased,
    KeyReused,
    LimitExceeded,
    MixedCurrencies,
    NoRight,
    NotOnSale,
    ReleaseHold,
    SeatsTaken,
    SoldOut,
    UnknownHold,
    UnknownSeats,
    UnknownSection,
)
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import Admitted, ClaimPass, LeaveLine, Left
from booking_rush.lua.saga.commands import MarkSold, Obeyed
from tests.support.event_in_redis import EVENT, EventInRedis, read_holds, seated, standing

SECTIONS = (
    seated("stalls", A=".....", B="......", C="xx.x"),
    standing("floor", 20),
)


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    """Ada, Bob and Cyd are let in; the hall is empty."""
    moves = await EventInRedis(program).open(
        sections=SECTIONS, hold_seconds=200, tickets_per_visitor_max=6, extensions_max=2
    )
    await moves.admit("ada", "bob", "cyd")
    return moves


async def stats(moves: EventInRedis) -> tuple[int, int, int, int]:
    found = await moves.ask(ReportSockets("p", 0))
    return found.held, found.paying, found.sold, found.free


async def test_named_seats_are_held_all_or_none(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-2", "stalls.B-1")

    assert held.hold.seats == ["stalls.A-2", "stalls.B-1"]
    assert held.hold.prices == [6500, 6500]
    assert (held.hold.quantity, held.hold.adjacent, held.hold.section) == (2, False, "")
    assert await moves.rows() == {"A": ".h...", "B": "h.....", "C": "xx.x"}
    taken = await moves.ask(moves.hold_command("bob", "stalls.A-1", "stalls.A-2", "stalls.C-1"))
    assert taken == SeatsTaken(["stalls.A-2", "stalls.C-1"])
    assert await moves.rows() == {"A": ".h...", "B": "h.....", "C": "xx.x"}


async def test_places_of_a_standing_section_are_counted(moves: EventInRedis) -> None:
    held = (await moves.hold("ada", section="floor", quantity=4)).hold

    assert (held.seats, held.section, held.quantity, held.prices) == ([], "floor", 4, [4500])
    assert await moves.free("floor") == 16


async def test_the_figures_add_up_to_the_house(moves: EventInRedis) -> None:
    assert await stats(moves) == (0, 0, 0, 32)
    await moves.hold("ada", section="floor", quantity=4)
    held = await moves.hold("bob", "stalls.A-1")
    await moves.ask(CheckoutHold("bob", held.id, "ok"))
    assert await stats(moves) == (4, 1, 0, 27)
    await moves.tick(after_s=201)
    assert await stats(moves) == (0, 1, 0, 31)


@pytest.mark.parametrize(
    ("seats", "fields", "refusal"),
    [
        (
            ("stalls.Z-1", "stalls.A-6", "stalls.A-1"),
            {},
            UnknownSeats(["stalls.Z-1", "stalls.A-6"]),
        ),
        (("floor.A-1",), {}, UnknownSeats(["floor.A-1"])),
        (("stalls.A-0", "stalls.A-01", "A-1", ""), {}, None),
        ((), {"section": "attic", "quantity": 1}, UnknownSection()),
        ((), {"section": "floor", "quantity": 7}, LimitExceeded(6, 0)),
        (("stalls.A-1",), {"right": "none"}, NoRight()),
        (("stalls.A-1",), {"right": "pass", "number": 1, "wave": 99}, NoRight()),
        (("stalls.A-1",), {"right": "pass", "number": 2, "wave": 1}, NoRight()),
    ],
)
async def test_what_cannot_be_held_is_refused_by_name(
    moves: EventInRedis, seats: tuple[str, ...], fields: dict[str, Any], refusal: object
) -> None:
    expected = refusal or UnknownSeats(list(seats))
    assert await moves.ask(moves.hold_command("ada", *seats, **fields)) == expected
    assert await stats(moves) == (0, 0, 0, 32)


async def test_only_who_is_admitted_may_hold(moves: EventInRedis) -> None:
    await moves.join("dan")
    assert await moves.ask(moves.hold_command("dan", "stalls.A-1")) == NoRight()
    assert await moves.ask(moves.hold_command("nobody", "stalls.A-1")) == NoRight()
    request = moves.hold_command("ada", "stalls.A-1", right="pass", number=1, wave=1)
    assert isinstance(await moves.ask(request), Held)


async def test_nothing_is_held_before_the_room_opens(program: Program) -> None:
    moves = await EventInRedis(program).open(state="scheduled", sections=SECTIONS)
    await moves.admit("ada")
    assert await moves.ask(moves.hold_command("ada", "stalls.A-1")) == NotOnSale()


async def test_a_hold_has_one_currency(program: Program) -> None:
    pounds = seated("box", A="..")
    moves = await EventInRedis(program).open(
        sections=[*SECTIONS, type(pounds)("box", "seated", 1, "GBP", 2, pounds.rows)]
    )
    await moves.admit("ada")
    assert await moves.ask(moves.hold_command("ada", "stalls.A-1", "box.A-1")) == MixedCurrencies()


async def test_a_section_is_sold_out_when_fewer_are_free_than_asked(moves: EventInRedis) -> None:
    await moves.hold("ada", *[f"stalls.A-{n}" for n in range(1, 6)])
    await moves.hold("bob", *[f"stalls.B-{n}" for n in range(1, 5)])
    assert await moves.ask(moves.hold_command("cyd", section="stalls", quantity=4)) == SoldOut()
    held = (await moves.hold("cyd", section="stalls", quantity=3)).hold
    assert (held.seats, held.adjacent) == (["stalls.B-5", "stalls.B-6", "stalls.C-3"], False)


async def test_a_visitor_has_one_living_hold(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    other = await moves.ask(moves.hold_command("ada", "stalls.A-2"))
    assert isinstance(other, HoldExists)
    assert (other.id, other.hold.seats) == (held.id, ["stalls.A-1"])


async def test_the_limit_counts_what_is_held_and_bought(moves: EventInRedis, redis: Redis) -> None:
    id_ = await moves.check_out("ada", "stalls.A-1", "stalls.A-2")
    [hold] = await read_holds(redis, 1, [id_])
    assert await moves.ask(MarkSold(hold, 1)) == Obeyed()
    await moves.admit("ada")
    assert await moves.ask(moves.hold_command("ada", section="floor", quantity=5)) == LimitExceeded(
        6, 2
    )
    assert isinstance(await moves.ask(moves.hold_command("ada", section="floor", quantity=4)), Held)


async def test_a_repeat_is_answered_as_the_hold_was_made(moves: EventInRedis) -> None:
    request = moves.hold_command("ada", "stalls.A-1", key="one")
    first = await moves.ask(request)
    assert isinstance(first, Held)
    moves.now += 20_000
    await moves.ask(ExtendHold("ada", first.id))
    again = moves.hold_command("ada", "stalls.A-1", key="one", right="none")

    assert await moves.ask(again) == first
    await moves.ask(ReleaseHold("ada", first.id))
    assert await moves.ask(again) == first
    assert await moves.ask(moves.hold_command("ada", "stalls.A-2", key="one")) == KeyReused()
    assert isinstance(await moves.ask(moves.hold_command("bob", "stalls.A-1", key="one")), Held)


async def test_repeats_of_a_days_requests_are_answered_as_their_holds_were_made(
    moves: EventInRedis, redis: Redis
) -> None:
    requests = [moves.hold_command("ada", "stalls.A-1", key=name) for name in ("one", "two", "six")]
    made: list[Any] = []
    for request in requests:
        made.append(await moves.ask(request))
        await moves.ask(ReleaseHold("ada", made[-1].id))
    moves.now += 23 * 3600 * 1000
    await moves.tick()

    assert [await moves.ask(request) for request in requests] == made
    assert await redis.pttl(key("demo", 1, "key", "ada:one")) > 23 * 3600 * 1000

    moves.now += 2 * 3600 * 1000
    await moves.tick()
    assert await redis.hlen(cast("Any", key("demo", 1, "carts"))) == 0


async def test_a_hold_that_ended_and_is_sold_after_all_leaves_the_past(
    moves: EventInRedis, redis: Redis
) -> None:
    """The money of the first of two holds came late; a repeat of its request tells it as made."""
    first = await moves.ask(moves.hold_command("ada", "stalls.A-1", key="one"))
    assert isinstance(first, Held)
    await moves.ask(ReleaseHold("ada", first.id))
    second = await moves.hold("ada", "stalls.A-2")
    await moves.ask(ReleaseHold("ada", second.id))
    [hold] = await read_holds(redis, 1, [first.id])

    assert await moves.ask(MarkSold(hold, 7)) == Obeyed()

    [sold] = await read_holds(redis, 1, [first.id])
    assert (sold.state, sold.step) == ("sold", 7)
    assert (await moves.rows())["A"] == "s...."
    moves.holds_asked -= 2
    assert await moves.ask(moves.hold_command("ada", "stalls.A-1", key="one")) == first


async def test_an_extension_counts_from_now_and_once_in_ten_seconds(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    moves.now += 100_000
    once = await moves.ask(ExtendHold("ada", held.id))
    assert isinstance(once, Held)
    assert (once.deadline_ms, once.hold.left) == (moves.now + 200_000, 1)
    moves.now += 9_999
    assert await moves.ask(ExtendHold("ada", held.id)) == once
    moves.now += 1
    twice = await moves.ask(ExtendHold("ada", held.id))
    assert isinstance(twice, Held)
    assert twice.hold.left == 0
    moves.now += 10_000
    assert await moves.ask(ExtendHold("ada", held.id)) == ExtensionsUsedUp()


async def test_a_hold_that_is_over_is_gone_before_any_beat(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    moves.now += 200_000
    for command in (ExtendHold, ReleaseHold, FindHold):
        assert await moves.ask(command("ada", held.id)) == HoldOver()
    assert await moves.ask(CheckoutHold("ada", held.id, "ok")) == HoldOver()
    assert (await moves.rows())["A"] == "....."
    assert isinstance(await moves.ask(moves.hold_command("ada", "stalls.A-1")), Held)


async def test_a_beat_frees_what_is_over(moves: EventInRedis) -> None:
    await moves.hold("ada", "stalls.A-1")
    await moves.hold("bob", section="floor", quantity=2)
    await moves.tick(after_s=199)
    assert await stats(moves) == (3, 0, 0, 29)
    await moves.tick(after_s=1)
    assert await stats(moves) == (0, 0, 0, 32)


async def test_holds_of_one_batch_are_one_member_of_the_schedule_and_each_ends_in_time(
    moves: EventInRedis, redis: Redis
) -> None:
    wishes = [moves.hold_command(name, f"stalls.A-{n}") for n, name in enumerate(("ada", "bob"), 1)]
    found = await moves.program.run(EVENT, moves.stamp, wishes, now_ms=moves.now)
    held = [one for one in found if isinstance(one, Held)]
    assert await redis.zcard(key(EVENT, 1, "hold_deadlines")) == 1
    moves.now += 50_000
    await moves.ask(ExtendHold("ada", held[0].id))

    await moves.tick(after_s=151)
    assert await stats(moves) == (1, 0, 0, 31)
    await moves.tick(after_s=50)
    assert await stats(moves) == (0, 0, 0, 32)


async def test_a_released_hold_is_unknown_and_its_seats_free(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    assert await moves.ask(ReleaseHold("bob", held.id)) == UnknownHold()
    assert await moves.ask(ReleaseHold("ada", held.id)) == HoldReleased()
    assert await moves.ask(ReleaseHold("ada", held.id)) == UnknownHold()
    assert await moves.ask(FindHold("ada", held.id)) == UnknownHold()
    assert await moves.ask(CheckoutHold("ada", held.id, "ok")) == UnknownHold()
    assert await stats(moves) == (0, 0, 0, 32)


async def test_a_hold_that_is_being_paid_neither_ends_nor_is_given_back(
    moves: EventInRedis,
) -> None:
    hold = await moves.check_out("ada", "stalls.A-1")
    await moves.tick(after_s=1000)
    assert await moves.ask(ExtendHold("ada", hold)) == BeingPaid()
    assert await moves.ask(ReleaseHold("ada", hold)) == BeingPaid()
    shown = await moves.ask(FindHold("ada", hold))
    assert isinstance(shown, Held)
    assert shown.state == "paying"
    assert (await moves.rows())["A"] == "h...."


async def test_a_checkout_asked_again_answers_the_first(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    first = await moves.ask(CheckoutHold("ada", held.id, "ok"))
    assert isinstance(first, CheckedOut)
    assert (first.attempt, first.again) == (1, False)
    again = await moves.ask(CheckoutHold("ada", held.id, "declined"))
    assert again == CheckedOut(1, first.entry, again=True)
    assert await moves.ask(CheckoutHold("bob", held.id, "ok")) == UnknownHold()


async def test_who_is_removed_loses_the_hold_too(moves: EventInRedis) -> None:
    await moves.hold("ada", "stalls.A-1")
    assert isinstance(await moves.ask(LeaveLine("ada", "removed")), Left)
    assert await stats(moves) == (0, 0, 0, 32)


async def test_who_leaves_keeps_the_hold(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    await moves.ask(LeaveLine("ada", "left"))
    assert isinstance(await moves.ask(ExtendHold("ada", held.id)), Held)


async def test_a_claim_says_whether_its_visitor_has_held_where_that_is_asked(
    moves: EventInRedis,
) -> None:
    async def has_held(*, asked: bool = True) -> bool:
        place = await moves.ask(ClaimPass("ada", connecting=False, asks_held=asked))
        assert isinstance(place, Admitted)
        return place.has_held

    assert not await has_held()
    held = await moves.hold("ada", "stalls.A-1")
    assert await has_held()
    assert not await has_held(asked=False)
    await moves.ask(ReleaseHold("ada", held.id))
    assert await has_held()
