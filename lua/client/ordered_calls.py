"""Calls on one connection to Redis: sent in their order, none waits for the reply of another.

redis-py takes a connection of the pool for each command, and answers one command at a time on it.
"""

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import Any, cast

from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError


class OrderedCalls:
    """Calls of one client, on a connection of its pool that is kept between them."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()
        self._exchange: _Exchange | None = None

    async def call(self, *words: Any) -> Any:
        """Send a command behind those that were sent before. Return its reply, as bytes.

        Raises:
            RedisError: the reply is an error, or it was lost.
        """
        async with self._turn:
            if self._exchange is None or not await self._exchange.is_usable():
                connection = await cast("Any", self._pool).get_connection()
                self._exchange = _Exchange(self._pool, connection)
            answered = await self._exchange.send(words)
        return await answered

    def leave(self) -> None:
        """Send the next call on another connection; replies that are on their way still count."""
        if self._exchange is not None:
            self._exchange.is_left = True


class _Exchange:
    """One connection, the calls whose replies are to come on it, and the task that reads them."""

    def __init__(self, pool: ConnectionPool, connection: Any) -> None:
        self.is_left = False
        self._is_given_back = False
        self._pool = pool
        self._connection = connection
        self._unanswered = deque[asyncio.Future[Any]]()
        self._reading: asyncio.Task[None] | None = None
        # With a timeout of its own redis-py makes a task for each write; reading is bounded here.
        self._answer_s, connection.socket_timeout = connection.socket_timeout, None

    async def is_usable(self) -> bool:
        """Return whether a call may be sent; where it may not, give the connection back."""
        is_open = self._connection.is_connected and not self.is_left
        if self._reading is not None:
            return is_open
        with suppress(RedisError, OSError):
            if is_open and not await self._connection.can_read():  # it would be the end, or astray
                return True
        await self._give_back()
        return False

    async def send(self, words: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Send a call. Return the future of its reply."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._unanswered.append(answered)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        with suppress(RedisError):  # redis-py has closed the connection, and so the reader says it
            await self._connection.send_command(*words, check_health=False)
        return answered

    async def _read(self) -> None:
        """Read the replies of all that was sent; where one is lost, so are those behind it."""
        try:
            while self._unanswered:
                reply = await self._reply()
                if isinstance(reply, ReadOnlyError):
                    self.is_left = True
                _settle(self._unanswered.popleft(), reply)
        except RedisError as lost:
            self.is_left = True
            for answered in self._unanswered:
                _settle(answered, lost)
        except BaseException:  # cancelled, by a loop that ends
            self.is_left = True
            for answered in self._unanswered:
                answered.cancel()
            raise
        finally:
            self._unanswered.clear()
            self._reading = None
            if self.is_left:
                await self._give_back()

    async def _reply(self) -> Any:
        """Return the next reply, which may be an error of Redis.

        Raises:
            RedisError: it was lost; the connection is closed.
        """
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._connection.read_response(disable_decoding=True, timeout=math.inf)
        except ResponseError as refused:
            return refused
        except TimeoutError as late:
            raise RedisTimeoutError("Redis took too long to answer") from late
        except OSError as error:
            raise RedisConnectionError(str(error)) from error

    async def _give_back(self) -> None:
        """Close the connection, and give it back to the pool, which may connect it again."""
        if not self._is_given_back:
            self._is_given_back = self.is_left = True
            self._connection.socket_timeout = self._answer_s
            await self._connection.disconnect(nowait=True)
            await self._pool.release(self._connection)


def _settle(answered: asyncio.Future[Any], reply: Any) -> None:
    if answered.done():
        return
    if isinstance(reply, Exception):
        answered.set_exception(reply)
    else:
        answered.set_result(reply)
