"""Shares of address blocks: a flood gets no more than them, and who is alone is not slowed."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from booking_rush.booking.history.entries import DEFERRED
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import (
    Admitted,
    AdmitVisitor,
    FindPlace,
    JoinLine,
    LeaveLine,
    Left,
    Lobby,
    NotInLine,
    Waiting,
)
from booking_rush.queue.join_checks.address_blocks import block_digest
from tests.support.event_in_redis import EVENT, NOON, EventInRedis, waiting_numbers
from tests.support.servers.processes import run
from tests.support.world import World

PAGE = 500


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    return await EventInRedis(program).open(proof_bits_max=0)


async def join_all(moves: EventInRedis, joins: list[JoinLine]) -> list[object]:
    replies: list[object] = []
    for at in range(0, len(joins), PAGE):
        page = joins[at : at + PAGE]
        replies += await moves.program.run(EVENT, moves.stamp, page, now_ms=moves.now)
    return replies


async def test_a_flood_of_fifty_blocks_leaves_every_honest_visitor_in_line(
    moves: EventInRedis, redis: Redis
) -> None:
    """20,000 joins in two seconds of 50 blocks, beside 1,000 people of as many networks."""
    chance = random.Random(7)
    for step in range(20):
        moves.now = NOON + 100 * step
        bots = (int(50 * chance.random() ** 2) for _ in range(1_000))  # some blocks are greedier
        joins = [JoinLine(f"bot{bot}/{step}-{n}", block=f"bot{bot}") for n, bot in enumerate(bots)]
        for n in range(50):  # in between
            joins.insert(21 * n, JoinLine(f"home{step}-{n}/", block=f"home{step}-{n}"))
        replies = await join_all(moves, joins)
        honest = [r for j, r in zip(joins, replies, strict=True) if j.block.startswith("home")]
        assert all(isinstance(reply, Waiting) for reply in honest)
        await moves.tick()

    numbers = await waiting_numbers(redis)
    given = [visitor.partition("/")[0] for visitor in sorted(numbers, key=numbers.__getitem__)]
    assert list(range(1, len(given) + 1)) == sorted(numbers.values())
    assert most_of_one(given, of_last=1_000) <= 20
    assert len([one for one in given if one.startswith("home")]) == 1_000


def most_of_one(blocks: Sequence[str], *, of_last: int) -> int:
    """Return how many numbers one block had at most of the last ones, at any time."""
    counts, most = Counter[str](), 0
    for at, block in enumerate(blocks):
        if at >= of_last:
            counts[blocks[at - of_last]] -= 1
        counts[block] += 1
        most = max(most, counts[block])
    return most


async def test_few_blocks_get_their_share_and_no_more_while_others_come(
    moves: EventInRedis, redis: Redis
) -> None:
    blocks = [f"bot{n % 5}" if n % 10 else f"home{n}" for n in range(30_000)]

    for at in range(0, len(blocks), PAGE):
        page = enumerate(blocks[at : at + PAGE], at)
        await join_all(moves, [JoinLine(f"{block}/{n}", block=block) for n, block in page])
        await moves.tick()

    of_bots = [one for one in await waiting_numbers(redis) if one.startswith("bot")]
    assert 250 <= len(of_bots) <= 450  # 3,000 of homes are nine tenths of what was given


async def test_numbers_that_nobody_counts_are_found(redis: Redis) -> None:
    """The mutant: a block's numbers are not counted, so that it never has its share."""
    counting = "  shares.count(block)\n"
    text = assemble()
    assert text.count(counting) == 1
    moves = EventInRedis(Program(redis, text.replace(counting, "")))
    await moves.open(proof_bits_max=0)

    with pytest.raises(AssertionError):
        await test_few_blocks_get_their_share_and_no_more_while_others_come(moves, redis)


async def test_a_block_that_is_alone_is_never_slowed(moves: EventInRedis) -> None:
    joins = [JoinLine(f"v{n}", block="house") for n in range(3_000)]

    assert all(isinstance(reply, Waiting) for reply in await join_all(moves, joins))


async def test_who_is_over_the_share_gets_a_number_when_nobody_else_has_asked_for_a_window(
    moves: EventInRedis,
) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))

    told = await moves.ask(JoinLine("late", block="house"))
    assert isinstance(told, Lobby)
    assert (told.number, told.index, told.waiting) == (0, 0, 32)
    await moves.tick(after_s=1.9)
    assert isinstance(await moves.ask(FindPlace("late")), Lobby)
    await moves.tick(after_s=0.1)
    found = await moves.ask(FindPlace("late"))
    assert isinstance(found, Waiting)
    assert (found.number, found.joined_ms) == (32, told.joined_ms)


async def test_the_joins_of_a_block_get_their_numbers_in_their_order(moves: EventInRedis) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))
    later = [JoinLine(f"w{n}", block="house") for n in range(50)]
    await join_all(moves, later)

    for _ in range(3):
        await moves.tick(after_s=2)

    found = [await moves.ask(FindPlace(join.visitor)) for join in later]
    assert [place.number for place in found if isinstance(place, Waiting)] == list(range(32, 82))


async def test_a_block_behind_many_that_wait_is_looked_at_in_its_turn(moves: EventInRedis) -> None:
    """Forty blocks are over their share; one of them is below it again before the others are."""
    for turn in range(21):
        await join_all(moves, [JoinLine(f"a{n}-{turn}", block=f"b{n:02}") for n in range(40)])
    assert isinstance(await moves.ask(FindPlace("a39-20")), Lobby)

    for _ in range(4):
        await moves.tick(after_s=2)

    assert isinstance(await moves.ask(FindPlace("a39-20")), Waiting)


async def test_blocks_over_their_share_do_not_hold_up_each_other(moves: EventInRedis) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block=f"house{n % 2}") for n in range(60)])
    await moves.tick(after_s=2)

    replies = await join_all(moves, [JoinLine(f"w{n}", block=f"house{n % 2}") for n in range(60)])

    assert all(isinstance(reply, Waiting) for reply in replies)


async def test_who_leaves_while_the_join_is_deferred_leaves_nothing(
    moves: EventInRedis, redis: Redis
) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))
    await moves.ask(JoinLine("late", block="house"))

    assert isinstance(await moves.ask(LeaveLine("late", "left")), Left)

    assert await moves.ask(FindPlace("late")) == NotInLine()
    assert await redis.exists(key(EVENT, 1, "deferred", "main")) == 0
    await moves.tick(after_s=2)
    assert isinstance(await moves.ask(JoinLine("other", block="house")), Waiting)


async def test_an_operator_admits_one_whose_join_is_deferred(moves: EventInRedis) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))
    await moves.ask(JoinLine("late", block="house"))

    admitted = await moves.ask(AdmitVisitor("late", "admin: a child"))

    assert isinstance(admitted, Admitted)
    assert admitted.number == 32


async def test_with_a_share_of_one_nobody_is_counted(program: Program) -> None:
    moves = await EventInRedis(program).open(proof_bits_max=0, join_share_max=1)
    joins = [JoinLine(f"v{n}", block=f"house{n % 2}") for n in range(2_000)]

    assert all(isinstance(reply, Waiting) for reply in await join_all(moves, joins))


async def test_who_has_a_place_keeps_it_whatever_the_share(moves: EventInRedis) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))

    again = await moves.ask(JoinLine("v3", block="house"))

    assert isinstance(again, Waiting)
    assert again.again


async def test_the_wire_tells_lobby_until_the_number_is_given(world: World) -> None:
    await world.event(state="paused", rules={"join_share_max": 0.001, "window_seconds": 60})
    await (await world.visitor()).http.post("/api/v1/events/demo/queue")
    batcher = world.services.rooms.batcher("demo")
    await batcher.do(JoinLine("v_elsewhere", block=block_digest("192.0.2.1")))

    visitor = await world.visitor()
    async with visitor.socket() as socket:
        told = (await socket.ask("queue.join"))["place"]
        assert (told["state"], told["number"], told["ahead"]) == ("lobby", None, None)
        assert told["deferred"]
        rules = {"join_share_max": 1}
        await (await world.operator()).patch("/api/v1/admin/events/demo/rules", json=rules)
        place = (await socket.until("queue.joined"))["place"]

    assert (place["state"], place["number"]) == ("waiting", 3)
    assert "deferred" not in place
    entries = (await visitor.http.get("/api/v1/events/demo/queue/history")).json()["entries"]
    own = [(one["what"], one.get("why")) for one in entries if one["who"]]
    assert own == [("window", DEFERRED), ("number", None)]
    settings = world.services.settings
    assert (await asyncio.to_thread(run, "verify", "demo", settings=settings)).returncode == 0
