"""Many callers, one piece of work at a time: who comes while it is done is in the next one.

A lone caller waits for nobody, and who gives up waiting cancels nothing that is on its way.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Coalescer(Generic[A, R]):
    """Does `work` for sets of up to `most` wishes; it gives one answer a wish, in their order.

    An answer that is an exception is raised to its caller alone; work that breaks, to all of its.
    """

    def __init__(
        self, work: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]], *, most: int
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[tuple[A, asyncio.Future[Any]]] = deque()
        self._working: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many wait, beside those whose work is done now."""
        return len(self._waiting)

    def do(self, wish: A) -> asyncio.Future[R]:
        """Have a wish done in a next piece of work; the future is its answer."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work_on())
        return future

    async def _work_on(self) -> None:
        """Work until nobody waits."""
        try:
            while self._waiting:
                count = min(self._most, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(count)]
                answers = await self._answers([wish for wish, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    _settle(future, answer)
        finally:
            self._working = None

    async def _answers(self, wishes: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await self._work(wishes)
        except Exception as why:  # a mistake of ours: nobody may wait for ever
            return [why] * len(wishes)


def _settle(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
