"""Watermark: callers wait until PostgreSQL has their outbox entry."""

import asyncio
from typing import Any

import pytest

from booking_rush.errors import Recovering, TryAgain
from booking_rush.queue import watermark as watermark_module
from booking_rush.queue.watermark import Watermark
from tests.support.clients import PATIENCE_S


async def test_who_waits_for_an_entry_goes_on_when_it_is_reached() -> None:
    mark = Watermark()
    early, late = (asyncio.ensure_future(mark.reach(entry)) for entry in ("5-1", "12-0"))
    await asyncio.sleep(0)

    mark.move("9-0")
    await early
    assert not late.done()
    mark.move("12-0")
    await late


async def test_a_watermark_never_goes_back_and_compares_numbers() -> None:
    mark = Watermark()
    mark.move("100-2")
    mark.move("99-9")

    await mark.reach("100-2")
    await mark.reach("")


async def test_a_new_epoch_refuses_who_waited_in_the_old_one() -> None:
    mark = Watermark()
    mark.move("50-0")
    waits = asyncio.ensure_future(mark.reach("60-0"))
    await asyncio.sleep(0)

    mark.restart(Recovering())

    with pytest.raises(Recovering):
        await waits
    assert not asyncio.ensure_future(mark.reach("40-0")).done()  # the old mark counts no more


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark_module, "TIMEOUT_S", 0.01)

    with pytest.raises(TryAgain):
        await Watermark().reach("1-0")


async def test_nobody_who_gave_up_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark_module, "TIMEOUT_S", 0.01)
    mark = Watermark()
    for n in range(20):
        entries = [f"{n}-{m}" for m in range(200)]
        waits = [mark.reach(entry) for entry in (*entries, *entries[100:])]
        await asyncio.gather(*waits, return_exceptions=True)

    assert len(mark) == 0
    heap: list[Any] = getattr(mark, "_heap")  # noqa: B009  what it remembers is the question
    assert len(heap) <= 2 * watermark_module.STALE_MAX


async def test_to_wait_needs_no_task() -> None:
    """A join is carried out in the turn in which its frame came, and that is in no task."""
    mark = Watermark()
    waits, begun = mark.reach("5-1"), asyncio.Event()

    def begin() -> None:
        assert asyncio.current_task() is None
        waits.send(None)
        begun.set()

    asyncio.get_running_loop().call_soon(begin)
    async with asyncio.timeout(PATIENCE_S):
        await begun.wait()
    assert len(mark) == 1
    waits.close()
    assert len(mark) == 0


async def test_who_gives_up_takes_nobody_along() -> None:
    mark = Watermark()
    gives_up, stays = (asyncio.ensure_future(mark.reach("5-1")) for _ in range(2))
    await asyncio.sleep(0)
    gives_up.cancel()
    await asyncio.sleep(0)
    assert len(mark) == 1

    mark.move("5-1")
    await stays
    assert gives_up.cancelled()


async def test_an_entry_of_an_epoch_that_ended_is_never_reached() -> None:
    """A reply of the old Redis, read after the recovery: nobody has recorded it."""
    mark = Watermark()
    mark.restart(Recovering(), 7)
    mark.move("900-0")
    await mark.reach("7:800-0")

    mark.restart(Recovering(), 8)
    mark.move("950-0")

    with pytest.raises(TryAgain):
        await mark.reach("7:920-0")
    await mark.reach("8:940-0")


async def test_an_entry_of_an_epoch_to_come_is_waited_for() -> None:
    """A reply of the new Redis, read before this process knows of the recovery."""
    mark = Watermark()
    mark.restart(Recovering(), 7)
    early = asyncio.ensure_future(mark.reach("8:5-0"))
    old = asyncio.ensure_future(mark.reach("7:9-0"))
    await asyncio.sleep(0)
    mark.move("8-0")
    assert not early.done()

    mark.restart(Recovering(), 8)
    mark.move("5-0")

    await early
    with pytest.raises(Recovering):
        await old
