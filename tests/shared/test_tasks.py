"""Deadlines of coroutines that obey, swallow or cause their cancellation."""

import asyncio

import pytest

from booking_rush.tasks import cancel_and_wait, with_deadline


async def test_what_is_done_in_time_is_answered() -> None:
    async def work() -> int:
        return 42

    assert await with_deadline(work(), 60) == 42


async def test_what_takes_longer_is_cancelled() -> None:
    over = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            over.set()

    with pytest.raises(TimeoutError, match="not done in"):
        await with_deadline(work(), 0.01)
    assert over.is_set()


async def test_what_forgets_its_cancellation_is_left_behind() -> None:
    working = set[asyncio.Task[None]]()

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        working.add(task)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match="not done in"):
        await with_deadline(work(), 0.01)
    assert not any(task.done() for task in working)
    await cancel_and_wait(working)


async def test_what_is_cancelled_from_within_ends_nobody_else() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError, match="from within"):
        await with_deadline(work(), 60)
