"""Primary that Sentinel names: each new connection asks for it, and one replaced is left."""

import asyncio
import time
import weakref
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.sentinel import (
    Sentinel,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from booking_rush.lua.client.waiting_pool import NoConnectionError, WaitingPool
from booking_rush.lua.cluster.cluster_url import address_of
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

    def __init__(self, sentinel: Any, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.connection_kwargs["connection_pool"] = weakref.proxy(self)
        self._sentinel = sentinel
        self._name = name
        self._address: tuple[str, int] | None = None
        self._ask_at = 0.0
        self._asking: asyncio.Task[tuple[str, int]] | None = None

    async def get_master_address(self) -> tuple[str, int]:
        """Return the address of the primary, as Sentinel says now.

        One question is on its way for all callers: redis-py loses Sentinels from its list where two
        are.

        Raises:
            NoConnectionError: the pool is closed.
            RedisError: no Sentinel names a primary.
        """
        asking = self._ask()
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            if asking.cancelled():
                raise NoConnectionError("the client is closed") from None
            raise

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection, as every pool of ours; ask Sentinel beside it now and then."""
        if time.monotonic() >= self._ask_at and not self._is_closed:
            self._ask()
        return await super().get_connection()

    async def aclose(self) -> None:
        """Close every connection, those to Sentinel too."""
        await super().aclose()
        if self._asking is not None:
            await cancel_and_wait([self._asking])
        await self._sentinel.aclose()

    async def ask_each(self) -> list[Any]:
        """Return what each Sentinel says of the primary, or its error."""
        answers = (node.sentinel_master(self._name) for node in self._sentinel.sentinels)
        return await asyncio.gather(*answers, return_exceptions=True)

    def _ask(self) -> asyncio.Task[tuple[str, int]]:
        """Return the question that is on its way, a new one where none is."""
        if self._asking is None or self._asking.done():
            self._ask_at = time.monotonic() + ASK_S
            self._asking = asyncio.create_task(self._find())
            self._asking.add_done_callback(_retrieve)
        return self._asking

    async def _find(self) -> tuple[str, int]:
        found: tuple[str, int] = await self._sentinel.discover_master(self._name)
        if found != self._address:
            self._address = found
            await self._leave_others(found)
        return found

    async def _leave_others(self, address: tuple[str, int]) -> None:
        for connection in [*self._available_connections, *self._in_use_connections]:
            one = cast("Any", connection)
            if one.is_connected and (one.host, one.port) != address:
                await one.disconnect(nowait=True)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Retrieve the error of a question that nobody waits for; a new connection asks again."""
    if not task.cancelled():
        task.exception()


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
    nodes = [address_of(host, PORT, FORM) for host in hosts.split(",") if host]
    if not nodes or not name or (database and not database.isdigit()):
        raise ValueError(f"a URL of Sentinel is {FORM}")
    query = dict(parse_qsl(parts.query))
    own = {word: query.pop(f"sentinel_{word}", None) for word in ("username", "password")}
    plain = f"{parts.scheme.partition('+')[0]}://{credentials}{'@' if credentials else ''}"
    given = parse(f"{plain}-/{database}?{urlencode(query)}")  # redis-py wants one host
    is_tls = "connection_class" in given
    given = {word: given[word] for word in given.keys() - {"host", "port", "connection_class"}}
    tls = {word: value for word, value in given.items() if word.startswith("ssl_")}
    asked = {"protocol": options["protocol"], "retry": options["retry"], **tls, **own}
    asked |= {"ssl": is_tls, "socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    kind = SentinelManagedSSLConnection if is_tls else SentinelManagedConnection
    sentinel = cast("Any", Sentinel)(nodes, sentinel_kwargs=asked)
    return SentinelPool(sentinel, unquote(name), connection_class=kind, **{**options, **given})


def is_sentinel(url: str) -> bool:
    """Return whether a URL names Sentinels."""
    return urlsplit(url).scheme in SCHEMES
