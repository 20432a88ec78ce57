"""Rate limits of visitors and addresses by class of request, as GCRA in Redis; off by setting.

The generic cell rate algorithm (ITU-T I.371) keeps one time a client: when the bucket would be full
again. Every process asks the one Redis, by its clock. Where Redis is away nobody is limited: what
the limits protect is away, too.
"""

import hashlib
import logging
import math
from collections.abc import Awaitable, Sequence
from typing import Any, Literal, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from booking_rush.coalescing import Coalescer
from booking_rush.errors import TooManyRequests
from booking_rush.queue.join_checks.address_blocks import client_block

log = logging.getLogger(__name__)

RequestClass = Literal["visitors", "join", "hold", "connect", "find", "rest"]
BATCH_MAX = 128
TAG = "{rate_limits}"  # no event has it: their ids have no such character


class Limit(NamedTuple):
    """So many requests a minute, and so many at once after a pause."""

    per_minute: int
    burst: int

    @property
    def interval_ms(self) -> float:
        """Return the milliseconds in which one request comes back."""
        return 60_000 / self.per_minute


# By class: of a visitor, and of an address (an IPv4 address, or the /64 of an IPv6 one), behind
# which a whole office may sit.
LIMITS: dict[RequestClass, tuple[Limit | None, Limit]] = {
    "visitors": (None, Limit(60, 20)),
    "join": (Limit(20, 10), Limit(240, 60)),
    "hold": (Limit(20, 10), Limit(240, 60)),
    "connect": (Limit(20, 10), Limit(240, 60)),
    "find": (Limit(5, 5), Limit(20, 10)),
    "rest": (Limit(100, 20), Limit(1_200, 200)),
}

# KEYS[1] is the hash tag of all keys, so that in a cluster one primary has them. Three arguments a
# client: key, interval and burst. All of a request's clients must have one left, otherwise none is
# taken.
GCRA = """
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local answers, at = {}, 1
for count in ARGV[1]:gmatch("%d") do
  local ends, wait, left = {}, 0, math.huge
  for client = 1, count do
    local key, interval, burst = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    at = at + 3
    local full = math.max(now, tonumber(redis.call("GET", key) or 0)) + interval
    local early = full - interval * burst
    wait, ends[client] = math.max(wait, early - now), { key, full }
    left = math.min(left, math.floor((now - early) / interval))
  end
  if wait <= 0 then
    for _, one in ipairs(ends) do
      redis.call("SET", one[1], string.format("%.0f", one[2]),
        "PX", string.format("%.0f", math.max(1, one[2] - now)))
    end
  end
  answers[#answers + 1] = { math.ceil(wait), math.max(0, left) }
end
return answers
"""


class Taken(NamedTuple):
    """Rest of a limit after a request, and how long the request has to wait; 0: not at all."""

    name: RequestClass
    limit: Limit
    left: int
    wait_ms: int

    def headers(self) -> dict[str, str]:
        """Return the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers)."""
        seconds = math.ceil(self.wait_ms / 1000) or math.ceil(self.limit.interval_ms / 1000)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit.per_minute};w=60',
            "RateLimit": f'"{self.name}";r={self.left};t={seconds}',
        }


class RateLimits:
    """The limits of one process; with `enabled` false nothing is asked and nobody is limited."""

    def __init__(self, redis: Redis, *, enabled: bool) -> None:
        self.enabled = enabled
        self._redis = redis
        self._digest = ""
        self._asks = Coalescer[list[tuple[str, Limit]], list[int]](self._ask, most=BATCH_MAX)

    async def take(self, name: RequestClass, visitor: str, address: str) -> Taken | None:
        """Take one request of a class. Return what is left, or None where nothing is limited.

        Raises:
            TooManyRequests: the visitor or the address has none left.
        """
        if not self.enabled:
            return None
        of_visitor, of_address = LIMITS[name]
        clients = [(_key(name, "address", client_block(address)), of_address)]
        if of_visitor is not None and visitor:
            clients.insert(0, (_key(name, "visitor", visitor), of_visitor))
        try:
            wait_ms, left = await self._asks.do(clients)
        except RedisError as why:
            log.info("limits not asked why=%s", type(why).__name__)
            return None
        taken = Taken(name, clients[0][1], left, wait_ms)
        if wait_ms > 0:
            raise TooManyRequests(
                f"too many requests of this kind: {name}",
                wait_s=math.ceil(wait_ms / 1000),
                headers=taken.headers(),
            )
        return taken

    async def _ask(self, requests: Sequence[list[tuple[str, Limit]]]) -> list[list[int]]:
        arguments: list[Any] = ["".join(str(len(clients)) for clients in requests)]
        for clients in requests:
            for key, limit in clients:
                arguments += [key, limit.interval_ms, limit.burst]
        try:
            return await self._evaluate(arguments)
        except NoScriptError:
            self._digest = await self._redis.script_load(GCRA)
            return await self._evaluate(arguments)

    async def _evaluate(self, arguments: list[Any]) -> list[list[int]]:
        return await cast(
            "Awaitable[list[list[int]]]", self._redis.evalsha(self._digest, 1, TAG, *arguments)
        )


def _key(name: RequestClass, kind: str, client: str) -> str:
    """Return the key of a client's bucket: it names neither visitor nor address."""
    digest = hashlib.sha256(f"{kind}\n{client}".encode(errors="surrogatepass")).hexdigest()
    return f"{TAG}:{name}:{digest[:24]}"
