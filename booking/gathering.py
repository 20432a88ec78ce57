"""Many callers, one piece of work at a time: who comes while it is done is in the next one.

So a set-based statement serves everybody who waits, and a lone caller waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from booking_rush.queue.postgres import AWAY

A = TypeVar("A")
R = TypeVar("R")

MOST = 256  # of one piece of work


class Gathering(Generic[A, R]):
    """Does `work` for sets of wishes; it gives one answer a wish, in their order.

    An answer that is an exception is raised to its caller alone. Work that breaks, though its
    store is there, is done again for each wish by itself: one bad wish spoils nobody else's.
    """

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._work = work
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._working: asyncio.Task[None] | None = None

    def do(self, wish: A) -> asyncio.Future[R]:
        """Have a wish done; who gives up waiting cancels nothing that is on its way."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work_on())
        return future

    async def _work_on(self) -> None:
        """Work until nobody waits."""
        try:
            while self._waiting:
                count = min(MOST, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(count)]
                answers = await self._answers([wish for wish, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    _settle(future, answer)
        finally:
            self._working = None

    async def _answers(self, wishes: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await self._work(wishes)
        except Exception as why:
            if len(wishes) == 1 or isinstance(why, AWAY):
                return [why] * len(wishes)
            return [(await self._answers([wish]))[0] for wish in wishes]


def _settle(future: asyncio.Future[R], answer: R | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
