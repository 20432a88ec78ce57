"""Rights that our user of Redis needs, each tried by a call that changes nothing."""

from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from booking_rush.lua.keys import CHANNELS

KEY = "{booking-rush}:rights"  # no event has a key of this form
CHANNEL = "{booking-rush}:news"
NO_NEWS = b"\x90"  # an empty list of news
ANSWER_S = 2.0

# What clients and moves call. Where a right is there the call finds no such key, or is refused for
# its form, and does nothing.
CALLS: dict[str, tuple[Any, ...]] = {
    "ping": (),
    "info": ("server",),
    "time": (),
    "get": (KEY,),
    "set": (KEY, "", "XX"),
    "unlink": (KEY,),
    "rename": (KEY, KEY),
    "pexpire": (KEY, 1),
    "scan": (0, "COUNT", 1),
    "hget": (KEY, "f"),
    "hmget": (KEY, "f"),
    "hgetall": (KEY,),
    "hkeys": (KEY,),
    "hvals": (KEY,),
    "hset": (KEY, "f", "v", "f without v"),
    "hdel": (KEY, "f"),
    "hscan": (KEY, 0),
    "zadd": (KEY, "XX", 0, "m"),
    "zrem": (KEY, "m"),
    "zcard": (KEY,),
    "zcount": (KEY, 0, 0),
    "zrange": (KEY, 0, 0),
    "zrangebyscore": (KEY, 0, 0),
    "zremrangebyrank": (KEY, 0, 0),
    "xadd": (KEY, "NOMKSTREAM", "*", "f", "v"),
    "xrange": (KEY, "-", "+"),
    "xrevrange": (KEY, "+", "-"),
    "xread": ("STREAMS", KEY, "0"),
    "xtrim": (KEY, "MAXLEN", 0),
    "publish": (CHANNEL, NO_NEWS),
    "evalsha": ("0" * 40, 1, KEY),
    "script|load": ("return 0",),
}
SUBSCRIPTIONS = ("psubscribe", "punsubscribe")


async def missing_rights(redis: Redis) -> str:
    """Return in words what the user of this connection may not do; empty where nothing is missing.

    Raises:
        RedisError: Redis did not answer.
    """
    commands = dict[str, str]()
    pipeline = redis.pipeline(transaction=False)
    for name, arguments in CALLS.items():
        pipeline.execute_command(*name.upper().split("|"), *arguments)
    replies = await pipeline.execute(raise_on_error=False)
    for name, reply in zip(CALLS, replies, strict=True):
        if isinstance(reply, NoPermissionError):
            commands[name] = str(reply)
        elif isinstance(reply, RedisError) and not isinstance(reply, ResponseError):
            raise reply
    if why := await _refused_subscription(redis):
        commands[SUBSCRIPTIONS[0]] = why
    return _in_words(commands)


async def _refused_subscription(redis: Redis) -> str:
    """Return why Redis lets us not subscribe; empty where it does."""
    async with redis.pubsub() as pubsub:
        await pubsub.psubscribe(CHANNELS)
        try:
            await cast("Any", pubsub).parse_response(block=True, timeout=ANSWER_S)
        except NoPermissionError as error:
            return str(error)
    return ""


def _in_words(refused: dict[str, str]) -> str:
    """Return the refused commands, and the patterns of keys and channels where these are it."""
    commands = [f"+{name}" for name, why in refused.items() if "command" in why]
    others = [why for why in refused.values() if "command" not in why]
    patterns = {f"&{CHANNELS}" if "channel" in why else "~{*}*" for why in others}
    wanted = [*commands, *sorted(patterns)]
    if not wanted:
        return ""
    return f"its user lacks rights, give it {' '.join(wanted)} (docs/redis.md has them all)"
