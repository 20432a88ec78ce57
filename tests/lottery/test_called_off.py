"""Lotteries that were called off: their lobby is drawn, the event opens, and the seed is told."""

from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording import recorder
from booking_rush.postgres import Pool
from booking_rush.queue.lottery import lottery_draw
from tests.lottery.drawn_event import DrawnEvent
from tests.support.recorded_event import EVENT
from tests.support.store_agreement import journal_mistakes

LOBBY = [f"v_{n}" for n in range(1, 8)]
PRESS = ["press_1", "press_2"]  # of another lane, which is drawn by itself
ROUNDS = 6  # of ticks and recordings: both lanes are drawn in pages of three


@pytest.fixture
async def event(pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> DrawnEvent:
    """An event that draws lots, as it was created."""
    monkeypatch.setattr(lottery_draw, "PAGE", 3)
    monkeypatch.setattr(lottery_draw, "PAGES", 1)
    monkeypatch.setattr(recorder, "BLOCK_MS", 1)  # no step waits for entries
    event = DrawnEvent(pool, redis)
    return await event.schedule(
        fairness="lottery", window_seconds=60, lanes={"main": 1, "press": 1}
    )


async def call_off(event: DrawnEvent, fairness: str) -> None:
    await Catalogue(event.pool).set_rules(EVENT, {"fairness": fairness}, who="tests")
    await event.open()


async def state_of(event: DrawnEvent) -> str:
    return str(await event.pool.fetchval("SELECT state FROM events"))


async def lottery_of(event: DrawnEvent) -> dict[str, Any]:
    """Return what everybody is told of the event's lottery."""
    lottery = (await Catalogue(event.pool).event(EVENT)).lottery
    assert lottery is not None
    return lottery


@pytest.mark.parametrize("fairness", ["arrival", "windows"])
async def test_the_seed_is_told_though_postgres_had_nobody_of_the_lobby_at_the_opening(
    event: DrawnEvent, fairness: str
) -> None:
    await event.join(*LOBBY)
    await event.join(*PRESS, lane="press")
    await call_off(event, fairness)
    assert await state_of(event) == "open"
    version = await event.pool.fetchval("SELECT version FROM events")
    await event.join("late")

    for _ in range(ROUNDS):
        assert (await lottery_of(event))["seed"] is None
        await event.advance()
        if event.told.keys() >= {*LOBBY, *PRESS}:
            break

    told = await lottery_of(event)
    assert told["seed"] is not None
    assert {one["lane"]: one["last"] for one in told["draws"]} == {"main": 7, "press": 2}
    assert await event.pool.fetchval("SELECT version FROM events") == version + 1
    by_seed = await event.numbers_by_seed()
    assert {name: event.told[name] for name in (*LOBBY, *PRESS)} == by_seed
    assert await journal_mistakes(event.pool, EVENT) == []


async def test_an_event_opens_though_its_windows_never_are_all_drawn(event: DrawnEvent) -> None:
    await event.join(*LOBBY)
    await event.record()
    await call_off(event, "windows")
    assert await state_of(event) == "drawing"

    for round_ in range(ROUNDS):
        await event.join(f"later_{round_}")  # of a window that lasts a minute
        await event.advance()

    assert await Catalogue(event.pool).apply_schedule() == [EVENT]
    assert await state_of(event) == "open"
    assert {name: event.told[name] for name in LOBBY} == await event.numbers_by_seed()
