"""Coalesced calls: batches, failures of one call alone, and callers that stop waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from booking_rush.coalescing import Coalescer, coalesced


class Doubler:
    """Store that doubles numbers once it `goes_on`, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.goes_on = asyncio.Event()
        self.is_away = False

    async def work(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append([*numbers])
        await self.goes_on.wait()
        if self.is_away:
            raise OSError("the store is away")
        if 13 in numbers:
            raise ZeroDivisionError("thirteen breaks it")
        return [ValueError(n) if n < 0 else 2 * n for n in numbers]


async def test_who_comes_while_work_is_done_is_in_the_next_one() -> None:
    store = Doubler()
    calls = coalesced(store.work)
    first = calls.do(1)
    await asyncio.sleep(0)
    later = [calls.do(n) for n in (2, 3, 4)]

    store.goes_on.set()

    assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
    assert store.batches == [[1], [2, 3, 4]]
    assert await calls.do(5) == 10


async def test_as_many_batches_run_at_once_as_may_and_the_rest_waits() -> None:
    store = Doubler()
    calls = Coalescer(store.work, most=2, at_once=2)
    asked = list[asyncio.Future[int]]()
    for number in range(1, 8):
        asked.append(calls.do(number))
        if number in (1, 3):
            await asyncio.sleep(0)  # one batch begins with what is there

    assert store.batches == [[1], [2, 3]]
    assert len(calls) == 4
    store.goes_on.set()

    assert await asyncio.gather(*asked) == [2, 4, 6, 8, 10, 12, 14]
    assert store.batches == [[1], [2, 3], [4, 5], [6, 7]]


async def test_a_refusal_is_raised_to_its_caller_alone() -> None:
    store = Doubler()
    store.goes_on.set()
    calls = coalesced(store.work)

    results = await asyncio.gather(*map(calls.do, (1, -1, 2)), return_exceptions=True)

    assert (results[0], repr(results[1]), results[2]) == (2, "ValueError(-1)", 4)
    assert store.batches == [[1, -1, 2]]


async def test_what_breaks_the_work_is_found_by_doing_each_alone() -> None:
    store = Doubler()
    store.goes_on.set()
    calls = coalesced(store.work)

    results = await asyncio.gather(*map(calls.do, (1, 13, 2)), return_exceptions=True)

    assert (results[0], type(results[1]), results[2]) == (2, ZeroDivisionError, 4)


async def test_a_store_that_is_away_is_asked_once_for_all() -> None:
    store = Doubler()
    store.is_away = True
    store.goes_on.set()
    calls = coalesced(store.work)

    results = await asyncio.gather(*map(calls.do, (1, 2)), return_exceptions=True)

    assert [type(result) for result in results] == [OSError, OSError]
    assert store.batches == [[1, 2]]


async def test_who_gives_up_waiting_cancels_nothing() -> None:
    store = Doubler()
    calls = coalesced(store.work)
    gone, stays = calls.do(1), calls.do(2)
    await asyncio.sleep(0)

    gone.cancel()
    store.goes_on.set()

    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_no_caller_waits_for_work_that_was_cancelled() -> None:
    """A client library may let a cancellation of its own out of it."""

    async def work(numbers: Sequence[int]) -> list[int | Exception]:
        await asyncio.sleep(0)
        if 13 in numbers:
            raise asyncio.CancelledError
        return [*numbers]

    calls = coalesced(work)
    first = calls.do(13)
    await asyncio.sleep(0)
    found = await asyncio.gather(first, calls.do(2), return_exceptions=True)

    assert [type(one) for one in found] == [asyncio.CancelledError, asyncio.CancelledError]
    assert await calls.do(5) == 5
