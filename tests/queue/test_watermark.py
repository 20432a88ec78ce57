"""Watermark: callers wait until PostgreSQL has their outbox entry."""

import asyncio

import pytest

from booking_rush.errors import Recovering, TryAgain
from booking_rush.queue import watermark as watermark_module
from booking_rush.queue.watermark import Watermark


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
