"""Holds after a recovery: whoever was sent more than PostgreSQL had recorded is sent the truth."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.recording.commits import Commits
from booking_rush.postgres import Pool
from tests.support.clients import Frame, Socket, Visitor, until
from tests.support.world import World

HELD = "SELECT until_ms FROM bookings WHERE visitor = $1 AND state = 'held'"


@contextmanager
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let nothing more be recorded while the block lasts."""

    async def refuse(*arguments: Any) -> None:
        raise OSError("PostgreSQL is away")

    with monkeypatch.context() as patched:
        patched.setattr(Commits, "record", refuse)
        yield


async def recorded_hold(socket: Socket, pool: Pool, ada: Visitor) -> Frame:
    """Hold a seat, and wait until PostgreSQL has it. Return the hold."""
    held: Frame = (await socket.ask("hold.create", key="one", seats=["stalls.A-1"]))["hold"]
    await until(lambda: pool.fetchval(HELD, ada.id))
    return held


async def test_an_extension_that_a_recovery_undoes_is_told(
    world: World, pool: Pool, redis: Redis, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ada.socket() as socket:
        held = await recorded_hold(socket, pool, ada)
        with unrecorded(monkeypatch):
            told = (await socket.ask("hold.extend", hold=held["id"]))["hold"]
            await redis.flushall()
            await until(lambda: pool.fetchval("SELECT epoch > 1 FROM recorded"))

        again = (await socket.until("hold.extended"))["hold"]

        assert (again["id"], again["extensions_left"]) == (held["id"], held["extensions_left"])
        assert told["extensions_left"] == held["extensions_left"] - 1
        found = await ada.http.get(f"/api/v1/events/demo/holds/{held['id']}")
        assert found.json()["hold"] == again


async def test_a_release_that_a_recovery_undoes_is_told(
    world: World, pool: Pool, redis: Redis, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ada.socket() as socket:
        held = await recorded_hold(socket, pool, ada)
        with unrecorded(monkeypatch):
            assert (await socket.ask("hold.release", hold=held["id"]))["type"] == "hold.released"
            await redis.flushall()
            await until(lambda: pool.fetchval("SELECT epoch > 1 FROM recorded"))

        again = (await socket.until("hold.created"))["hold"]

        assert (again["id"], again["seats"]) == (held["id"], held["seats"])
        assert (await socket.ask("hold.release", hold=held["id"]))["type"] == "hold.released"
