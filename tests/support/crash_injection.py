"""Stand-ins for death at any step: a pool and a Redis that end the process at the n-th call.

What stands behind them is real; a call either never arrives, or arrives and is never answered.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any


class CrashedError(BaseException):
    """The process is gone: nothing that it would have done is done."""


class CrashPoint:
    """Counts the calls to the outside, and ends the process at one of them."""

    def __init__(self, at: int, *, answered: bool) -> None:
        self.calls = 0
        self.crashed = asyncio.Event()
        self._at = at
        self._answered = answered

    def around(self, found: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, every call of which may be the last."""

        async def mortal(*args: Any, **kwargs: Any) -> Any:
            return await self.call(lambda: found(*args, **kwargs))

        return mortal

    async def call(self, work: Callable[[], Any]) -> Any:
        """One call to the outside; `answered`: it is carried out, and the answer is lost."""
        self.calls += 1
        last = self.calls == self._at
        if self.crashed.is_set() or (last and not self._answered):
            self.crashed.set()
            raise CrashedError
        try:
            return await work()
        finally:
            if last:
                self.crashed.set()
                raise CrashedError


class CrashingConnection:
    """A connection of a process that may die."""

    def __init__(self, connection: Any, fate: CrashPoint) -> None:
        self._connection = connection
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name in ("execute", "fetch", "fetchrow", "fetchval", "executemany"):
            return self._fate.around(found)
        return found

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncGenerator[None]:
        """A transaction; its commit is a call to the outside like any other."""
        transaction = self._connection.transaction(**options)
        await transaction.start()
        try:
            yield
        except BaseException:
            await transaction.rollback()
            raise
        try:
            await self._fate.call(transaction.commit)
        except CrashedError:
            if transaction._state.name == "STARTED":
                await transaction.rollback()
            raise


class CrashingPool:
    """A pool of a process that may die."""

    def __init__(self, pool: Any, fate: CrashPoint) -> None:
        self._pool = pool
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pool, name)
        if name in ("execute", "fetch", "fetchrow", "fetchval"):
            return self._fate.around(found)
        return found

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[CrashingConnection]:
        async with self._pool.acquire() as connection:
            yield CrashingConnection(connection, self._fate)


class CrashingRedis:
    """A Redis client of a process that may die."""

    def __init__(self, redis: Any, fate: CrashPoint) -> None:
        self._redis = redis
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._redis, name)
        if name in ("xread", "xrange", "scan", "unlink", "evalsha", "script_load"):
            return self._fate.around(found)
        return found


class CrashingPayments:
    """The bank as a process asks it that may die."""

    def __init__(self, payments: Any, fate: CrashPoint) -> None:
        self._payments = payments
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._payments, name)
        if name in ("charge", "cancel", "refund", "ask"):
            return self._fate.around(found)
        return found
