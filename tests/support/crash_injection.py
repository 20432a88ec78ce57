"""Crash injection: a pool, a Redis and a bank whose n-th call ends the process that makes it.

The stores behind are real; a call either never arrives, or arrives and is never answered.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any


class CrashedError(BaseException):
    """The process has crashed. A BaseException, so that no handler of errors goes on."""


class CrashPoint:
    """A counter of calls to stores and bank, which ends the process at one of them."""

    def __init__(self, at: int, *, answered: bool) -> None:
        self.calls = 0
        self.crashed = asyncio.Event()
        self._at = at
        self._answered = answered

    def around(self, found: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function, so that each call of it counts."""

        async def counted(*args: Any, **kwargs: Any) -> Any:
            return await self.call(lambda: found(*args, **kwargs))

        return counted

    async def call(self, work: Callable[[], Any]) -> Any:
        """Make one call. At the crash, with `answered` it is carried out and its answer is lost.

        Raises:
            CrashedError: the process crashes at this call, or has crashed before.
        """
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
    """A connection of a process that crashes."""

    def __init__(self, connection: Any, crash: CrashPoint) -> None:
        self._connection = connection
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name in ("execute", "fetch", "fetchrow", "fetchval", "executemany"):
            return self._crash.around(found)
        return found

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncGenerator[None]:
        """Open a transaction; its commit counts as a call like any other."""
        transaction = self._connection.transaction(**options)
        await transaction.start()
        try:
            yield
        except BaseException:
            await transaction.rollback()
            raise
        try:
            await self._crash.call(transaction.commit)
        except CrashedError:
            if transaction._state.name == "STARTED":
                await transaction.rollback()
            raise


class CrashingPool:
    """A pool of a process that crashes."""

    def __init__(self, pool: Any, crash: CrashPoint) -> None:
        self._pool = pool
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pool, name)
        if name in ("execute", "fetch", "fetchrow", "fetchval"):
            return self._crash.around(found)
        return found

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[CrashingConnection]:
        async with self._pool.acquire() as connection:
            yield CrashingConnection(connection, self._crash)


class CrashingRedis:
    """A Redis client of a process that crashes."""

    def __init__(self, redis: Any, crash: CrashPoint) -> None:
        self._redis = redis
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._redis, name)
        if name in ("xread", "xrange", "scan", "unlink", "evalsha", "script_load"):
            return self._crash.around(found)
        return found


class CrashingPayments:
    """A payment provider of a process that crashes."""

    def __init__(self, payments: Any, crash: CrashPoint) -> None:
        self._payments = payments
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._payments, name)
        if name in ("charge", "cancel", "refund", "list_notifications"):
            return self._crash.around(found)
        return found
