"""Lost connections: known before a command is sent, and an error of Redis under any event loop.

Where a peer resets a connection, redis-py neither finds it ended before it is used again, nor does
uvloop raise an OSError: to write to it is a RuntimeError there.
"""

from functools import cache
from typing import Any, cast

from redis.exceptions import ConnectionError as RedisConnectionError


class _KnowsItsLoss:
    """Part of a connection that says of itself that it is lost."""

    __slots__ = ()

    async def can_read(self) -> bool:
        """Return whether there is something to read, of which a lost connection has its error."""
        reader = cast("Any", self)._reader
        is_reset = reader is not None and reader.exception() is not None
        return is_reset or await cast("Any", super()).can_read()

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send a command.

        Raises:
            RedisError: the connection is lost.
        """
        try:
            await cast("Any", super()).send_packed_command(command, check_health)
        except RuntimeError as closed:
            raise RedisConnectionError(str(closed)) from closed


@cache
def knowing_its_loss(kind: type[Any]) -> type[Any]:
    """Return a class of connections, as redis-py has it, that know when they are lost."""
    return type(kind.__name__, (_KnowsItsLoss, kind), {})
