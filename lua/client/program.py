"""Program that Redis runs: the library, every move, and the loop over a batch, as one script."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, Union, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from booking_rush.errors import Recovering
from booking_rush.lua.client.connection import leave_replica
from booking_rush.lua.client.moves import COMMANDS, REPLIES
from booking_rush.lua.cluster.cluster_client import ELSEWHERE, by_primary, first_of
from booking_rush.lua.commands import Command, Failed, NotReady, Reply, tag_of_type
from booking_rush.lua.keys import epoch_key, tag_of
from booking_rush.tracing import spans
from booking_rush.tracing.packed_contexts import pack

R = TypeVar("R")

LUA = Path(__file__).parents[1]
LIBRARY = LUA / "library"
PRELUDE = "prelude"
BEGINS = (
    "memory", "outgoing", "flush", "rules", "lobby", "deferrals", "line", "places",
    "turns", "in_force", "codes", "proofs", "shares", "releases", "seats", "best", "carts",
    "past_holds", "holds",
)  # fmt: skip
ENDS = ("loop",)
FRAME = (PRELUDE, *BEGINS, *ENDS)
FILES = {path.stem: path for path in sorted(LUA.rglob("*.lua"))}
MOVES = tuple(name for name, path in sorted(FILES.items()) if LIBRARY not in path.parents)

_encode = msgspec.msgpack.Encoder().encode
_replies = cast("Any", list)[cast("Any", Union)[REPLIES]]
_decode: Callable[[bytes], list[Reply]] = msgspec.msgpack.Decoder(_replies).decode


# How Redis begins to say that it cannot serve just now. Out of a script comes the same, behind the
# place in the script where it was said.
REFUSALS = (
    "OOM", "MISCONF", "READONLY", "NOREPLICAS", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN",
)  # fmt: skip
_refusal = re.compile(rf"(?:@?user_script:\s*\d+:\s*)?-?({'|'.join(REFUSALS)})\b")


class MoveFailedError(Exception):
    """Error that a move raised in Lua, a mistake of ours; other commands of the batch were done."""


class RedisRefusedError(RedisError):
    """Redis refuses to write just now, by one of REFUSALS: it is away, and the move did nothing."""

    def __init__(self, why: str, word: str) -> None:
        super().__init__(why)
        self.word = word


def error_of(failed: Failed) -> MoveFailedError | RedisRefusedError:
    """Return the error of a move that failed: a mistake of ours, or a refusal of Redis itself."""
    refused = _refusal.match(failed.why)
    return RedisRefusedError(failed.why, refused[1]) if refused else MoveFailedError(failed.why)


def text_of(name: str) -> str:
    """Return the Lua text of a move or of a file of the library."""
    return FILES[name].read_text()


def assemble() -> str:
    """Return the program's text: a function that is made once, and runs batch after batch.

    To make all its functions takes Redis some 50 µs, as long as to hold a seat. So the script keeps
    them where only it looks: in the environment of its own function, which Redis 6 keeps by digest.
    Redis 7 has no environments; there the functions are made for each batch.

    A file of the library is a block: what it declares as local is its own, and does not count to
    the 200 locals that Lua allows. What it assigns at its top without that word is shared.
    """
    library = [text_of(name) for name in BEGINS]
    shared = [name for text in library for found in _shared(text) for name in found.split(", ")]
    blocks = [f"do\n{text}\nend" for text in library]
    moves = [f"texts.{name} = function()\n{text_of(name)}\nend\n" for name in MOVES]
    parts = [text_of(PRELUDE), f"local {', '.join(shared)}", *blocks, "local texts = {}", *moves]
    return "\n".join([MADE_ONCE, *parts, _visitors(), *map(text_of, ENDS), END])


def _visitors() -> str:
    """Return the Lua text that says where a command has its visitor, if it names one.

    A command is unpacked behind the place where the next one begins and the name of its move.
    """
    fields = {tag_of_type(one.__name__): one.__struct_fields__ for one in COMMANDS}
    at = [
        f"{name} = {names.index('visitor') + 3}"
        for name, names in fields.items()
        if "visitor" in names
    ]
    return f"local VISITOR_AT = {{ {', '.join(at)} }}"


def _shared(text: str) -> list[str]:
    """Return what a file of the library shares: names, or several with commas between."""
    return [function or names for function, names in _assigned(text)]


_assigned = re.compile(r"^(?:function (\w+)\(|(\w+(?:, \w+)*) = )", re.MULTILINE).findall


MADE_ONCE = """
local has_environments = pcall(function() return getfenv and setfenv end)
local kept = has_environments and rawget(getfenv(1), "program")
if kept then return kept() end
local program = (function()
"""

END = """
end)()
if has_environments then
  setfenv(1, setmetatable({ program = program }, { __index = getfenv(1) }))
end
return program()
"""


class FoundEpoch(NamedTuple):
    """Epoch of an event as its Redis has it: `<n>:<run id>`, `<n>:closed`, or empty for none.

    `run_id` is that Redis' own; it is empty where the Redis did not answer.
    """

    run_id: str
    stamp: str

    def is_open(self, number: int) -> bool:
        """Return whether it is the epoch of this number, opened in this Redis."""
        return self.stamp == f"{number}:{self.run_id}"


NO_EPOCH = FoundEpoch("", "")


class Program:
    """Program as one Redis runs it, batch by batch."""

    def __init__(self, redis: Redis, text: str | None = None) -> None:
        self._redis = redis
        self._text = text or assemble()
        self._digest = ""

    async def epochs(self, events: Sequence[str]) -> list[FoundEpoch]:
        """Read the epoch of each event. Return them in this order.

        A key that is no text counts as none: it is that event's trouble alone. So does a primary of
        a cluster that does not answer, or a slot that is on its way to another.

        Raises:
            RedisError: Redis did not answer, or of a cluster no primary.
        """
        parts = await by_primary(self._redis, [epoch_key(event).encode() for event in events])
        reading = [_read_epochs(node, [events[one] for one in part]) for node, part in parts]
        answers = await asyncio.gather(*reading, return_exceptions=True)
        found = [NO_EPOCH] * len(events)
        if answers:
            first_of(answers)
        for (_, part), answer in zip(parts, answers, strict=True):
            if not isinstance(answer, BaseException):
                for one, epoch in zip(part, answer, strict=True):
                    found[one] = epoch
        return found

    async def run(
        self, event: str, stamp: str, commands: Sequence[Command[R]], *, now_ms: int | None = None
    ) -> list[R | Failed]:
        """Carry out commands in order, each atomically. Return one reply a command.

        `stamp` is the epoch that the caller expects, `<n>:<run id>`. The time is that of Redis,
        one for all processes, unless a test passes `now_ms`. The contexts of the batch's traces go
        into its outbox entry.

        Raises:
            Recovering: the event's epoch, or this Redis, is another; nothing was done.
            RedisError: the answer was lost; the commands may have been carried out.
        """
        batch = [_encode(commands), *pack(spans.contexts())]
        replies = _decode(await self._evaluate(tag_of(event), stamp, now_ms, batch))
        if any(isinstance(reply, NotReady) for reply in replies):
            raise Recovering(f"{event} is not ready in epoch {stamp}")
        if any(isinstance(reply, Failed) and _is_of_replica(reply) for reply in replies):
            await leave_replica(self._redis)
        return cast("list[R | Failed]", replies)

    async def ask(
        self, event: str, stamp: str, command: Command[R], *, now_ms: int | None = None
    ) -> R:
        """Carry out one command. Return its reply.

        Raises:
            Recovering, RedisError: as `run`.
            RedisRefusedError: Redis refuses to write just now; nothing was done.
            MoveFailedError: the move raised an error.
        """
        [reply] = await self.run(event, stamp, [command], now_ms=now_ms)
        if isinstance(reply, Failed):
            raise error_of(reply)
        return reply

    async def _evaluate(
        self, tag: str, stamp: str, now_ms: int | None, batch: Sequence[bytes]
    ) -> bytes:
        now = "" if now_ms is None else now_ms

        async def call() -> bytes:
            reply = self._redis.evalsha(self._digest, 1, tag, stamp, now, *batch)
            return await cast("Awaitable[bytes]", reply)

        try:
            return await call()
        except NoScriptError:
            self._digest = await self._redis.script_load(self._text)
            return await call()


async def _read_epochs(redis: Redis, events: Sequence[str]) -> list[FoundEpoch]:
    """Read the epochs of events that one Redis has.

    Raises:
        RedisError: it did not answer.
    """
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("server")
    for event in events:
        pipeline.get(epoch_key(event))
    info, *epochs = await pipeline.execute(raise_on_error=False)
    for found in (info, *epochs):
        if isinstance(found, Exception) and not _is_of_one_key(found):
            raise found
    return [FoundEpoch(str(info["run_id"]), _text_of(epoch)) for epoch in epochs]


def _is_of_replica(failed: Failed) -> bool:
    refused = _refusal.match(failed.why)
    return refused is not None and refused[1] == "READONLY"


def _is_of_one_key(error: Exception) -> bool:
    return isinstance(error, ELSEWHERE) or (
        isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")
    )


def _text_of(found: Any) -> str:
    return found.decode(errors="replace") if isinstance(found, bytes) else ""
