"""Pool of connections whose callers wait for one, with a limit, and which stays closed."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from booking_rush.lua.client.lost_connections import knowing_its_loss


class NoConnectionError(RedisError):
    """All connections were in use for too long: nothing was sent."""


class WaitingPool(BlockingConnectionPool):
    """A pool whose callers wait for a connection, up to 2 s, where all are in use.

    Once it is closed it stays so: redis-py's own would connect again for a task that outlives the
    client, and nobody would close that connection.
    """

    _is_closed = False

    def __init__(self, *, connection_class: Any = Connection, **options: Any) -> None:
        super().__init__(connection_class=knowing_its_loss(connection_class), **options)

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection.

        Raises:
            NoConnectionError: none came free in time, or the pool is closed.
            RedisError: Redis did not let us connect.
        """
        if self._is_closed:
            raise NoConnectionError("the client is closed")
        try:
            return await super().get_connection()  # type: ignore[no-untyped-call]
        except RedisConnectionError as error:
            if str(error) == "No connection available.":  # redis-py says it in no other way
                raise NoConnectionError(str(error)) from error
            raise

    async def release(self, connection: Any) -> None:
        """Take a connection back; once the pool is closed, close it."""
        if self._is_closed:
            await connection.disconnect(nowait=True)
        await super().release(connection)

    async def aclose(self) -> None:
        """Close every connection, those in use as well, for good."""
        self._is_closed = True
        await super().aclose()
