"""Proofs of work in the join's move: asked by the rate of joins, and spent once."""

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Failed
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import (
    JoinLine,
    LeaveLine,
    LineClosed,
    ProofRequired,
    Waiting,
)
from tests.support.event_in_redis import EVENT, NOON, EventInRedis


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    return await EventInRedis(program).open()


async def rush(moves: EventInRedis, joins: int, *, name: str = "v") -> None:
    """Join so often at one moment, until a proof is asked."""
    commands = [JoinLine(f"{name}{n}") for n in range(joins)]
    for at in range(0, joins, 500):
        page = commands[at : at + 500]
        await moves.program.run(EVENT, moves.stamp, page, now_ms=moves.now)


async def test_a_quiet_event_asks_for_nothing(moves: EventInRedis) -> None:
    await rush(moves, 2_499)

    assert isinstance(await moves.ask(JoinLine("ada")), Waiting)


async def test_a_rush_asks_for_a_proof_and_then_for_nothing_again(moves: EventInRedis) -> None:
    await rush(moves, 2_500)

    assert await moves.ask(JoinLine("ada")) == ProofRequired(12)
    moves.now += 10_000
    assert isinstance(await moves.ask(JoinLine("ada")), Waiting)


async def test_bits_rise_with_the_rate_up_to_the_rule(program: Program) -> None:
    asked: list[int] = []
    moves = await EventInRedis(program).open(proof_bits_max=15)
    for at in range(2_500, 12_000, 100):
        joins = [JoinLine(f"v{at}-{n}", proof=f"p{at}-{n}", issued=NOON) for n in range(100)]
        await moves.program.run(EVENT, moves.stamp, joins, now_ms=moves.now)
        asked.append(await bits_asked_of(moves))

    assert asked == sorted(asked)
    assert asked[0] == 0
    assert {12, 13, 14, 15} <= set(asked)
    assert max(asked) == 15


async def bits_asked_of(moves: EventInRedis) -> int:
    reply = await moves.ask(JoinLine("never in line", proof=""))
    if isinstance(reply, Waiting):
        await moves.ask(LeaveLine("never in line", "left"))
    return reply.bits if isinstance(reply, ProofRequired) else 0


async def test_with_the_rule_at_zero_none_is_ever_asked(program: Program) -> None:
    moves = await EventInRedis(program).open(proof_bits_max=0)

    await rush(moves, 6_000)

    assert isinstance(await moves.ask(JoinLine("ada")), Waiting)


async def test_a_proof_is_spent_by_one_join(moves: EventInRedis) -> None:
    await rush(moves, 2_500)

    first = await moves.ask(JoinLine("ada", proof="one", issued=NOON))
    await moves.ask(LeaveLine("ada", "left"))
    again = await moves.ask(JoinLine("ada", proof="one", issued=NOON))
    other = await moves.ask(JoinLine("ada", proof="two", issued=NOON))

    assert isinstance(first, Waiting)
    assert again == ProofRequired(12)
    assert isinstance(other, Waiting)


async def test_a_proof_is_spent_once_within_one_batch(moves: EventInRedis) -> None:
    await rush(moves, 2_500)
    commands = [
        JoinLine("ada", proof="one", issued=NOON),
        JoinLine("bob", proof="one", issued=NOON),
    ]

    replies = await moves.program.run(EVENT, moves.stamp, commands, now_ms=moves.now)

    assert isinstance(replies[0], Waiting)
    assert replies[1] == ProofRequired(12)


async def test_who_is_in_line_needs_no_proof(moves: EventInRedis) -> None:
    await moves.join("ada")
    await rush(moves, 2_500)

    again = await moves.ask(JoinLine("ada"))

    assert isinstance(again, Waiting)
    assert again.again


async def test_a_refused_join_spends_nothing(program: Program) -> None:
    moves = await EventInRedis(program).open(state="closed")

    assert await moves.ask(JoinLine("ada", proof="one", issued=NOON)) == LineClosed()


async def test_a_key_of_another_type_fails_its_own_join_alone(
    moves: EventInRedis, redis: Redis
) -> None:
    await rush(moves, 2_500)
    await redis.lpush(key(EVENT, 1, "proofs", str(NOON // 5_000)), "no hash")
    commands = [JoinLine("ada", proof="one", issued=NOON), JoinLine("v1")]

    replies = await moves.program.run(EVENT, moves.stamp, commands, now_ms=moves.now)

    assert isinstance(replies[0], Failed)
    assert isinstance(replies[1], Waiting)
