"""Shares of address blocks: a flood gets no more than them, and who is alone is not slowed."""

import random
from collections import Counter, deque

import pytest

from booking_rush.lua.client.program import Program
from booking_rush.lua.line.commands import JoinLine, ShareUsedUp, Waiting
from booking_rush.queue.join_checks.address_blocks import block_digest
from tests.support.event_in_redis import EVENT, NOON, EventInRedis
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
    moves: EventInRedis,
) -> None:
    """100,000 joins in ten seconds of 50 blocks, beside 5,000 people of as many networks."""
    given: dict[int, str] = {}
    refused = Counter[str]()
    chance = random.Random(7)
    for step in range(100):
        moves.now = NOON + 100 * step
        bots = (int(50 * chance.random() ** 2) for _ in range(1_000))  # some blocks are greedier
        joins = [JoinLine(f"b{step}-{n}", block=f"bot{bot}") for n, bot in enumerate(bots)]
        for n in range(50):  # in between
            joins.insert(21 * n, JoinLine(f"h{step}-{n}", block=f"home{step}-{n}"))
        for join, reply in zip(joins, await join_all(moves, joins), strict=True):
            if isinstance(reply, Waiting):
                given[reply.number] = join.block
            else:
                refused[join.block] += 1

    window, most = deque[str](maxlen=1_000), 0
    counts = Counter[str]()
    for number in sorted(given):
        if len(window) == 1_000:
            counts[window[0]] -= 1
        window.append(given[number])
        counts[given[number]] += 1
        most = max(most, counts[given[number]])
    assert not [block for block in refused if block.startswith("home")]
    assert sum(refused.values()) > 0
    assert most <= 20


async def test_few_blocks_get_their_share_and_no_more_while_others_come(
    moves: EventInRedis,
) -> None:
    joins = [
        JoinLine(f"v{n}", block=f"bot{n % 5}" if n % 10 else f"home{n}") for n in range(30_000)
    ]

    replies = await join_all(moves, joins)

    of_bots = [
        isinstance(reply, Waiting)
        for join, reply in zip(joins, replies, strict=True)
        if join.block.startswith("bot")
    ]
    assert 250 <= sum(of_bots) <= 450  # 3,000 of homes are nine tenths of what was given


async def test_a_block_that_is_alone_is_never_slowed(moves: EventInRedis) -> None:
    joins = [JoinLine(f"v{n}", block="house") for n in range(3_000)]

    assert all(isinstance(reply, Waiting) for reply in await join_all(moves, joins))


async def test_who_is_over_the_share_comes_in_when_nobody_else_has_asked_for_a_window(
    moves: EventInRedis,
) -> None:
    await join_all(moves, [JoinLine(f"v{n}", block="house") for n in range(30)])
    await moves.ask(JoinLine("honest", block="home"))

    assert await moves.ask(JoinLine("late", block="house")) == ShareUsedUp(2_000)
    moves.now += 2_000
    assert isinstance(await moves.ask(JoinLine("late", block="house")), Waiting)


async def test_blocks_over_their_share_do_not_hold_up_each_other(moves: EventInRedis) -> None:
    joins = [JoinLine(f"v{n}", block=f"house{n % 2}") for n in range(60)]
    await join_all(moves, joins)
    moves.now += 2_000

    replies = await join_all(moves, [JoinLine(f"w{n}", block=f"house{n % 2}") for n in range(60)])

    assert all(isinstance(reply, Waiting) for reply in replies)


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


async def test_the_wire_asks_to_come_back_in_a_window(world: World) -> None:
    await world.event(state="paused", rules={"join_share_max": 0.001})
    batcher = world.services.rooms.batcher("demo")
    first = await (await world.visitor()).http.post("/api/v1/events/demo/queue")
    await batcher.do(JoinLine("v_elsewhere", block=block_digest("192.0.2.1")))

    refused = await (await world.visitor()).http.post("/api/v1/events/demo/queue")

    assert first.status_code == 201
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "2"
