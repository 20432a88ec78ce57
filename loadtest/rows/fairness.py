"""Benchmark of shares: a flood of few address blocks beside people, at a clock of its own."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import AdmitNext, FindPlace, JoinLine, Lobby, Waiting
from loadtest.environment import Stores
from loadtest.loaded_event import EVENT, load_event
from loadtest.reporting import report

BOTS, BLOCKS, PEOPLE, STEPS, STEP_MS = 100_000, 50, 5_000, 100, 100
NETWORKS, SKEW = 2_000, 0.7  # of the people: the n-th largest has 1/n^SKEW of the largest's 3 %
RECENT, PAGE = 1_000, 500  # numbers of a share; joins of a batch
NOON = 1_800_000_000_000


async def flood() -> None:
    """Measure whom the shares of a flood defer: its blocks, people, and people without it."""
    for name, bots in (("flood", BOTS), ("people alone", 0)):
        async with Stores() as (redis, _):
            gate = await load_event(redis, rules={"waiting_max": 1_000_000})
            program = Program(redis)
            since = await _arrive(program, gate.stamp, bots)
            members: Any = await redis.zrange(key(EVENT, 1, "line", "main"), 0, -1)
            waits = await _wait(program, gate.stamp, since)
        blocks = [member.decode().partition("/")[0] for member in members]
        most = _most(blocks, "bot")
        report(f"shares: {name}", people=PEOPLE, deferred=len(waits) / PEOPLE,
               longest_wait_s=max(waits, default=0.0), bots=bots,
               bots_numbered=sum(one.startswith("bot") for one in blocks),
               most_of_a_block=most)  # fmt: skip


async def _arrive(program: Program, stamp: str, bots: int) -> dict[str, int]:
    """Let all join in ten seconds. Return the people whose joins were deferred, and since when."""
    chance, since = random.Random(7), dict[str, int]()
    weights = [1 / rank**SKEW for rank in range(1, NETWORKS + 1)]
    for step in range(STEPS):
        now = NOON + step * STEP_MS
        joins = _joins(chance, step, bots, weights)
        for at in range(0, len(joins), PAGE):
            page = joins[at : at + PAGE]
            replies = await program.run(EVENT, stamp, page, now_ms=now)
            for join, reply in zip(page, replies, strict=True):
                if join.block.startswith("net") and isinstance(reply, Lobby):
                    since[join.visitor] = now
        await program.run(EVENT, stamp, [AdmitNext()], now_ms=now)
    return since


async def _wait(program: Program, stamp: str, since: dict[str, int]) -> list[float]:
    """Tick until each of these has a number. Return their waits, in seconds.

    One that got it before the last join counts as if until then.
    """
    waits, now, left = list[float](), NOON + STEPS * STEP_MS, dict(since)
    while left:
        await program.run(EVENT, stamp, [AdmitNext()], now_ms=now)
        found = await program.run(EVENT, stamp, list(map(FindPlace, left)), now_ms=now)
        for visitor, place in zip(list(left), found, strict=True):
            if isinstance(place, Waiting):
                waits.append((now - left.pop(visitor)) / 1000)
        now += STEP_MS
    return waits


def _joins(chance: random.Random, step: int, bots: int, weights: Sequence[float]) -> list[JoinLine]:
    """Return the joins of a tenth of a second, in a random order."""
    of_bots = [f"bot{int(BLOCKS * chance.random() ** 2)}" for _ in range(bots // STEPS)]
    networks = chance.choices(range(len(weights)), weights, k=PEOPLE // STEPS)
    blocks = [*of_bots, *(f"net{network}" for network in networks)]
    chance.shuffle(blocks)
    return [JoinLine(f"{block}/{step}-{n}", block=block) for n, block in enumerate(blocks)]


def _most(blocks: Sequence[str], prefix: str) -> int:
    """Return how many of the last RECENT numbers one block had at most."""
    counts, most = Counter[str](), 0
    for at, block in enumerate(blocks):
        if at >= RECENT:
            counts[blocks[at - RECENT]] -= 1
        counts[block] += 1
        if block.startswith(prefix):
            most = max(most, counts[block])
    return most
