"""One event in Redis whose outbox becomes a journal at once, on a clock that the test sets."""

from typing import Any

import msgspec
from redis.asyncio import Redis

from booking_rush.booking.history.entries import Act, rule_act, state_act
from booking_rush.booking.recording.batch import fold, read
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import EventState
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import AdmitVisitor, ClaimPass, JoinLine, LeaveLine
from booking_rush.lua.recovery.commands import MarkRecorded
from booking_rush.queue.rules import rules_of
from tests.support.event_in_redis import EVENT, EventInRedis


class JournaledLine(EventInRedis):
    """The event, and the acts of its journal: what is set, and what its outbox has, in order."""

    def __init__(self, program: Program, redis: Redis) -> None:
        super().__init__(program)
        self.acts: list[Act] = []
        self._redis = redis
        self._read_to = "-"
        self._version = 1
        self._state: EventState = "open"
        self._rules: dict[str, Any] = {}
        self._stops: dict[str, float] = {}

    async def begin(self, **rules: Any) -> "JournaledLine":
        self.acts.append(rule_act(msgspec.to_builtins(rules_of(rules)), by="tests"))
        await self.open(**{name: value for name, value in rules.items() if name != "lanes"})
        self._rules = rules
        await self._push()
        return self

    async def set_rules(self, **rules: Any) -> None:
        """Set some rules as an operator does, in the journal first."""
        await self.read_outbox()
        self._rules |= rules
        self.acts.append(rule_act(rules, by="tests"))
        await self._push()

    async def set_state(self, state: EventState, *, is_stopped: bool = False) -> None:
        await self.read_outbox()
        self._state = state
        self._stops = {"stopped_at": float(self.now)} if is_stopped else {}
        self.acts.append(state_act("stopped" if is_stopped else state, by="tests"))
        await self._push()

    async def _push(self) -> None:
        rules = rules_of(self._rules)
        self._version += 1
        numbers = {"stopped_at": 0.0, **rules.numbers(), **self._stops}
        await self.ask(SetRules(self._version, self._state, numbers, rules.lanes))

    async def join_lane(self, lane: str, *visitors: str, recorded: bool = True) -> None:
        for visitor in visitors:
            place: Any = await self.ask(JoinLine(visitor, lane=lane))
            if recorded:
                await self.read_outbox()  # what is recorded is trimmed
                entry = place.entry.rpartition(":")[2]
                await self.ask(MarkRecorded(entry, {lane: place.number}))

    async def leave(self, visitor: str, reason: str = "left", by: str = "") -> Any:
        return await self.ask(LeaveLine(visitor, reason, by))

    async def confirm(self, *visitors: str) -> None:
        for visitor in visitors:
            await self.ask(ClaimPass(visitor, connecting=False))

    async def admit_by_hand(self, visitor: str) -> None:
        await self.ask(AdmitVisitor(visitor, "tests: a wheelchair"))

    async def ticks(self, count: int, *, every_s: float = 0.1) -> int:
        """Run so many ticks. Return how many they admitted."""
        return sum([await self.tick(after_s=every_s) for _ in range(count)])

    async def are(self, what: str) -> list[str]:
        """Return the visitors whose last act is this one."""
        await self.read_outbox()
        last = {one.visitor: one.what for one in self.acts if one.visitor}
        return [visitor for visitor, found in last.items() if found == what]

    async def read_outbox(self) -> list[Act]:
        """Add what the outbox has since. Return all acts."""
        found: Any = await self._redis.xrange(key(EVENT, 1, "outbox"), min=self._read_to)
        if found:
            self._read_to = f"({found[-1][0].decode()}"
            self.acts += fold(read(found)).acts
        return self.acts
