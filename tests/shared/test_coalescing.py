"""Many callers, one piece of work at a time: nobody waits alone, and nobody pays for another."""

import asyncio
from collections.abc import Sequence

import pytest

from booking_rush.coalescing import coalesced


class Desk:
    """Doubles numbers, as often as it is told to go on; and remembers which came together."""

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
    desk = Desk()
    together = coalesced(desk.work)
    first = together.do(1)
    await asyncio.sleep(0)
    later = [together.do(n) for n in (2, 3, 4)]

    desk.goes_on.set()

    assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
    assert desk.batches == [[1], [2, 3, 4]]
    assert await together.do(5) == 10


async def test_a_refusal_is_raised_to_its_caller_alone() -> None:
    desk = Desk()
    desk.goes_on.set()
    together = coalesced(desk.work)

    told = await asyncio.gather(*map(together.do, (1, -1, 2)), return_exceptions=True)

    assert (told[0], repr(told[1]), told[2]) == (2, "ValueError(-1)", 4)
    assert desk.batches == [[1, -1, 2]]


async def test_what_breaks_the_work_is_found_by_doing_each_alone() -> None:
    desk = Desk()
    desk.goes_on.set()
    together = coalesced(desk.work)

    told = await asyncio.gather(*map(together.do, (1, 13, 2)), return_exceptions=True)

    assert (told[0], type(told[1]), told[2]) == (2, ZeroDivisionError, 4)


async def test_a_store_that_is_away_is_asked_once_for_all() -> None:
    desk = Desk()
    desk.is_away = True
    desk.goes_on.set()
    together = coalesced(desk.work)

    told = await asyncio.gather(*map(together.do, (1, 2)), return_exceptions=True)

    assert [type(one) for one in told] == [OSError, OSError]
    assert desk.batches == [[1, 2]]


async def test_who_gives_up_waiting_cancels_nothing() -> None:
    desk = Desk()
    together = coalesced(desk.work)
    gone, stays = together.do(1), together.do(2)
    await asyncio.sleep(0)

    gone.cancel()
    desk.goes_on.set()

    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
