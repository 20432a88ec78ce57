"""Primary that Sentinel names: each new connection asks for it, and one replaced is left."""

import asyncio
import time
import weakref
from contextlib import suppress
from typing import Any, cast
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from redis.asyncio.sentinel import (
    Sentinel,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import RedisError

from booking_rush.lua.client.waiting_pool import WaitingPool
from booking_rush.tasks import cancel_and_wait

SCHEMES = ("redis+sentinel", "rediss+sentinel")
ANSWER_S = 1.0  # of one Sentinel; then the next is asked
ASK_S = 1.0  # between two questions; so long a process stays with a primary that was replaced
PORT = 26379
FORM = "redis+sentinel://host:port,host:port/NAME/DB"


class SentinelPool(WaitingPool):
    """A pool of connections to the primary of one name.

    A primary that is cut off from Sentinel may live on and answer us. So the question is repeated
    while the pool is used, and whatever is connected to another address is disconnected then, the
    subscription too.
    """

    is_master = True  # these two are read by redis-py's connections
    check_connection = False

    def __init__(self, sentinel: Sentinel, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.connection_kwargs["connection_pool"] = weakref.proxy(self)
        self._sentinel = sentinel
        self._name = name
        self._address: tuple[str, int] | None = None
        self._ask_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def get_master_address(self) -> tuple[str, int]:
        """Ask Sentinel; leave every other address. Return the primary's.

        Raises:
            RedisError: no Sentinel names a primary.
        """
        found: tuple[str, int] = await cast("Any", self._sentinel).discover_master(self._name)
        self._ask_at = time.monotonic() + ASK_S
        if found != self._address:
            self._address = found
            await self._leave_others(found)
        return found

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection, as every pool of ours; ask Sentinel beside it now and then."""
        if time.monotonic() >= self._ask_at and not self._is_closed:
            self._ask_at = time.monotonic() + ASK_S
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
        return await super().get_connection()

    async def aclose(self) -> None:
        """Close every connection, those to Sentinel too."""
        if self._asking is not None:
            await cancel_and_wait([self._asking])
        await super().aclose()
        await self._sentinel.aclose()

    async def ask_each(self) -> list[dict[str, Any] | BaseException]:
        """Return what each Sentinel says of the primary, or its error."""
        answers = (
            cast("Any", node).sentinel_master(self._name) for node in self._sentinel.sentinels
        )
        return await asyncio.gather(*answers, return_exceptions=True)

    async def _ask(self) -> None:
        with suppress(RedisError, OSError):  # a connection that is made asks again
            await self.get_master_address()

    async def _leave_others(self, address: tuple[str, int]) -> None:
        for connection in [*self._available_connections, *self._in_use_connections]:
            one = cast("Any", connection)
            if one.is_connected and (one.host, one.port) != address:
                await one.disconnect(nowait=True)


def sentinel_pool(url: str, options: dict[str, Any], parse: Any) -> SentinelPool:
    """Return the pool of `redis+sentinel://…` or, with TLS to all of them, `rediss+sentinel://…`.

    User and password are the primary's, `sentinel_username` and `sentinel_password` of the query
    those of the Sentinels; everything else in it is for both, as redis-py takes it.

    Raises:
        ValueError: the URL names no Sentinel, or no primary.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    nodes = [_node(host) for host in hosts.split(",") if host]
    if not nodes or not name or (database and not database.isdigit()):
        raise ValueError(f"a URL of Sentinel is {FORM}")
    query = dict(parse_qsl(parts.query))
    own = {word: query.pop(f"sentinel_{word}", None) for word in ("username", "password")}
    plain = f"{parts.scheme.partition('+')[0]}://{credentials}{'@' if credentials else ''}"
    given = parse(f"{plain}{quote(nodes[0][0])}/{database}?{urlencode(query)}")
    given.pop("host"), given.pop("port", None)
    is_tls = given.pop("connection_class", None) is not None
    tls = {word: value for word, value in given.items() if word.startswith("ssl_")}
    asked = {**options, **tls, **own, "ssl": is_tls}
    asked |= {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    asked.pop("timeout"), asked.pop("max_connections")
    kind = SentinelManagedSSLConnection if is_tls else SentinelManagedConnection
    sentinel = Sentinel(nodes, sentinel_kwargs=asked)
    return SentinelPool(sentinel, unquote(name), connection_class=kind, **{**options, **given})


def _node(text: str) -> tuple[str, int]:
    """Return host and port of one Sentinel.

    Raises:
        ValueError: the port is none.
    """
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"a URL of Sentinel is {FORM}")
    return parts.hostname, parts.port or PORT


def is_sentinel(url: str) -> bool:
    """Return whether a URL names Sentinels."""
    return urlsplit(url).scheme in SCHEMES
