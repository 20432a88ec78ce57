"""One event's trouble is its own: another event's joins are answered as quickly as ever."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from booking_rush.booking.recording.recovery import Recovery
from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import epoch_key, key
from booking_rush.lua.recovery.commands import LoadSections
from tests.support.clients import until
from tests.support.world import World

VICTIM, NEIGHBOUR = "victim", "neighbour"
JOINS = 15
SLOWER_S = 0.2  # so much may another event's trouble cost a join


async def median_join_s(world: World) -> float:
    """Join the neighbour by some visitors, one after the other. Return the median of the times."""
    times: list[float] = []
    for _ in range(JOINS):
        visitor = await world.visitor()
        began = time.monotonic()
        await visitor.join(NEIGHBOUR)
        times.append(time.monotonic() - began)
    return statistics.median(times)


async def epoch_of(world: World, event: str) -> int:
    pool = world.services.pool
    return int(await pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", event))


@asynccontextmanager
async def row_locked(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Lock the event's row from elsewhere, while entries wait to be recorded."""
    async with world.services.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT * FROM recorded WHERE event = $1 FOR UPDATE", VICTIM)
        joining = asyncio.create_task(_join_and_wait(world))
        yield
    await joining


async def _join_and_wait(world: World) -> None:
    visitor = await world.visitor()
    await visitor.http.post(f"/api/v1/events/{VICTIM}/queue")


@asynccontextmanager
async def stream_poisoned(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The event's outbox is full of entries that cannot be recorded."""
    outbox = key(VICTIM, await epoch_of(world, VICTIM), "outbox")
    for _ in range(200):
        await world.services.redis.xadd(outbox, {"kind": "miracle"})
    yield


@asynccontextmanager
async def outbox_no_stream(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The event's outbox is a key of another type."""
    outbox = key(VICTIM, await epoch_of(world, VICTIM), "outbox")
    await world.services.redis.delete(outbox)
    await world.services.redis.set(outbox, "no stream")
    yield
    await world.services.redis.delete(outbox)


@asynccontextmanager
async def epoch_no_text(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The event's epoch is a key of another type: it can neither be tended nor recovered."""
    await world.services.redis.delete(epoch_key(VICTIM))
    await world.services.redis.rpush(epoch_key(VICTIM), "no text")
    yield
    await world.services.redis.delete(epoch_key(VICTIM))


@asynccontextmanager
async def recovery_hangs(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The event is lost, and its recovery does not come to an end."""
    going_on = asyncio.Event()
    ask = Program.ask

    async def slow(self: Program, event: str, stamp: str, command: Any, **options: Any) -> Any:
        if event == VICTIM and isinstance(command, LoadSections):
            await going_on.wait()
        return await ask(self, event, stamp, command, **options)

    patch.setattr(Program, "ask", slow)
    await world.services.redis.delete(epoch_key(VICTIM))
    yield
    going_on.set()


@asynccontextmanager
async def recovery_fails(world: World, patch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """The event is lost, and each try to recover it fails."""
    recover = Recovery.recover

    async def failing(self: Recovery, event: str, *arguments: Any, **options: Any) -> str:
        if event == VICTIM:
            raise AssertionError("a test breaks it")
        return await recover(self, event, *arguments, **options)

    patch.setattr(Recovery, "recover", failing)
    await world.services.redis.delete(epoch_key(VICTIM))
    yield
    patch.undo()


Trouble = Callable[[World, pytest.MonkeyPatch], AbstractAsyncContextManager[None]]


@pytest.mark.parametrize(
    "trouble",
    [
        row_locked, stream_poisoned, outbox_no_stream, epoch_no_text, recovery_hangs,
        recovery_fails,
    ],
)  # fmt: skip
async def test_one_events_trouble_costs_no_other_event_a_join(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    await world.event(VICTIM)
    await world.event(NEIGHBOUR)
    quiet = await median_join_s(world)

    async with trouble(world, monkeypatch):
        troubled = await median_join_s(world)
        answer = await (await world.clients.http()).get("/readyz")

    assert troubled < quiet + SLOWER_S
    assert answer.status_code == 200  # what one event suffers is not the process' matter
    later = await world.visitor()
    await until(lambda: _has_joined(later))  # and the victim itself comes back


async def _has_joined(visitor: Any) -> bool:
    answer = await visitor.http.post(f"/api/v1/events/{VICTIM}/queue")
    return bool(answer.status_code in (200, 201))
