"""Coalescing of concurrent calls: one batch runs, calls that arrive meanwhile form the next.

A lone call runs at once. A caller that stops waiting cancels nothing: its batch goes on.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Any, Generic, TypeAlias, TypeVar, cast

from booking_rush.postgres import UNAVAILABLE

A = TypeVar("A")
R = TypeVar("R")

Work: TypeAlias = Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]]

STATEMENT_CALLS_MAX = 256  # in one batch for Postgres


class Coalescer(Generic[A, R]):
    """Batches of up to `most` calls, which `work` carries out: a result a call, in their order.

    A result that is an exception is raised to its caller alone. An exception that `work` raises
    is raised to every caller of the batch. Where `work` keeps its calls in order, so do batches of
    which several run at once.
    """

    def __init__(self, work: Work[A, R], *, most: int, at_once: int = 1) -> None:
        self._work = work
        self._most = most
        self._at_once = at_once
        self._waiting: deque[tuple[A, asyncio.Future[Any]]] = deque()
        self._working = set[asyncio.Task[None]]()
        self._begins = False  # a task was made that has not taken its first batch yet

    def __len__(self) -> int:
        """Count the calls that wait for a next batch; those of the running batch do not count."""
        return len(self._waiting)

    def do(self, argument: A) -> asyncio.Future[R]:
        """Put a call into a next batch. Return the future of its result."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((argument, future))
        if not self._begins and len(self._working) < self._at_once:
            self._begins = True
            # A batch is of many callers: it runs in the context of none.
            self._working.add(asyncio.create_task(self._work_on(), context=Context()))
        return future

    async def _work_on(self) -> None:
        """Run batch after batch until no call waits."""
        self._begins = False
        try:
            while self._waiting:
                count = min(self._most, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(count)]
                try:
                    results = await self._results([argument for argument, _ in batch])
                except BaseException:  # cancelled, by a loop that ends or by a client library
                    for _, future in (*batch, *self._waiting):
                        future.cancel()
                    self._waiting.clear()
                    raise
                for (_, future), result in zip(batch, results, strict=True):
                    _settle(future, result)
        finally:
            self._working.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _results(self, arguments: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await self._work(arguments)
        except Exception as why:  # a mistake of ours: no caller may wait for ever
            return [why] * len(arguments)


def coalesced(work: Work[A, R]) -> Coalescer[A, R]:
    """Coalesce calls whose `work` is one transaction in Postgres.

    Where it raises although Postgres is available, each call of the batch is carried out again
    alone, so that one bad call fails no other. The transaction has undone the first try.
    """

    async def one_by_one(arguments: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await work(arguments)
        except Exception as why:
            if len(arguments) == 1 or isinstance(why, UNAVAILABLE):
                return [why] * len(arguments)
            return [(await one_by_one([argument]))[0] for argument in arguments]

    return Coalescer(one_by_one, most=STATEMENT_CALLS_MAX)


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
