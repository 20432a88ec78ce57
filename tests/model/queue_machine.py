"""A machine that asks the real line and the plain one the same, on real stores."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import asyncpg
import uvloop
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording.batch import Batch, fold
from booking_rush.booking.recording.recorder import CursorMovedError, Recorder
from booking_rush.lua import commands as lua
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.postgres import Pool
from booking_rush.queue.rules import rules_of
from tests.model.reference_queue import Line, Told
from tests.support.event_in_redis import EVENT, NOON
from tests.support.servers.stores import TEMPLATE, Store
from tests.support.world import new_event

NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")
VISITORS = st.sampled_from(NAMES)
STEPS_S = st.sampled_from([0, 0.1, 0.5, 1, 4, 11, 31, 61, -0.5, -3, -60])
RULES = {
    "rate_per_second": 2,
    "active_max": 3,
    "waiting_max": 5,
    "claim_seconds": 10,
    "late_seconds": 30,
    "late_max": 2,
    "pass_seconds": 60,
    "queue_from": 0,
}
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "rate_per_second": st.sampled_from([0, 0.5, 2, 7]),
        "active_max": st.integers(0, 4),
        "queue_from": st.integers(0, 2),
        "late_seconds": st.sampled_from([0, 30]),
        "waiting_max": st.integers(0, 6),
    },
)


class ClockedProgram(Program):
    """The program, with the hour that the machine says."""

    now_ms = NOON

    async def run(
        self, event: str, stamp: str, commands: Sequence[Any], *, now_ms: int | None = None
    ) -> list[Any]:
        return await super().run(event, stamp, commands, now_ms=self.now_ms)


class Lab:
    """The stores behind a machine, and one loop to ask them in."""

    def __init__(self, runner: asyncio.Runner, pool: Pool, redis: Redis) -> None:
        self.runner = runner
        self.pool = pool
        self.redis = redis
        self.text = assemble()
        self.recorder: type[Recorder] = Recorder

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)


@contextmanager
def laboratory(redis_server: Store, postgres_server: Store, name: str) -> Generator[Lab]:
    """A fresh database of this name, beside the shared Redis, and a loop to ask them in."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        url = postgres_server.url.replace("/rush?", f"/{name}?")

        async def begin() -> tuple[Pool, Redis]:
            connection = await asyncpg.connect(postgres_server.url)
            await connection.execute(f"DROP DATABASE IF EXISTS {name}")
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            await connection.close()
            return await asyncpg.create_pool(
                url, min_size=1, max_size=4, server_settings={"synchronous_commit": "off"}
            ), connect(redis_server.url)

        pool, redis = runner.run(begin())
        yield Lab(runner, pool, redis)
        runner.run(pool.close())
        runner.run(redis.aclose())


class LineMachine(RuleBasedStateMachine):
    """Every rule is asked of the real line and of the plain one."""

    lab: ClassVar[Lab]

    @initialize()
    def begin(self) -> None:
        self.line = Line(NOON, dict(RULES))
        self.kept = self.line.record()
        self.stale: tuple[int, str, Batch] | None = None
        self.version = 1
        self.program = ClockedProgram(self.lab.redis, self.lab.text)
        self.recorder = self._new_recorder()
        self.lab.run(self._begin())

    def _new_recorder(self) -> Recorder:
        return self.lab.recorder(self.lab.pool, self.lab.redis, self.program, "machine")

    async def _begin(self) -> None:
        for table in ("places", "recorded", "sections", "shows", "events"):
            await self.lab.pool.execute(f"DELETE FROM {table}")
        await self.lab.redis.flushall()
        await Catalogue(self.lab.pool).create(new_event(rules=RULES), who="machine")
        await self.lab.pool.execute("UPDATE events SET state = 'open'")
        await self.recorder.run_once()
        await self._look_around()

    async def _look_around(self) -> None:
        run_id, _ = await self.program.epochs([EVENT])
        self.epoch = await self.lab.pool.fetchval("SELECT epoch FROM recorded")
        self.stamp = f"{self.epoch}:{run_id}"

    def ask(self, command: lua.Command[Any]) -> Told:
        """What the real line answers, in the plain one's words."""
        return self.ask_all([command])[0]

    def ask_all(self, commands: Sequence[lua.Command[Any]]) -> list[Told]:
        replies = self.lab.run(self.program.run(EVENT, self.stamp, commands))
        return [self._said(reply) for reply in replies]

    def _said(self, reply: Any) -> Told:
        match reply:
            case line_commands.Waiting():
                return ("waiting", reply.number, not reply.entry, reply.ahead)
            case line_commands.Admitted():
                told = not reply.entry
                return ("admitted", reply.number, told, reply.wave, reply.deadline_ms)
            case line_commands.Late():
                return ("late", reply.number, not reply.entry)
            case _:
                return (lua.tag_of_type(type(reply).__name__),)

    @rule(visitor=VISITORS, recorded=st.booleans())
    def join(self, visitor: str, recorded: bool) -> None:
        assert self.ask(line_commands.JoinLine(visitor)) == self.line.join(visitor)
        if recorded:
            self.record()

    @rule(visitor=VISITORS)
    def leave(self, visitor: str) -> None:
        assert self.ask(line_commands.LeaveLine(visitor, "left")) == self.line.leave(visitor)

    @rule(visitor=VISITORS)
    def claim(self, visitor: str) -> None:
        assert self.ask(line_commands.ClaimPass(visitor, connecting=False)) == self.line.claim(
            visitor
        )

    @rule(visitor=VISITORS)
    def admit_by_hand(self, visitor: str) -> None:
        assert self.ask(line_commands.AdmitVisitor(visitor, "why")) == self.line.admit_by_hand(
            visitor
        )

    @rule(after_s=STEPS_S)
    def beat(self, after_s: float) -> None:
        self.line.now += int(after_s * 1000)
        self.program.now_ms = self.line.now
        advanced = self.lab.run(self.program.ask(EVENT, self.stamp, line_commands.AdmitNext()))
        assert advanced.admitted == self.line.beat()

    @rule(change=CHANGES, state=st.sampled_from(["open", "open", "paused", "draining"]))
    def change_rules(self, change: dict[str, float], state: lua.EventState) -> None:
        self.line.rules.update(change)
        self.line.state = state
        self._set_rules()

    def _set_rules(self) -> None:
        self.version += 1
        rules = rules_of(dict(self.line.rules))
        self.lab.run(self._keep_rules(rules))
        command = events_commands.SetRules(self.version, self.line.state, rules.numbers())  # type: ignore[arg-type]
        self.ask(command)
        for kept in (self.kept,):
            kept.rules, kept.state = dict(self.line.rules), self.line.state

    async def _keep_rules(self, rules: Any) -> None:
        import msgspec

        await self.lab.pool.execute(
            "UPDATE events SET rules = $1, state = $2, version = $3",
            msgspec.json.encode(rules).decode(),
            self.line.state,
            self.version,
        )

    @rule()
    def record(self) -> None:
        self.lab.run(self._record())
        self.kept = self.line.record()
        self.postgres_has_what_was_told()

    async def _record(self) -> None:
        self.recorder = self._new_recorder()
        newest: Any = await self.lab.redis.xrevrange(key(EVENT, self.epoch, "outbox"), count=1)
        while newest and (await self._cursor())[1] != newest[0][0].decode():
            await self.recorder.run_once()
        await self.recorder.run_once()

    @rule(one_is_stopped=st.booleans())
    def lose_redis_and_bring_back(self, one_is_stopped: bool) -> None:
        """Perhaps a recorder had a batch in hand, and wakes when everything is back."""
        if one_is_stopped:
            self.stop_a_recorder_with_a_batch_in_hand()
        self.lab.run(self.lab.redis.flushall())
        self._bring_back()
        if one_is_stopped and self.stale is not None:
            self.wake_the_stopped_recorder()

    @rule()
    def rebuild(self) -> None:
        self.kept = self.line.record()  # what the old epoch's outbox holds is drained first
        self._bring_back()

    def _bring_back(self) -> None:
        self.lab.run(self.recorder.rebuild(EVENT))
        self.lab.run(self._look_around())
        self.line = self.kept.brought_back(self.line.now)
        self.postgres_has_what_was_told()
        self.lab.run(self._take_over_deadlines())
        self.kept = self.line.record()

    async def _take_over_deadlines(self) -> None:
        """Deadlines are moved by the real time that nobody could use them: they never shrink."""
        for name, known in (("active", self.line.active), ("late", self.line.late)):
            for visitor, deadline in known.items():
                found = await self.lab.redis.zscore(key(EVENT, self.epoch, name), visitor)
                assert found is not None
                assert 0 <= found - deadline < 60_000
                known[visitor] = int(found)

    @rule()
    def stop_a_recorder_with_a_batch_in_hand(self) -> None:
        self.stale = self.lab.run(self._read_ahead())

    async def _read_ahead(self) -> tuple[int, str, Batch] | None:
        last = await self.lab.pool.fetchval("SELECT last FROM recorded")
        entries: Any = await self.lab.redis.xrange(key(EVENT, self.epoch, "outbox"), f"({last}")
        return (self.epoch, last, fold(entries)) if entries else None

    @precondition(lambda self: self.stale is not None)
    @rule()
    def wake_the_stopped_recorder(self) -> None:
        """It may commit what is still next; anything else it must find refused."""
        assert self.stale is not None
        (epoch, last, batch), self.stale = self.stale, None
        now = self.lab.run(self._cursor())
        try:
            self.lab.run(self.recorder.commit(EVENT, epoch, last, batch))
        except CursorMovedError:
            assert now != (epoch, last)
            return
        assert now == (epoch, last), "a stopped recorder wrote into another life"
        self.record()

    async def _cursor(self) -> tuple[int, str]:
        row = await self.lab.pool.fetchrow("SELECT epoch, last FROM recorded")
        assert row is not None
        return row["epoch"], row["last"]

    @invariant()
    def everybody_stands_where_the_plain_line_says(self) -> None:
        if not hasattr(self, "program"):
            return
        found = self.ask_all([line_commands.FindPlace(visitor) for visitor in NAMES])
        assert found == [self.line.look(visitor) for visitor in NAMES]

    def postgres_has_what_was_told(self) -> None:
        """Every place that may be told is in Postgres, under its number."""
        rows = self.lab.run(self.lab.pool.fetch("SELECT visitor, number FROM places"))
        kept = {(row["visitor"], row["number"]) for row in rows}
        told = {(v, n) for v, n in self.line.numbers.items() if n <= self.line.kept}
        assert told <= kept

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.lab.run(self.recorder.release())


def machine_for(lab: Lab) -> type[LineMachine]:
    return type("Machine", (LineMachine,), {"lab": lab})
